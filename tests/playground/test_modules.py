"""Modules of the page that compute: asked in a browser, without a service."""

import base64
from pathlib import Path

import numpy as np
import pytest

import punchin.web
from punchin.loudness import ungated_lufs
from support.songs import made_song

pytestmark = pytest.mark.slow

PAGE = Path(punchin.web.__file__).parent / "playground"
HOST = "http://modules.invalid"
TYPES = {".js": "text/javascript"}


@pytest.fixture(scope="module")
def asked(browser):
    """Runs a function of the page with what it imports: asked("parts.js", "(parts, told) => ...", told)."""
    page = browser.new_page()

    def given(route):
        path = PAGE / route.request.url.removeprefix(f"{HOST}/")
        if path.is_file():
            route.fulfill(body=path.read_bytes(), content_type=TYPES[path.suffix])
        else:
            route.fulfill(body="<!doctype html><title>Modules</title>", content_type="text/html")

    page.route("**/*", given)
    page.goto(HOST)

    def ask(module, function, told=None):
        script = f"async (told) => ({function})(await import('{HOST}/modules/{module}'), told)"
        return page.evaluate(script, told)

    yield ask
    page.close()


@pytest.mark.parametrize("rate_hz", [22_050, 44_100, 48_000, 96_000])
def test_levels_are_those_of_the_core_whatever_the_pieces(asked, rate_hz):
    song = made_song(3, rate_hz)
    found = asked("loudness.js", LEVEL, {"rate": rate_hz, "samples": [_packed(one) for one in song.samples]})
    # A bilinear transform bends the filters a little at other rates than 48 kHz.
    assert found == pytest.approx([ungated_lufs(song)] * 2, abs=0.1)
    assert found[0] == pytest.approx(found[1], abs=1e-9)


LEVEL = """({ Meter }, { rate, samples }) => [7e9, 12345].map((piece) => {
  const channels = samples.map((text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
    return new Float32Array(bytes.buffer)
  })
  const meter = new Meter(rate)
  for (let at = 0; at < channels[0].length; at += piece) {
    meter.add(channels.map((each) => each.subarray(at, at + piece)))
  }
  return meter.loudness
})"""


def _packed(samples):
    return base64.b64encode(np.ascontiguousarray(samples, "<f4").tobytes()).decode()


def test_one_channel_counts_on_both_loudspeakers(asked):
    song = made_song(2, 48_000, channels=1)
    both = np.repeat(song.samples, 2, axis=0)
    for samples in (song.samples, both):
        told = {"rate": 48_000, "samples": [_packed(one) for one in samples]}
        assert asked("loudness.js", LEVEL, told)[0] == pytest.approx(ungated_lufs(song) + 3.01, abs=0.02)


DRAFT = {
    "song": "http://here/files/song.wav", "fromEnd": False, "takes": 2, "engine": "auto", "format": "flac",
    "start": 20, "end": 24.5, "tags": ["lofi", "piano"], "lyrics": "", "instrumental": True, "seed": 7,
    "locked": True, "options": {"variance": 0.5},
    "others": [
        {"start": 3, "end": 4, "tags": ["rock"], "lyrics": "la la", "instrumental": False, "seed": 8,
         "locked": True, "options": {}},
    ],
}  # fmt: skip


def test_a_request_of_several_parts_is_read_back_as_it_was_written(asked):
    body, again = asked("request.js", WRITTEN, {"draft": DRAFT, "duration": 60, "most": 0})
    assert [edit["start_time"] for edit in body["edits"]] == [3, 20]
    assert body["edits"][1] | {"variance": 0.5, "lyrics": "[inst]"} == body["edits"][1]
    assert "variance" not in body["edits"][0]
    assert "tags" not in body
    first, second = DRAFT["others"][0], {name: DRAFT[name] for name in DRAFT["others"][0]}
    assert again == DRAFT | first | {"others": [second]}


def test_times_beyond_the_limit_are_counted_from_the_end_in_each_part(asked):
    body, again = asked("request.js", WRITTEN, {"draft": DRAFT, "duration": 25, "most": 10})
    assert body["edits"][1]["start_time"] == 5
    assert body["edits"][1]["start_time_relative_to"] == "end"
    assert "start_time_relative_to" not in body["edits"][0]
    assert again["others"][0]["start"] == 20


def test_seeds_that_the_service_drew_are_those_of_the_draft(asked):
    edits = [{"start_time": 9, "end_time": 10}, {"start_time": 1, "end_time": 2, "seed": 5}]
    told = {"audio": "a", "tags": "x; y", "seed": -1, "edits": edits}
    found = asked("request.js", "({ draftOf }, told) => draftOf(told, 60, [11, 12])", told)
    assert (found["start"], found["seed"], found["tags"]) == (1, 5, ["x", "y"])
    assert [other["seed"] for other in found["others"]] == [12]


WRITTEN = """({ requestOf, draftOf }, { draft, duration, most }) => {
  const body = requestOf(draft, duration, most)
  return [body, draftOf(body, duration)]
}"""


def test_one_part_is_asked_for_in_the_hosted_apis_own_words(asked):
    body, _ = asked("request.js", WRITTEN, {"draft": DRAFT | {"others": []}, "duration": 60, "most": 0})
    assert "edits" not in body
    assert (body["tags"], body["start_time"], body["end_time"], body["seed"]) == ("lofi, piano", 20, 24.5, 7)


def test_a_new_part_never_overlaps_and_never_leaves_the_song(asked):
    assert asked("parts.js", FILLED) == []


FILLED = """({ roomFor, clashOf, partsOf, withParts, chosenOf }) => {
  const wrong = []
  for (const duration of [0.5, 9, 31.45, 600]) {
    for (const [start, end] of [[0, 0.2], [0.1, 0.4], [3, 7], [20, 24], [28, 31.45], [0, 600]]) {
      if (end > duration) continue
      let draft = { start, end, tags: ["a"], others: [] }
      for (let more = 0; more < 40; more += 1) {
        const room = roomFor(draft, duration)
        if (!room) break
        const { start, end, others } = draft
        draft = { ...draft, ...room, others: [...others, { start, end, tags: [] }] }
        const parts = partsOf(draft)
        const inside = parts.every(({ start, end }) => 0 <= start && start < end && end <= duration + 0.0005)
        if (clashOf(draft) || !inside) wrong.push([duration, start, end, more, room])
        const at = chosenOf(draft)
        if (parts[at].start !== draft.start) wrong.push(["chosen", at])
        const back = withParts(parts, at)
        if (back.start !== draft.start || back.others.length !== draft.others.length) wrong.push(["back", at])
      }
    }
  }
  return wrong
}"""


def test_parts_that_overlap_are_named(asked):
    told = {"start": 5, "end": 8, "others": [{"start": 1, "end": 2}, {"start": 7.9, "end": 9}]}
    assert "parts 2 and 3 overlap" in asked("parts.js", "({ clashOf }, told) => clashOf(told)", told)


def test_an_outline_that_is_still_coming_shows_the_rough_one(asked):
    shown = asked("outlines.js", GROWN)
    assert shown[0] == [[-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5], [-0.5, 0.5]]
    assert shown[1] == [[-0.25, 0.25], [-0.25, 0.25], [-0.5, 0.5], [-0.5, 0.5]]
    assert shown[2] == [[-0.25, 0.25]] * 4


GROWN = """async ({ readOutline, Outline }) => {
  const rough = new Outline(1, 2)
  rough.low.fill(-0.5)
  rough.high.fill(0.5)
  const line = new TextEncoder().encode('{"per_s": 2, "count": 4}\\n')
  const half = new Uint8Array(new Int16Array([-8192, 8192, -8192, 8192]).buffer)
  const body = new ReadableStream({
    start(out) {
      for (const piece of [line, half, half]) out.enqueue(piece)
      out.close()
    },
  })
  const shown = []
  const look = (outline) => shown.push([...outline.low].map((low, at) => [low, outline.high[at]]))
  await readOutline({ body }, 2, look, rough)
  return shown
}"""

"""What goes wrong: reloads, restarts, bad files, lost connections, wrong keys; nothing is lost, all said."""

import base64

import pytest

from support.playground import LONG_MS, wait_for
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow

WORKING = "#job:not([hidden])"


def _records_a_second(someone, tags):
    """Somebody who has sent a second of the demo song to the engine that does as it is told."""
    person = someone()
    person.opens()
    person.takes_demo()
    person.sets_part("0:05", "0:06")
    person.asks(tags, engine="unruly")
    person.records()
    return person


def test_a_reload_finds_the_job_again(someone, tmp_path):
    flag = tmp_path / "go"
    person = _records_a_second(someone, f"until {flag}")
    person.page.wait_for_selector(WORKING)
    person.page.reload()
    person.page.wait_for_selector(WORKING)
    assert person.value("#start") == "0:05.000"
    flag.touch()
    person.has_takes(1)
    person.is_content()


def test_a_job_is_cancelled(someone):
    person = _records_a_second(someone, "wait 100")
    person.sees("#job-percent", "%")
    person.page.click("#job-cancel")
    person.page.wait_for_selector("#job", state="hidden")
    person.sees("#live", "Cancelled")
    assert person.page.get_attribute("#submit", "aria-disabled") == "false"
    person.is_content()


def test_a_job_that_fails_says_why(someone):
    person = someone()
    person.opens()
    person.takes_demo()
    person.asks("fail", engine="unruly")
    person.records()
    person.sees("[data-field=request] .error", "asked to")
    person.page.fill("#end", "5:00")
    person.page.press("#end", "Enter")
    person.sees("[data-field=end] .error", "0:31.450 long")
    assert person.page.get_attribute("#end", "aria-invalid") == "true"
    person.is_content()


def test_a_bad_file_is_refused_in_words(someone, tmp_path):
    bad = tmp_path / "letter.mp3"
    bad.write_text("Dear reader, this is no music at all.")
    person = someone()
    person.opens()
    person.uploads(bad)
    person.page.locator("#empty .error").wait_for()
    assert "letter.mp3" in person.text("#empty .error")
    person.page.fill("#address", "http://127.0.0.1:1/song.mp3")
    person.page.press("#address", "Enter")
    person.page.locator("#address-form .error").wait_for()
    assert person.page.is_visible("[data-do=demo]")
    good = wav_of(made_song(3), tmp_path / "good.wav")
    person.page.evaluate(DROPPED, base64.b64encode(good.read_bytes()).decode())
    person.has_song()
    person.sees("#song-name", "good.wav")
    person.is_content()


DROPPED = """(content) => {
  const bytes = Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
  const dataTransfer = new DataTransfer()
  dataTransfer.items.add(new File([bytes], "good.wav"))
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }))
}"""


def test_a_restart_of_the_server_is_lived_through(someone, served, tmp_path):
    flag = tmp_path / "go"
    person = _records_a_second(someone, f"report {flag}")
    person.sees("#job-percent", "%", LONG_MS)
    served.stop()
    person.page.wait_for_selector("#lost:not([hidden])")
    flag.touch()
    served.start()
    person.page.wait_for_selector("#lost", state="hidden", timeout=LONG_MS)
    person.has_takes(1)
    person.is_content()


def test_a_key_is_asked_for(someone, served):
    person = someone()
    with served.api() as api:
        key = api.headers["Authorization"].removeprefix("Bearer ")
    person.page.route("**/v1/welcome", lambda route: route.fulfill(status=404, body="{}"))
    person.page.goto(person.base)
    person.page.wait_for_selector("#key[open]")
    person.page.fill("#key-text", "not-the-key-of-anybody")
    person.page.keyboard.press("Enter")
    person.sees("#key .error", "does not know")
    person.page.fill("#key-text", key)
    person.page.keyboard.press("Enter")
    person.page.wait_for_selector("#key:not([open])", state="attached")
    person.takes_demo()
    assert key not in person.page.url
    person.is_content()


def test_an_upload_goes_on_where_it_broke_off(someone, served, tmp_path):
    song = wav_of(made_song(60, 48_000), tmp_path / "song.wav")
    person = someone()
    person.opens()
    seen = []

    def door(route):
        offset = int(route.request.headers["upload-offset"])
        seen.append(offset)
        if len(seen) == 2:
            route.abort()
        else:
            route.continue_()

    person.page.route(
        "**/v1/uploads/*", lambda route: door(route) if route.request.method == "PATCH" else route.continue_()
    )
    person.uploads(song)
    person.has_song()
    assert seen[0] == 0
    assert seen[1] == seen[2] > 0
    with served.api() as api:
        address = person.page.evaluate("JSON.parse(localStorage['punchin.draft']).song")
        told = wait_for(lambda: api.get("/v1/sounds/about", params={"of": address}).json())
    assert told["bytes"] == song.stat().st_size
    person.is_content()

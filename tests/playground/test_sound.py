"""What the page plays is what the files hold: recorded behind the page's back, compared sample by sample."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

pytestmark = pytest.mark.slow

START_S, END_S, ROLL_S = 5.0, 11.0, 2.0
SWITCHES = 3
SWITCH_FRAMES = 400
"""A switch is a crossfade of 6 ms, and some blocks may pass until the gain begins to move."""
QUANTUM, LATE = 128, 2
"""What Web Audio renders at once; a busy machine may record this many of them at the wrong time."""
EXACT = 1e-7
"""Of full scale: what a gain of 1 and a start between two frames of rounding leave."""


def test_original_and_takes_are_played_sample_for_sample_in_step(someone, served):
    person = someone(script=(Path(__file__).parent / "tap.js").read_text(), bypass_csp=True)
    page = person.page
    person.opens()
    person.takes_demo()
    person.sets_part(f"0:{START_S}", f"0:{END_S}")
    person.asks("rock", takes=2)
    person.records()
    person.has_takes(2)
    person.plays()
    for number in ("0", "2", "1"):
        person.until(IN_THE_NEW_PART, [START_S + 0.4, END_S - 2.5])
        page.keyboard.press(number)
        person.waits(1)
    told = page.evaluate("whatWasHeard()")
    person.is_content()

    files = _files_of_the_last_job(served, told["rate"])
    heard = np.frombuffer(base64.b64decode(told["samples"]), np.float32)
    at = _where_it_begins(heard, files)
    heard = heard[at:]
    missed = np.isnan(heard)
    assert missed.mean() < 0.05, "this machine is too busy to record on"
    loop = files[:, np.arange(len(heard)) % files.shape[1]]
    which = (np.abs(loop - heard) < EXACT) | missed
    _every_frame_is_of_one_of_them(which)
    order = _order(which)
    assert order == [1, 0, 2, 1]


IN_THE_NEW_PART = """([from, to]) => {
  const [minutes, seconds] = document.querySelector("#position").textContent.split(":").map(Number)
  return minutes * 60 + seconds > from && minutes * 60 + seconds < to
}"""


def _files_of_the_last_job(served, rate):
    """`[3, N]`: the first channel of original and takes in the loop, as the core decodes them."""
    start, end = round((START_S - ROLL_S) * rate), round((END_S + ROLL_S) * rate)
    with served.api() as api:
        job = api.get("/v1/jobs", params={"page_size": 1}).json()["items"][0]
        songs = []
        for address in (job["request"]["audio"], *(output["url"] for output in job["outputs"])):
            window = {"of": address, "start": start, "frames": end - start}
            wav = api.get("/v1/sounds/frames", params=window).content
            songs.append(soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)[0][:, 0])
    return np.stack(songs)


def _where_it_begins(heard, files):
    """The frame where the loop was begun: the take is heard first, and its region is like nothing else."""
    first = np.flatnonzero(np.nan_to_num(heard))[0]
    take = files[1]
    size = 1 << int(np.ceil(np.log2(len(heard) + len(take))))
    alike = np.fft.irfft(np.fft.rfft(np.nan_to_num(heard), size) * np.conj(np.fft.rfft(take, size)), size)
    near = np.argmax(alike[: first + len(take) // 2])
    return int(near)


def _every_frame_is_of_one_of_them(which):
    strange = np.flatnonzero(~which.any(axis=0))
    apart = np.split(strange, np.flatnonzero(np.diff(strange) > SWITCH_FRAMES) + 1) if len(strange) else []
    runs = [(int(run[0]), int(run[-1]) + 1 - int(run[0])) for run in apart]
    late = [run for run in runs if run[1] <= QUANTUM]
    assert len(runs) - min(len(late), LATE) <= SWITCHES, runs
    assert all(length <= SWITCH_FRAMES for _, length in runs), runs


def _order(which):
    """Which was heard, one after the other, where they differ."""
    only = which & (which.sum(axis=0) == 1)
    order = []
    blocks = only[:, : only.shape[1] // 4800 * 4800].reshape(3, -1, 4800).mean(axis=2)
    for block in blocks.T:
        if block.max() > 0.9 and (not order or order[-1] != block.argmax()):
            order.append(int(block.argmax()))
    return order

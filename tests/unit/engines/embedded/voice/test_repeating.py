"""The same seed is the same bytes, though Pico begins with memory it has not set."""

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import soundfile
from threadpoolctl import threadpool_limits

import punchin
from punchin.edits import Edit
from punchin.engines.embedded.voice.languages import LANGUAGES
from punchin.engines.embedded.voice.speaking import INSTALL, can_speak, speak
from punchin.region import Region
from support.songs import made_song

RATE_HZ = 22_050
TESTS = next(folder for folder in Path(__file__).parents if folder.name == "tests")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_speak(), reason=f"py-nanotts is not installed: {INSTALL}"),
]


def taken(lyrics):
    """What an edit with lyrics sounds like, as a hash, and which lines are sung in it."""
    edit = Edit(region=Region.parse(8, 13), tags=("pop", "female vocals"), lyrics=lyrics, seed=5)
    with TemporaryDirectory() as folder:
        song = Path(folder, "song.wav")
        soundfile.write(song, made_song(20.0, RATE_HZ).samples.T, RATE_HZ, subtype="FLOAT")
        take = punchin.edit_all(song, [edit], engine="embedded", output=Path(folder, "made.wav"))
        made = sha256(soundfile.read(take.path, dtype="float32")[0].tobytes()).hexdigest()
        return f"{made} {len(take.punches[0].chosen.filling.lyrics_used)}"


@pytest.mark.parametrize("threads", [1, 3])
def test_edits_in_one_process_and_in_another_with_other_threads_are_the_same_bytes(threads):
    lyrics = "Hold me in the morning light"
    code = f"from {__name__.rpartition('.')[2]} import taken; print(taken({lyrics!r}))"
    fresh = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parent,
        env={
            **os.environ,
            "PYTHONPATH": f"{Path(__file__).parent}:{TESTS}",
            "OPENBLAS_NUM_THREADS": str(threads),
        },
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with threadpool_limits(2, user_api="blas"):
        first = taken(lyrics)
        other = taken("Quiero vivir contigo esta noche")
        again = taken(lyrics)
    assert fresh == first == again
    assert first.endswith(" 1")
    assert other != first


@pytest.mark.parametrize("code", list(LANGUAGES))
def test_every_voice_says_the_same_whatever_it_said_before(code):
    language = LANGUAGES[code]
    lines = [language.words(line) for line in ("la luna mi amore", "no la vi", "in der Nacht und toi")]
    [alone] = speak(lines[1:2], language.voice)
    among = speak([*lines, lines[1]], language.voice)
    assert (alone == among[1]).all()
    assert (alone == among[3]).all()

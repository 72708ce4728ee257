"""Real songs, edited in several places and formats; another decoder checks the promise."""

import av
import numpy as np
import pytest
import soundfile

import punchin
from support.songs import SHARED_AUDIO, needs_shared

pytestmark = [needs_shared, pytest.mark.shared, pytest.mark.slow]

SONGS = [
    "funkyrobot.mp3",
    "lena.mp3",
    "lena.wav",
    "war_of_freedom_song.ogg",
    "coherence.ogg",
    "hr3_caves.ogg",
    "frozen_bubble_intro.ogg",
    "on_the_run.ogg",
]
PLACES = [("0", "3"), ("4.321", "7.9"), ("end-3.5", "end")]


def decoded(path):
    """All samples `[N, C]` as FFmpeg decodes them, not as we do."""
    with av.open(str(path)) as file:
        blocks = [frame.to_ndarray() for frame in file.decode(audio=0)]
    channels = 1 if blocks[0].ndim == 1 else blocks[0].shape[0]
    return np.concatenate([block.reshape(channels, -1) for block in blocks], axis=1)


@pytest.mark.parametrize("place", PLACES, ids=["start", "middle", "end"])
@pytest.mark.parametrize("name", SONGS)
def test_a_real_song_is_the_same_outside(name, place, tmp_path):
    ending = "mp3" if name.endswith("mp3") else "wav" if name.endswith("wav") else "flac"
    take = punchin.edit(SHARED_AUDIO / name, *place, engine="tone", seed=3, output=tmp_path / f"out.{ending}")
    assert take.untouched
    verdict = punchin.verify(SHARED_AUDIO / name, take.path, take.receipt_path)
    assert verdict.holds, verdict.problems
    punch = take.receipt.punches[0]
    with punchin.open_song(SHARED_AUDIO / name) as song:
        original = song.read(punchin.Frames(punch.start_frame, punch.end_frame))
    # Where a song has ended already, the tone is as silent as the song.
    assert verdict.changes or np.abs(original.samples).max() < 1e-3
    assert all(punch.start_frame <= c.start <= c.end <= punch.end_frame for c in verdict.changes)


@pytest.mark.parametrize("place", PLACES, ids=["start", "middle", "end"])
@pytest.mark.parametrize("name", ["funkyrobot.mp3", "lena.mp3", "lena.wav"])
def test_another_decoder_agrees(name, place, tmp_path):
    source = SHARED_AUDIO / name
    take = punchin.edit(source, *place, engine="tone", seed=3, output=tmp_path / f"out{source.suffix}")
    before, after = decoded(source), decoded(take.path)
    assert before.shape == after.shape
    punch = take.receipt.punches[0]
    # FFmpeg may or may not take off the encoder's delay: allow for both.
    slack = 2400 if source.suffix == ".mp3" else 0
    different = np.flatnonzero((before != after).any(axis=0))
    assert different.size
    assert punch.start_frame <= different[0]
    assert different[-1] < punch.end_frame + slack


@pytest.mark.parametrize("name", ["funkyrobot.mp3", "war_of_freedom_song.ogg", "hr3_caves.ogg"])
def test_the_embedded_engine_joins_well(name, tmp_path):
    ending = "mp3" if name.endswith("mp3") else "flac"
    take = punchin.edit(
        SHARED_AUDIO / name, 20, 28, engine="embedded", seed=5, takes=2, output=tmp_path / f"out.{ending}"
    )
    assert take.untouched
    assert take.seams[0].word in {"seamless", "smooth"}


@pytest.mark.parametrize("format_name", ["wav", "flac", "mp3", "ogg"])
@pytest.mark.parametrize("name", ["lena.wav", "funkyrobot.mp3"])
def test_every_format_can_be_asked_for(name, format_name, tmp_path):
    take = punchin.edit(
        SHARED_AUDIO / name, 2, 5, engine="tone", format=format_name, output=tmp_path / f"out.{format_name}"
    )
    info = soundfile.info(take.path)
    assert info.format == {"wav": "WAV", "flac": "FLAC", "mp3": "MP3", "ogg": "OGG"}[format_name]
    lossless = format_name in ("wav", "flac") or name.endswith(format_name)
    assert take.untouched == lossless

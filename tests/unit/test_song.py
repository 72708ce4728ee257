import numpy as np
import pytest

from punchin.region import Frames
from punchin.song import Song
from support.songs import made_song


def test_a_song_cannot_be_changed():
    song = made_song(0.1)
    with pytest.raises(ValueError, match="read-only"):
        song.samples[0, 0] = 1


def test_the_array_it_was_made_from_stays_writable():
    samples = np.zeros((2, 8), np.float32)
    Song(samples, 44_100)
    samples[0, 0] = 1


@pytest.mark.parametrize("samples", [np.zeros(8, np.float32), np.zeros((2, 8), np.int16)])
def test_only_float_channels_by_frames_are_a_song(samples):
    with pytest.raises(ValueError, match="float"):
        Song(samples, 44_100)


def test_a_cut_shares_memory_and_counts_its_own_frames():
    song = made_song(1.0, 8000)
    part = song.cut(Frames(100, 300))
    assert np.shares_memory(part.samples, song.samples)
    assert (part.frames, part.duration_s) == (200, 0.025)
    assert (part.samples == song.samples[:, 100:300]).all()


def test_mono_is_the_mean_of_the_channels():
    song = Song(np.array([[1.0, 0.0], [0.0, 0.5]]), 8000)
    assert song.mono().tolist() == [0.5, 0.25]

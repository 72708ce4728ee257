import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.region import Frames
from punchin.resample import conform, resampled_frames, return_part, return_to
from punchin.song import Song
from support.songs import made_song

RATES = st.sampled_from([8_000, 11_025, 22_050, 37_123, 44_100, 48_000, 96_000])


def sine(hz, rate_hz, seconds=1.0, channels=1, phase=0.0):
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    return Song(np.tile(0.5 * np.sin(2 * np.pi * hz * t + phase), (channels, 1)).astype(np.float32), rate_hz)


def test_what_fits_already_comes_back_bit_for_bit():
    song = made_song(0.5)
    assert conform(song, None, None).samples.tobytes() == song.samples.tobytes()
    assert conform(song, song.rate_hz, song.channels).samples.tobytes() == song.samples.tobytes()


@given(RATES, RATES, st.integers(1, 5000))
@settings(max_examples=40, deadline=None)
def test_lengths_are_exact_there_and_back(a_hz, b_hz, frames):
    song = Song(np.zeros((1, frames), np.float32), a_hz)
    there = conform(song, b_hz, None)
    assert there.frames == resampled_frames(frames, a_hz, b_hz)
    back = return_to(there, a_hz, 1, frames)
    assert back.frames == frames
    assert back.rate_hz == a_hz


@pytest.mark.parametrize(("a_hz", "b_hz"), [(44_100, 48_000), (48_000, 44_100), (22_050, 48_000)])
def test_a_sine_stays_where_it_was(a_hz, b_hz):
    there = conform(sine(440, a_hz), b_hz, None)
    ideal = sine(440, b_hz)
    middle = slice(b_hz // 10, -b_hz // 10)
    assert np.abs(there.samples - ideal.samples)[:, middle].max() < 1e-4


def test_what_the_lower_rate_cannot_hold_does_not_fold_back():
    high = sine(15_000, 48_000)
    low = conform(high, 22_050, None)
    assert np.abs(low.samples[:, 1000:-1000]).max() < 1e-5


def test_mono_to_stereo_and_back_is_the_identity():
    song = sine(300, 8000)
    there = conform(song, None, 2)
    assert (there.samples[0] == song.samples[0]).all()
    assert np.allclose(conform(there, None, 1).samples, song.samples, atol=1e-7)


@pytest.mark.parametrize("channels", range(1, 9))
def test_no_down_mix_leaves_full_scale(channels):
    loud = Song(np.ones((channels, 4), np.float32), 44_100)
    for wanted in (1, 2):
        mixed = conform(loud, None, wanted)
        assert mixed.samples.shape == (wanted, 4)
        assert np.abs(mixed.samples).max() <= 1 + 1e-6


def test_a_silent_channel_stays_silent_when_new_sound_is_spread():
    original = np.zeros((6, 8000), np.float32)
    original[:2] = sine(440, 8000).samples  # only the front pair plays
    new = conform(Song(original, 8000), None, 2)
    spread = return_to(new, 8000, 6, 8000, Song(original, 8000))
    assert np.abs(spread.samples[2:]).max() < 1e-6
    assert np.abs(spread.samples[0]).max() > 0.3


def test_lengths_that_do_not_belong_together_are_refused():
    with pytest.raises(ValueError, match="are not"):
        return_to(Song(np.zeros((1, 100), np.float32), 8000), 8000, 1, 110)


@given(st.integers(0, 20_000), st.integers(1, 15_000), st.sampled_from([(44_100, 48_000), (22_050, 48_000)]))
@settings(max_examples=25, deadline=None)
def test_a_part_of_an_unchanged_window_returns_in_place(start, length, rates):
    song_hz, engine_hz = rates
    window = sine(500, song_hz, seconds=1.0, channels=2)
    part = Frames(min(start, window.frames - 1), min(start + length, window.frames))
    returned = return_part(conform(window, engine_hz, 2), part, window)
    assert returned.frames == len(part)
    inner = slice(*np.clip([song_hz // 50 - part.start, window.frames - song_hz // 50 - part.start], 0, None))
    difference = np.abs(returned.samples - window.cut(part).samples)[:, inner]
    assert difference.size == 0 or difference.max() < 2e-3

import numpy as np
import pytest

from punchin.engines.embedded.mix.working import USUAL_HZ, back_to, to_stereo, working_rate
from punchin.song import Song
from support.songs import made_song


@pytest.mark.parametrize(
    ("rate_hz", "worked_hz"),
    [(8000, USUAL_HZ), (22_050, 22_050), (44_100, 44_100), (96_000, 96_000), (192_000, USUAL_HZ)],
)
def test_very_low_and_very_high_rates_are_worked_on_at_the_usual_one(rate_hz, worked_hz):
    assert working_rate(rate_hz) == worked_hz


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("rate_hz", [44_100, 48_000])
def test_there_and_back_is_the_same_sound(channels, rate_hz):
    song = made_song(1.0, rate_hz, channels)
    stereo = to_stereo(song)
    assert stereo.channels == 2
    np.testing.assert_allclose(back_to(stereo.samples, stereo.rate_hz, song).samples, song.samples, atol=1e-6)


@pytest.mark.parametrize("rate_hz", [8000, 11_025, 192_000])
@pytest.mark.parametrize("frames", [7999, 8000, 8001])
def test_there_and_back_at_another_rate_keeps_length_and_sound(rate_hz, frames):
    t = np.arange(frames) / rate_hz
    song = Song(np.tile(0.3 * np.sin(2 * np.pi * 300 * t), (2, 1)).astype(np.float32), rate_hz)
    stereo = to_stereo(song)
    back = back_to(stereo.samples, stereo.rate_hz, song)
    assert back.samples.shape == song.samples.shape
    middle = slice(frames // 4, -frames // 4)
    np.testing.assert_allclose(back.samples[:, middle], song.samples[:, middle], atol=1e-3)


def test_a_silent_channel_of_six_stays_silent():
    samples = made_song(1.0, 44_100, 6).samples.copy()
    samples[3:5] = 0
    song = Song(samples, 44_100)
    back = back_to(to_stereo(song).samples, 44_100, song).samples
    assert not back[3:5].any()
    assert np.abs(back[[0, 1, 2, 5]]).max(axis=1).min() > 0.01


def test_a_mix_of_another_length_is_refused():
    song = made_song(1.0, 44_100)
    with pytest.raises(ValueError, match="does not fit"):
        back_to(np.zeros((2, 44_000), np.float32), 44_100, song)

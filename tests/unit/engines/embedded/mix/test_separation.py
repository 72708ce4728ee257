import numpy as np
import pytest

from punchin.engines.embedded.mix import separation
from punchin.engines.embedded.mix.separation import split, through

RATE_HZ = 22_050


def power(samples):
    return float(np.square(samples, dtype=np.float64).sum())


def tone(seconds=2.0, pitch_hz=440.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.tile(np.sin(2 * np.pi * pitch_hz * t).astype(np.float32) * 0.3, (2, 1))


def strokes(seconds=2.0):
    rng = np.random.default_rng(3)
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    burst = rng.standard_normal(t.size) * np.exp(-(t % 0.5) * 80)
    return np.tile(burst.astype(np.float32) * 0.3, (2, 1))


def test_a_held_tone_is_harmonic():
    layers = split(tone(), RATE_HZ)
    inside = slice(RATE_HZ // 4, -RATE_HZ // 4)
    assert power(layers.percussive[:, inside]) < 0.01 * power(tone()[:, inside])


def test_strokes_are_percussive():
    layers = split(strokes(), RATE_HZ)
    assert power(layers.harmonic) < 0.1 * power(strokes())


def test_of_both_each_goes_to_its_side():
    layers = split(tone() + strokes(), RATE_HZ)
    assert power(layers.harmonic - tone()) < 0.15 * power(tone())
    assert power(layers.percussive - strokes()) < 0.25 * power(strokes())


def test_the_two_layers_are_the_sound():
    sound = tone() + strokes()
    layers = split(sound, RATE_HZ)
    np.testing.assert_allclose(layers.harmonic + layers.percussive, sound, atol=1e-6)


def test_it_is_as_loud_as_what_comes_in():
    sound = tone() + strokes()
    np.testing.assert_allclose(
        split(4 * sound, RATE_HZ).percussive, 4 * split(sound, RATE_HZ).percussive, rtol=1e-5
    )


def test_how_much_is_looked_at_at_once_makes_no_difference(monkeypatch):
    sound = tone() + strokes()
    whole = split(sound, RATE_HZ).percussive
    monkeypatch.setattr(separation, "TOGETHER", 17)
    np.testing.assert_allclose(split(sound, RATE_HZ).percussive, whole, atol=1e-6)


def test_channels_are_split_alike():
    sound = tone() + strokes()
    sound[1] *= 0.5
    layers = split(sound, RATE_HZ)
    np.testing.assert_allclose(layers.percussive[1], 0.5 * layers.percussive[0], atol=1e-6)


@pytest.mark.parametrize("frames", [0, 1, 10, 3000])
@pytest.mark.parametrize("rate_hz", [8000, 44_100])
def test_any_length_and_rate(frames, rate_hz):
    sound = np.full((2, frames), 0.1, np.float32)
    layers = split(sound, rate_hz)
    assert layers.harmonic.shape == layers.percussive.shape == sound.shape
    assert not split(np.zeros_like(sound), rate_hz).percussive.any()


def test_unit_gains_change_nothing():
    sound = tone() + strokes()
    same = through(sound, RATE_HZ, lambda spectrum, _f: np.ones(spectrum.shape[1:], np.float32))
    np.testing.assert_allclose(same, sound, atol=1e-6)

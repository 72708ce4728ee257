import numpy as np
import pytest

from punchin.region import Frames
from punchin.seam import curves
from punchin.seam.curves import Shape
from punchin.seam.hearing import ALL, HIGH, MID, SIDE, Ear, listen, two_channels

RATE_HZ = 44_100


def noise(seconds=3.0, channels=2, rate_hz=RATE_HZ, seed=0):
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal((channels, round(seconds * rate_hz)))).astype(np.float32)


def heard_of(sound, rate_hz=RATE_HZ):
    ear = Ear.of(sound, rate_hz)
    return ear, listen(ear, sound)


@pytest.mark.parametrize(
    "changed", [Frames(0, 10), Frames(30_000, 30_001), Frames(50_000, 90_000), Frames(132_000, 132_300)]
)
def test_listening_again_is_listening_to_all(changed):
    sound = noise()
    ear, before = heard_of(sound)
    other = sound.copy()
    other[:, changed.start : changed.end] = noise(seed=1)[:, changed.start : changed.end]
    again, whole = before.again(ear, other, changed), listen(ear, other)
    for name in ("power", "energy", "mean", "error_peak", "error_power"):
        np.testing.assert_allclose(getattr(again, name), getattr(whole, name), rtol=1e-4, atol=1e-9)


def test_power_and_energy_are_mean_squares():
    sound = noise()
    _, heard = heard_of(sound)
    mid = sound.mean(axis=0)
    side = 0.5 * (sound[0] - sound[1])
    assert heard.power[:, ALL].mean() == pytest.approx(np.mean(mid**2), rel=0.05)
    assert heard.energy[:, MID].mean() == pytest.approx(np.mean(mid**2), rel=0.01)
    assert heard.energy[:, SIDE].mean() == pytest.approx(np.mean(side**2), rel=0.01)
    # White noise: the share above 10 kHz is that of the bandwidth.
    assert heard.power[:, HIGH].mean() / heard.power[:, ALL].mean() == pytest.approx(12.05 / 22.05, rel=0.05)


def test_the_predictor_takes_away_what_can_be_foreseen():
    t = np.arange(3 * RATE_HZ) / RATE_HZ
    tones = 0.3 * (np.sin(2 * np.pi * 440 * t) + np.sin(2 * np.pi * 3_000 * t))[None].astype(np.float32)
    _, heard = heard_of(tones)
    assert 10 * np.log10(heard.error_power[:, 100:-100].mean() / np.mean(tones**2)) < -30


def test_a_curve_is_what_each_place_alone_says():
    """The slow twin: cut the sound out around a place and measure only that."""
    sound = noise() * np.linspace(0.1, 1, 3 * RATE_HZ, dtype=np.float32) ** 2
    ear, heard = heard_of(sound)
    shape = Shape(2_000, sound.shape[1], sound.shape[1])
    found = curves.level(heard, ear, shape, curves.SHORT_S)
    for frame in (30_000, 60_000, 90_000):
        reach = round(curves.SHORT_S * RATE_HZ)
        before = np.mean(sound[:, frame - reach : frame] ** 2)
        after = np.mean(sound[:, frame + 2_000 : frame + 2_000 + reach] ** 2)
        assert found.at(frame) == pytest.approx(10 * np.log10(after / before), abs=0.6)


@pytest.mark.parametrize("at", [40_000, 66_011, 100_000])
def test_a_click_is_found_where_it_is(at):
    sound = noise()
    sound[0, at : at + 3] += 1.0
    ear, heard = heard_of(sound)
    found = curves.click(heard, ear, Shape(500, 0, 0))
    assert found.at(at - 250) > 15
    assert found.at(at - 2_000) < 13
    assert found.at(at + 1_000) < 13


def test_a_gap_is_found_and_an_ending_is_none():
    sound = noise()
    sound[:, 60_000:60_250] = 0
    sound[:, 100_000:] = 0
    ear, heard = heard_of(sound)
    found = curves.dip(heard, ear, Shape(500, 0, 0))
    assert found.at(59_900) > 20
    assert found.at(30_000) < 5
    assert found.at(99_900) < 5


def test_flux_finds_a_change_of_sound():
    sound = noise()
    t = np.arange(sound.shape[1]) / RATE_HZ
    sound[:, 66_000:] = (0.1 * np.sin(2 * np.pi * 440 * t))[66_000:]
    ear, heard = heard_of(sound)
    found = curves.flux(heard, ear, Shape(441, 0, 0))
    assert found.at(65_800) > 3 * found.at(30_000)


def test_dc_is_the_step_of_the_mean():
    sound = noise()
    sound[1, 66_000:] += 0.2
    ear, heard = heard_of(sound)
    found = curves.dc(heard, ear, Shape(100, sound.shape[1], sound.shape[1]))
    assert found.at(65_950) == pytest.approx(0.2, abs=0.01)


def test_high_is_the_share_above_10_khz():
    sound = noise()
    spectrum = np.fft.rfft(sound[:, 66_000:], axis=1)
    spectrum[:, np.fft.rfftfreq(sound.shape[1] - 66_000, 1 / RATE_HZ) > 8_000] *= 0.1
    sound[:, 66_000:] = np.fft.irfft(spectrum, sound.shape[1] - 66_000, axis=1)
    ear, heard = heard_of(sound)
    found = curves.high(heard, ear, Shape(2_000, sound.shape[1], sound.shape[1]))
    assert found.at(65_000) == pytest.approx(17, abs=2)


@pytest.mark.parametrize("channels", [1, 2, 5, 8])
def test_at_most_two_channels_are_heard(channels):
    sound = noise(0.1, channels)
    heard = two_channels(sound)
    assert heard.shape == (min(channels, 2), sound.shape[1])
    if channels == 8:
        np.testing.assert_allclose(heard[0], sound[0::2].mean(axis=0))

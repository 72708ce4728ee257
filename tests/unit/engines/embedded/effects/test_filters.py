"""Filters against their difference equation, and moving ones against standing ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.engines.embedded.effects import filters
from punchin.engines.embedded.effects.tone import toned, widened
from punchin.engines.embedded.tags.style import Tone

RATE_HZ = 44_100


def noise(seconds=0.5, seed=0):
    return np.random.default_rng(seed).standard_normal((2, round(seconds * RATE_HZ))).astype(np.float32)


def gain_db(response, frequency_hz):
    return 20 * np.log10(abs(response(np.array([frequency_hz]))[0]))


def slow_low_pass(x, corner_hz, q):
    """The cookbook's difference equation, one sample after the other."""
    w = 2 * np.pi * corner_hz / RATE_HZ
    c, alpha = np.cos(w), np.sin(w) / (2 * q)
    b, a = ((1 - c) / 2, 1 - c, (1 - c) / 2), (1 + alpha, -2 * c, 1 - alpha)
    y = np.zeros(len(x))
    for n in range(len(x)):
        y[n] = b[0] * x[n]
        if n >= 1:
            y[n] += b[1] * x[n - 1] - a[1] * y[n - 1]
        if n >= 2:
            y[n] += b[2] * x[n - 2] - a[2] * y[n - 2]
        y[n] /= a[0]
    return y


def test_filtering_is_the_difference_equation():
    x = noise()
    fast = filters.filtered(x, RATE_HZ, lambda f: filters.low_pass(f, RATE_HZ, 900, 2.0))
    assert np.allclose(fast[0], slow_low_pass(x[0], 900, 2.0), atol=2e-4)


def test_long_sounds_are_filtered_in_blocks_without_seams():
    x = noise(3.0)
    whole = filters.filtered(x, RATE_HZ, lambda f: filters.high_pass(f, RATE_HZ, 300))
    part = filters.filtered(x[:, 70_000:], RATE_HZ, lambda f: filters.high_pass(f, RATE_HZ, 300))
    assert np.allclose(whole[:, 80_000:], part[:, 10_000:], atol=1e-4)


@pytest.mark.parametrize("kind", [filters.low_pass, filters.high_pass])
def test_corners_are_at_minus_three_decibels_and_slopes_twelve_an_octave(kind):
    def at(hz):
        return gain_db(lambda f: kind(f, RATE_HZ, 1000), hz)

    assert at(1000) == pytest.approx(-3.01, abs=0.05)
    far, farther = (4000, 8000) if kind is filters.low_pass else (250, 125)
    assert at(far) - at(farther) == pytest.approx(12, abs=2)


def test_shelves_and_bells_reach_their_gain():
    assert gain_db(lambda f: filters.low_shelf(f, RATE_HZ, 200, 6), 20) == pytest.approx(6, abs=0.1)
    assert gain_db(lambda f: filters.low_shelf(f, RATE_HZ, 200, 6), 200) == pytest.approx(3, abs=0.1)
    assert gain_db(lambda f: filters.low_shelf(f, RATE_HZ, 200, 6), 4000) == pytest.approx(0, abs=0.1)
    assert gain_db(lambda f: filters.high_shelf(f, RATE_HZ, 4000, -5), 20_000) == pytest.approx(-5, abs=0.2)
    assert gain_db(lambda f: filters.high_shelf(f, RATE_HZ, 4000, -5), 100) == pytest.approx(0, abs=0.1)
    assert gain_db(lambda f: filters.bell(f, RATE_HZ, 1000, 4), 1000) == pytest.approx(4, abs=0.01)
    assert gain_db(lambda f: filters.band_pass(f, RATE_HZ, 1000, 5), 1000) == pytest.approx(0, abs=0.01)


@given(st.integers(1, 3_000_000))
def test_fast_lengths_are_even_smooth_and_near(frames):
    length = filters.fast_length(frames)
    assert frames <= length <= max(2, 1.26 * frames + 2)
    rest = length
    for prime in (2, 3, 5):
        while rest % prime == 0:
            rest //= prime
    assert rest == 1
    assert length % 2 == 0


@pytest.mark.parametrize("frames", [1, 100, 2048, 50_000])
def test_a_moving_filter_that_does_nothing_changes_nothing(frames):
    x = noise()[:, :frames] if frames < 20_000 else noise(1.2)[:, :frames]
    same = filters.swept(x, RATE_HZ, lambda f, _c: np.ones((1, len(f))), np.zeros(frames))
    assert np.allclose(same, x, atol=1e-4)


def test_a_moving_filter_follows_its_control():
    x = noise(2.0)
    control = np.linspace(300, 10_000, x.shape[1])
    swept = filters.swept(x, RATE_HZ, lambda f, c: (f < c).astype(float), control)
    early, late = (np.abs(np.fft.rfft(swept[0, a : a + 8192])) ** 2 for a in (4000, 78_000))
    above_5k = np.fft.rfftfreq(8192, 1 / RATE_HZ) > 5000
    assert early[above_5k].sum() < 1e-3 * late[above_5k].sum()


def test_tone_of_nothing_is_the_sound_itself():
    x = noise(0.1)
    assert toned(x, RATE_HZ, Tone()) is x


def test_tone_does_what_each_setting_says():
    x = noise(2.0)
    power = np.abs(np.fft.rfft(x[0])) ** 2
    f = np.fft.rfftfreq(x.shape[1], 1 / RATE_HZ)

    def change_db(tone, low, high):
        band = (f > low) & (f < high)
        new = np.abs(np.fft.rfft(toned(x, RATE_HZ, tone)[0])) ** 2
        return 10 * np.log10(new[band].sum() / power[band].sum())

    assert change_db(Tone(low_pass_hz=1000), 4000, 8000) < -24
    assert change_db(Tone(high_pass_hz=350), 30, 60) < -24
    assert change_db(Tone(lows_db=5), 20, 60) == pytest.approx(5, abs=0.4)
    assert change_db(Tone(mids_db=-3), 900, 1100) == pytest.approx(-3, abs=0.3)
    assert change_db(Tone(highs_db=4), 12_000, 18_000) == pytest.approx(4, abs=0.4)


def test_width_zero_is_mono_one_is_the_same_and_the_sum_stays():
    x = noise(0.1)
    mono = widened(x, 0)
    assert np.array_equal(mono[0], mono[1])
    assert np.allclose(widened(x, 1), x, atol=1e-6)
    wide = widened(x, 1.7)
    assert np.allclose(wide.sum(axis=0), x.sum(axis=0), atol=1e-5)
    assert np.std(wide[0] - wide[1]) == pytest.approx(1.7 * np.std(x[0] - x[1]), rel=1e-3)

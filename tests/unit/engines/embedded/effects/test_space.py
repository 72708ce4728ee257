"""Rooms and echoes: when they come, how long they last."""

from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.effects import space
from punchin.engines.embedded.effects.filters import band_pass, filtered

RATE_HZ = 44_100


def click(seconds=3.0, side=None):
    x = np.zeros((2, round(seconds * RATE_HZ)), np.float32)
    x[slice(None) if side is None else side, 0] = 1
    return x


def rt60_s(response, rate_hz):
    """Schroeder's backward integral, the slope between -5 and -35 dB (ISO 3382-1)."""
    energy = np.cumsum(response[::-1] ** 2)[::-1]
    level_db = 10 * np.log10(energy / energy[0] + 1e-12)
    t = np.arange(len(level_db)) / rate_hz
    use = (level_db < -5) & (level_db > -35)
    return -60 / np.polyfit(t[use], level_db[use], 1)[0]


@pytest.mark.parametrize("wanted_s", [0.6, 1.3, 3.0])
def test_a_room_rings_as_long_as_asked_and_its_highs_shorter(wanted_s):
    room = space.reverb(click(4.5), RATE_HZ, wanted_s, np.random.default_rng(1))

    def band(centre_hz):
        return filtered(room, RATE_HZ, lambda f: band_pass(f, RATE_HZ, centre_hz, 1.4))[0]

    assert rt60_s(band(600), RATE_HZ) == pytest.approx(wanted_s, rel=0.2)
    assert rt60_s(band(9000), RATE_HZ) < 0.65 * wanted_s


def test_a_room_starts_late_has_the_power_of_the_dry_sound_and_is_wide():
    room = space.reverb(click(), RATE_HZ, 1.0, np.random.default_rng(1))
    assert np.abs(room[:, : round(0.012 * RATE_HZ)]).max() < 0.01 * np.abs(room).max()
    assert np.sum(room[0] ** 2) == pytest.approx(1, rel=0.05)
    assert abs(np.corrcoef(room)[0, 1]) < 0.1


def test_a_room_is_linear_and_the_same_for_the_same_seed():
    x = np.random.default_rng(0).standard_normal((2, 20_000)).astype(np.float32)
    once, again = (space.reverb(x, RATE_HZ, 0.8, np.random.default_rng(5)) for _ in range(2))
    double = space.reverb(2 * x, RATE_HZ, 0.8, np.random.default_rng(5), amount=0.5)
    assert np.array_equal(once, again)
    assert np.allclose(double, once, atol=1e-4)


def test_echoes_come_in_time_change_sides_and_fade():
    x = np.zeros((2, 2 * RATE_HZ), np.float32)
    x[0, :400] = np.hanning(400) * np.sin(2 * np.pi * 1000 / RATE_HZ * np.arange(400))
    y = space.delay(x, RATE_HZ, 0.25, feedback=0.5, amount=0.4)
    assert np.allclose(y[:, :5000], x[:, :5000], atol=1e-3)
    peaks = []
    for number in range(1, 5):
        at = round(0.25 * number * RATE_HZ)
        window = np.abs(y[:, at - 50 : at + 600])
        side = 1 if number % 2 else 0
        assert window[side].max() > 20 * window[1 - side].max()
        assert window[side].argmax() == pytest.approx(250, abs=60)
        peaks.append(window[side].max())
    assert peaks[0] == pytest.approx(0.4, abs=0.12)
    for louder, softer in pairwise(peaks):
        assert 0.3 < softer / louder < 0.55


def test_delay_is_its_series():
    """The closed form against one echo after the other, each a filtered copy of the one before."""
    x = np.random.default_rng(0).standard_normal((2, 30_000)).astype(np.float32)
    time_s, feedback, amount, (low, high) = 0.05, 0.4, 0.3, (200.0, 5500.0)
    length = 1 << 17
    f = np.fft.rfftfreq(length, 1 / RATE_HZ)
    floor = (f / low) ** 2
    step = floor / (1 + floor) / (1 + (f / high) ** 2) * np.exp(-2j * np.pi * f * time_s)
    slow, echo = x.astype(float), np.fft.rfft(x, length, axis=1) * amount
    for _ in range(14):
        echo = echo[::-1] * step
        slow = slow + np.fft.irfft(echo, length, axis=1)[:, :30_000]
        echo = echo * feedback
    assert np.allclose(space.delay(x, RATE_HZ, time_s, feedback, amount), slow, atol=2e-3)


def test_slapback_is_one_echo():
    y = space.slapback(click(0.5), RATE_HZ, 0.11, 0.4)
    assert np.flatnonzero(y[0]).tolist() == [0, round(0.11 * RATE_HZ)]
    assert y[0, round(0.11 * RATE_HZ)] == pytest.approx(0.4)


def test_smear_dissolves_an_attack():
    y = space.smear(click(2.0), RATE_HZ, np.random.default_rng(0), amount=1.0)
    energy = np.cumsum(y[0] ** 2) / np.sum(y[0] ** 2)
    middle_s = np.searchsorted(energy, 0.5) / RATE_HZ
    assert middle_s == pytest.approx(0.45, abs=0.05)
    assert np.abs(y).max() < 0.05

"""Moving effects: in time at the ends, as loud as before, going where they should."""

import numpy as np
import pytest

from punchin.engines.embedded.effects import modulation
from punchin.engines.embedded.effects.pulse import Pulse

RATE_HZ = 44_100
PULSE = Pulse.steady(120, 8)


def noise(seconds=4.0):
    return np.random.default_rng(0).standard_normal((2, round(seconds * RATE_HZ))).astype(np.float32) * 0.2


def sine(f_hz, seconds=4.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.stack([np.sin(2 * np.pi * f_hz * t)] * 2).astype(np.float32)


def test_a_delay_of_nothing_is_nothing_and_of_ten_is_ten():
    x = noise(0.1)
    assert np.allclose(modulation.delayed(x, np.zeros(x.shape[1])), x)
    assert np.allclose(modulation.delayed(x, np.full(x.shape[1], 10))[:, 10:], x[:, :-10])


@pytest.mark.parametrize("effect", [modulation.chorus, modulation.flanger, modulation.phaser])
def test_copies_keep_the_level(effect):
    x = noise()
    assert 20 * np.log10(np.std(effect(x, RATE_HZ)) / np.std(x)) == pytest.approx(0, abs=1.6)


def test_a_chorus_makes_mono_wide():
    y = modulation.chorus(sine(440), RATE_HZ)
    assert np.std(y[0] - y[1]) > 0.1 * np.std(y)


def test_a_flanger_has_notches_where_its_delay_says():
    """At the turn of the sweep the copy is 5 ms late: 100 Hz and its odd multiples cancel."""
    y = modulation.flanger(noise(), RATE_HZ, amount=1.0, speed_hz=0.25)
    middle = y[0, 2 * RATE_HZ - 4096 : 2 * RATE_HZ + 4096]
    power = np.abs(np.fft.rfft(middle * np.hanning(8192))) ** 2
    f = np.fft.rfftfreq(8192, 1 / RATE_HZ)
    notches = np.mean([power[np.argmin(np.abs(f - odd * 100))] for odd in range(1, 16, 2)])
    peaks = np.mean([power[np.argmin(np.abs(f - even * 100))] for even in range(2, 17, 2)])
    assert notches < 0.15 * peaks


def test_a_tremolo_follows_the_beat():
    y = modulation.tremolo(np.ones((2, 4 * RATE_HZ), np.float32), RATE_HZ, PULSE, amount=0.6)
    spectrum = np.abs(np.fft.rfft(y[0] - y[0].mean()))
    assert np.argmax(spectrum) / 4 == pytest.approx(6.0, abs=0.3)  # three times a beat of half a second
    assert y.min() / y.max() == pytest.approx(0.4, abs=0.02)


def test_autopan_goes_from_side_to_side_at_one_level():
    x = np.ones((2, 4 * RATE_HZ), np.float32)
    y = modulation.autopan(x, RATE_HZ, PULSE, amount=1.0)
    assert np.allclose((y**2).sum(axis=0), 2, atol=1e-3)
    assert y[0].max() > 10 * y[0].min()
    assert y[1].max() > 10 * y[1].min()
    quarter = RATE_HZ // 2
    assert y[1, quarter] > y[0, quarter]
    assert y[0, 3 * quarter] > y[1, 3 * quarter]


def test_wow_bends_the_pitch_by_as_much_as_it_says_and_ends_in_time():
    x = sine(1000)
    y = modulation.wobble(x, RATE_HZ, np.random.default_rng(3), wow_cents=30, flutter_cents=0)
    assert np.allclose(y[:, :3], x[:, :3], atol=1e-2)
    assert np.allclose(y[:, -3:], x[:, -3:], atol=2e-2)
    rising = np.flatnonzero((y[0, :-1] < 0) & (y[0, 1:] >= 0))
    exact = rising - y[0, rising] / (y[0, rising + 1] - y[0, rising])
    pitch_hz = RATE_HZ / np.diff(exact)[300:-300]
    cents = 1200 * np.log2(np.convolve(pitch_hz, np.ones(20) / 20, "valid") / 1000)
    assert 12 < np.abs(cents).max() < 33


def test_other_chance_other_wow():
    x = sine(500, 1.0)
    one, two = (modulation.wobble(x, RATE_HZ, np.random.default_rng(s)) for s in (1, 2))
    assert not np.allclose(one, two, atol=0.01)

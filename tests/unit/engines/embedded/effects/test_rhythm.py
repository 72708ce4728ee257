"""Effects in time."""

from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.effects import rhythm
from punchin.engines.embedded.effects.pulse import Pulse

RATE_HZ = 44_100
PULSE = Pulse.steady(120, 8)


def noise(seconds=4.0):
    return np.random.default_rng(0).standard_normal((2, round(seconds * RATE_HZ))).astype(np.float32) * 0.2


def brightness(x):
    power = np.abs(np.fft.rfft(x[0])) ** 2
    return (power * np.arange(len(power))).sum() / power.sum() / len(power)


def test_a_pulse_counts_beats_and_goes_on_beyond_them():
    pulse = Pulse((0.2, 0.7, 1.3), downbeat=1)
    position = pulse.positions(3000, 1000)
    assert position[200] == pytest.approx(-1)
    assert position[700] == pytest.approx(0)
    assert position[1000] == pytest.approx(0.5)
    assert position[0] == pytest.approx(-1.4)
    assert position[1900] == pytest.approx(2)
    assert pulse.beat_s == pytest.approx(0.55)


@pytest.mark.parametrize("beats", [(), (1.0,), (1.0, 1.0), (2.0, 1.0)])
def test_a_pulse_needs_beats_that_rise(beats):
    with pytest.raises(ValueError, match="two beats or more"):
        Pulse(beats)


def test_stutter_repeats_the_start_of_some_beats_and_leaves_the_others():
    x = noise()
    y = rhythm.stutter(x, RATE_HZ, PULSE, np.random.default_rng(1), amount=1.5)
    beat = RATE_HZ // 2
    same = [
        np.array_equal(x[:, n * beat + 300 : (n + 1) * beat], y[:, n * beat + 300 : (n + 1) * beat])
        for n in range(8)
    ]
    assert any(same)
    assert not all(same)
    stuttered = same.index(False)
    part = y[0, stuttered * beat : (stuttered + 1) * beat]
    alike = [np.corrcoef(part[: beat // k], part[beat // k : 2 * (beat // k)])[0, 1] for k in (2, 3, 4, 6, 8)]
    assert max(alike) > 0.9


def test_a_gate_opens_and_closes_on_sixteenths():
    y = rhythm.gate(np.ones((2, 4 * RATE_HZ), np.float32), RATE_HZ, PULSE, amount=1.0)
    sixteenth = RATE_HZ // 8
    middles = y[0, sixteenth // 2 :: sixteenth][:16]
    assert np.allclose(middles, rhythm.GATE, atol=1e-3)
    assert np.abs(np.diff(y[0])).max() < 0.02


def test_a_sweep_is_open_at_both_ends_and_dark_between():
    x = noise(8.0)
    y = rhythm.sweep(x, RATE_HZ, PULSE)
    start, middle, end = y[:, :20_000], y[:, 4 * RATE_HZ - 10_000 : 4 * RATE_HZ + 10_000], y[:, -20_000:]
    assert brightness(middle) < 0.15 * min(brightness(start), brightness(end))


def test_a_build_gets_louder_and_brighter():
    y = rhythm.build(noise(), RATE_HZ)
    quarters = np.array_split(y, 4, axis=1)
    assert all(np.std(b) > np.std(a) for a, b in pairwise(quarters))
    assert brightness(quarters[3]) > 2 * brightness(quarters[0])


def test_a_fade_leaves_the_first_half_and_ends_at_zero():
    x = noise()
    y = rhythm.fade(x, RATE_HZ)
    half = x.shape[1] // 2
    assert np.array_equal(x[:, :half], y[:, :half])
    assert not y[:, -1].any()
    assert np.std(y[:, -half // 2 :]) < 0.3 * np.std(x)

"""Wave forms against slow twins, and their aliases."""

import numpy as np
import pytest

from punchin.engines.embedded.synthesis import waves

RATE_HZ = 44_100


def slow(series, phase):
    """A series by its definition: the real part of a sum of turning phasors."""
    k = np.arange(1, len(series) + 1)
    return np.real(series[None, :] * np.exp(2j * np.pi * phase[:, None] * k)).sum(axis=1)


@pytest.mark.parametrize("wave", [waves.sine, waves.saw, waves.square, waves.stepped_triangle])
def test_tables_are_their_series(wave):
    series = wave(40)
    phase = np.random.default_rng(0).uniform(-3, 3, 500)
    assert np.allclose(waves.read(waves.cycle(series), phase), slow(series, phase), atol=2e-3)


def test_shapes():
    phase = np.linspace(0.02, 0.98, 200)
    assert np.allclose(
        waves.read(waves.cycle(waves.saw(1000)), phase), 1 - 2 * phase, atol=0.02
    ) or np.allclose(waves.read(waves.cycle(waves.saw(1000)), phase), 2 * phase - 1, atol=0.02)
    square = waves.read(waves.cycle(waves.square(1000)), phase)
    away = np.abs(phase - 0.5) > 0.02
    assert np.allclose(np.abs(square[away]), 1, atol=0.03)
    steps = waves.read(waves.cycle(waves.stepped_triangle(1000)), (np.arange(32) + 0.5) / 32)
    assert np.allclose(np.diff(steps)[:14], -2 / 15, atol=0.02)


def test_a_narrow_pulse_has_no_mean_and_the_power_of_its_width():
    table = waves.cycle(waves.pulse(1000, 0.25))[:-1]
    assert abs(table.mean()) < 1e-4
    assert np.mean(table**2) == pytest.approx(1 - 0.5**2, rel=0.01)  # ±1 less its mean of -0.5


@pytest.mark.parametrize("f0_hz", [220.0, 1760.0, 3520.0])
def test_aliases_of_a_saw_are_far_below_it(f0_hz):
    table = waves.cycle(waves.saw(waves.harmonics(f0_hz, RATE_HZ)))
    wave = waves.read(table, np.arange(RATE_HZ) * (f0_hz / RATE_HZ))
    spectrum = np.abs(np.fft.rfft(wave * np.hanning(RATE_HZ))) ** 2
    f = np.arange(len(spectrum))
    harmonic = np.abs(f - np.round(f / f0_hz) * f0_hz) < 4
    assert 10 * np.log10(spectrum[~harmonic].sum() / spectrum.sum()) < -55


def test_between_two_tables_is_their_mean():
    tables = waves.cycle(np.stack([waves.saw(20), waves.square(20)]))
    phase = np.linspace(0, 2, 99)
    half = waves.read_between(tables, phase, np.full(99, 0.5, np.float32))
    assert np.allclose(half, (waves.read(tables[0], phase) + waves.read(tables[1], phase)) / 2, atol=2e-3)

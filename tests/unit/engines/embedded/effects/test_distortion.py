"""Bent waves: which harmonics, how loud, how little alias."""

import numpy as np
import pytest

from punchin.engines.embedded.effects import distortion

RATE_HZ = 44_100
EFFECTS = [distortion.drive, distortion.drive_soft, distortion.clip]


def sine(f_hz, level=0.3, seconds=1.0):
    t = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return np.stack([level * np.sin(2 * np.pi * f_hz * t)] * 2).astype(np.float32)


def levels_db(sound):
    """Level at each whole frequency of one second."""
    spectrum = np.abs(np.fft.rfft(sound[0] * np.hanning(sound.shape[1])))
    return 20 * np.log10(spectrum / spectrum.max() + 1e-9)


@pytest.mark.parametrize("effect", EFFECTS)
def test_a_symmetrical_curve_adds_odd_harmonics_only(effect):
    spectrum = levels_db(effect(sine(440), RATE_HZ, 1.0))
    if effect is not distortion.drive_soft:
        assert spectrum[3 * 440] > -30
    assert spectrum[3 * 440] > spectrum[2 * 440] + 30
    assert spectrum[5 * 440] > spectrum[4 * 440] + 15


@pytest.mark.parametrize("effect", EFFECTS)
def test_it_is_as_loud_as_before_and_does_not_care_how_loud_that_was(effect):
    rng = np.random.default_rng(0)
    x = (0.1 * rng.standard_normal((2, 40_000))).astype(np.float32)
    loud, quiet = effect(x, RATE_HZ), effect(x / 50, RATE_HZ)
    assert np.std(loud) == pytest.approx(np.std(x), rel=1e-3)
    assert np.allclose(quiet * 50, loud, atol=1e-3)


@pytest.mark.parametrize("effect", EFFECTS)
def test_more_amount_bends_more(effect):
    x = sine(440)
    third = [levels_db(effect(x, RATE_HZ, amount))[1320] for amount in (0.2, 1.0)]
    assert third[1] > third[0] + 3


def test_aliases_are_weaker_than_those_of_the_curve_alone():
    """A high tone's harmonics fold back; the antiderivative keeps them down."""
    x = sine(5001)
    rms = np.sqrt(np.mean(x**2))
    naive = np.clip(x * 4 / (4 * rms), -1, 1)
    folded_hz = RATE_HZ - 7 * 5001
    assert folded_hz > 0
    good = levels_db(distortion.clip(x, RATE_HZ, 1.0))
    bad = levels_db(naive)
    assert good[folded_hz - 2 : folded_hz + 3].max() < bad[folded_hz - 2 : folded_hz + 3].max() - 6


def test_crushing_leaves_few_levels_and_holds_them():
    x = sine(220, 0.5)
    y = distortion.crush(x, RATE_HZ, bits=4, hold_hz=6000)
    assert len(np.unique(y)) <= 2**4 + 1
    assert np.mean(np.diff(y[0]) == 0) > 0.8


def test_tape_softens_highs_and_keeps_time():
    x = (0.1 * np.random.default_rng(0).standard_normal((2, 2 * RATE_HZ))).astype(np.float32)
    y = distortion.tape(x, RATE_HZ, np.random.default_rng(1))
    f = np.fft.rfftfreq(x.shape[1], 1 / RATE_HZ)
    ratio = np.abs(np.fft.rfft(y[0])) ** 2, np.abs(np.fft.rfft(x[0])) ** 2
    high, middle = (f > 10_000) & (f < 16_000), (f > 300) & (f < 2000)
    assert ratio[0][high].sum() / ratio[1][high].sum() < 0.6 * ratio[0][middle].sum() / ratio[1][middle].sum()


def test_a_telephone_has_its_band():
    x = np.random.default_rng(0).standard_normal((2, RATE_HZ)).astype(np.float32)
    power = np.abs(np.fft.rfft(distortion.phone(x, RATE_HZ)[0])) ** 2
    f = np.fft.rfftfreq(RATE_HZ, 1 / RATE_HZ)
    inside = power[(f > 300) & (f < 3400)].sum()
    assert power[f < 120].sum() < 1e-3 * inside
    assert power[f > 8000].sum() < 1e-3 * inside

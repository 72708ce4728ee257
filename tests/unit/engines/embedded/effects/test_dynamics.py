"""Level: less range, more attack, a pumping kick."""

import numpy as np
import pytest

from punchin.engines.embedded.effects import dynamics

RATE_HZ = 44_100


def two_levels(ratio_db=20.0):
    """One second loud, one second quiet, of the same noise."""
    x = np.random.default_rng(0).standard_normal((2, RATE_HZ)).astype(np.float32) * 0.3
    return np.concatenate([x, x * np.float32(10 ** (-ratio_db / 20))], axis=1)


def range_db(x):
    return 20 * np.log10(np.std(x[:, 20_000:44_000]) / np.std(x[:, 70_000:88_000]))


def strokes():
    """A stroke every half second that hardly fades: an attack and a body."""
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal((2, len(t)))
    return (noise * (0.2 * np.exp(-(t % 0.5) / 0.15))).astype(np.float32)


def test_a_compressor_takes_range_by_its_ratio():
    x = two_levels()
    y = dynamics.compressor(x, RATE_HZ, threshold_db=-40, ratio=4, knee_db=0)
    assert range_db(x) == pytest.approx(20, abs=0.5)
    assert range_db(y) == pytest.approx(5, abs=1)
    assert np.mean(y**2) == pytest.approx(np.mean(x**2), rel=1e-3)


def test_below_its_threshold_nothing_happens():
    x = two_levels()
    assert np.allclose(dynamics.compressor(x, RATE_HZ, threshold_db=30, ratio=10), x, atol=1e-5)


def test_both_sides_get_the_same_gain():
    x = two_levels()
    x[1] *= 0.25
    y = dynamics.compressor(x, RATE_HZ, -20, 4)
    assert np.allclose(y[1] / y[0], x[1] / x[0], rtol=1e-3)


def test_glue_is_gentle():
    x = two_levels()
    assert 10 < range_db(dynamics.glue(x, RATE_HZ)) < 19


def test_punch_brings_out_attacks():
    x = strokes()

    def attack_db(y):
        half = y[:, : 2 * RATE_HZ].reshape(2, 4, RATE_HZ // 2)
        return 20 * np.log10(np.std(half[:, 1:, :900]) / np.std(half[:, 1:, 9000:13_000]))

    y = dynamics.punch(x, RATE_HZ)
    assert attack_db(y) > attack_db(x) + 2
    assert np.std(y) == pytest.approx(np.std(x), rel=1e-3)


def test_the_pump_ducks_under_each_kick_and_comes_up_again():
    x = np.ones((2, 2 * RATE_HZ), np.float32)
    y = dynamics.pump(x, RATE_HZ, [0.5, 1.0], amount=0.8, release_s=0.25)
    for kick_s in (0.5, 1.0):
        assert y[0, round(kick_s * RATE_HZ)] == pytest.approx(0.2, abs=0.02)
        assert y[0, round((kick_s + 0.26) * RATE_HZ)] == 1
    assert np.all(y[0, : round(0.49 * RATE_HZ)] == 1)
    assert np.all((y >= 0.19) & (y <= 1))
    assert np.abs(np.diff(y[0])).max() < 0.01


def test_kicks_at_the_very_edges_are_no_error():
    x = np.ones((2, 1000), np.float32)
    y = dynamics.pump(x, RATE_HZ, [-1.0, 0.0, 1000 / RATE_HZ, 5.0], 1.0)
    assert y.shape == x.shape

"""The beat tracker against a slow twin that tries every path."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis.beats import STEADINESS, _best_path, extended, smoothed, track_beats
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ


def slow_score(on: np.ndarray, off: np.ndarray, periods: np.ndarray) -> float:
    """The best score over all sequences of beats, by recursion over (last beat, its period)."""
    n, scores = on.size, {}
    for t in range(n):
        for p in periods:
            if t - p < 0:
                before = off[:t].sum()
            else:
                before = off[t - p + 1 : t].sum() + max(
                    scores[t - p, q] - STEADINESS * abs(np.log(p / q)) for q in periods
                )
            scores[t, p] = before + on[t]
    return max(scores[t, p] + off[t + 1 :].sum() for t in range(n - periods[-1], n) for p in periods)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_best_path_is_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    on, off = np.log(rng.uniform(0.05, 1, 60)), 0.25 * np.log(rng.uniform(0.05, 1, 60))
    periods = np.arange(7, 12)
    beats, score = _best_path(on, off, periods)
    assert score == pytest.approx(slow_score(on, off, periods))
    assert set(np.diff(beats)) <= set(periods)


def test_beats_follow_a_slow_change_of_tempo() -> None:
    periods = 0.5 * np.exp(np.linspace(-0.05, 0.05, 60))
    true = 0.2 + np.concatenate([[0], np.cumsum(periods)])
    envelope = np.zeros(int(true[-1] * FRAMES_HZ) + 20)
    envelope[np.round(true * FRAMES_HZ).astype(int)] = 1.0
    found = track_beats(envelope, 118.0).beats_s
    assert np.abs(found[:, None] - true).min(axis=0).max() < 0.03


def test_smoothing_keeps_a_straight_line_and_halves_noise() -> None:
    straight = 3.0 + 0.5 * np.arange(40)
    np.testing.assert_allclose(smoothed(straight), straight)
    noise = np.random.default_rng(0).normal(0, 0.01, 40)
    assert np.std(smoothed(straight + noise) - straight) < 0.006


@pytest.mark.parametrize("duration_s", [0.05, 3.0, 10.0])
def test_extended_covers_the_window_and_no_more(duration_s: float) -> None:
    grid = extended(np.array([1.1, 1.6, 2.1, 2.6]), duration_s)
    assert grid[0] <= 0.0 < grid[1]
    assert grid[-1] >= duration_s
    assert grid[-1] == pytest.approx(2.6) or grid[-2] < duration_s
    np.testing.assert_allclose(np.diff(grid), 0.5)

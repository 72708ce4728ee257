import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.join.align import Meeting, best_place, best_shift, moved


def _slow_shift(old, new, lags):
    """The obvious twin: the sum of products for each lag, one after the other."""
    frames = old.shape[1]
    scores = []
    for lag in lags:
        score = 0.0
        for n in range(frames):
            if 0 <= n + lag < frames:
                score += float(old[:, n + lag] @ new[:, n])
        scores.append(score)
    return lags[int(np.argmax(scores))]


@settings(max_examples=20, deadline=None)
@given(lag=st.integers(-15, 15), seed=st.integers(0, 99))
def test_the_shift_is_found(lag, seed):
    rng = np.random.default_rng(seed)
    sound = rng.standard_normal((2, 300))
    old, new = sound[:, 50:200], sound[:, 50 + lag : 200 + lag]
    lags = range(-20, 21)
    assert best_shift([Meeting(old, new)], lags) == lag == _slow_shift(old, new, lags)


def test_unlike_or_silent_sound_is_not_shifted():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 2, 4_000))
    assert best_shift([Meeting(a, b)], range(-50, 51)) == 0
    assert best_shift([Meeting(a, 0 * a)], range(-50, 51)) == 0
    assert best_shift([], range(-50, 51)) == 0
    assert best_shift([Meeting(a[:, 7:], a[:, :-7])], range(1)) == 0


def test_one_shift_serves_both_edges():
    rng = np.random.default_rng(0)
    sound = rng.standard_normal((1, 5_000))
    late = Meeting(sound[:, 100:900], sound[:, 90:890])
    other = Meeting(sound[:, 3_000:3_800], sound[:, 2_990:3_790])
    assert best_shift([late, other], range(-20, 21)) == -10


def test_the_place_is_the_slow_twins():
    rng = np.random.default_rng(1)
    old, new = rng.standard_normal((2, 2, 400))
    fade = 60
    slow = [
        np.sum((new[:, k : k + fade] - old[:, k : k + fade]) ** 2)
        / np.sum(new[:, k : k + fade] ** 2 + old[:, k : k + fade] ** 2)
        for k in range(400 - fade + 1)
    ]
    found = best_place(Meeting(old, new), fade)
    assert slow[found] <= min(slow) + 0.01
    assert all(cost > min(slow) + 0.01 for cost in slow[:found])


def test_equal_places_give_the_first():
    rng = np.random.default_rng(1)
    sound = rng.standard_normal((2, 400))
    assert best_place(Meeting(sound, sound), 50) == 0
    assert best_place(Meeting(0 * sound, 0 * sound), 50) == 0
    assert best_place(Meeting(sound[:, :50], -sound[:, :50]), 50) == 0


def test_two_silences_are_the_best_place():
    rng = np.random.default_rng(1)
    old, new = rng.standard_normal((2, 1, 400))
    old[:, 200:300] = new[:, 200:300] = 0
    assert best_place(Meeting(old, new), 80) == pytest.approx(200, abs=1)


@pytest.mark.parametrize(("by", "expected"), [(0, [1, 2, 3]), (1, [0, 1, 2]), (-2, [3, 0, 0])])
def test_moved(by, expected):
    np.testing.assert_array_equal(moved(np.array([[1.0, 2.0, 3.0]]), by), [expected])

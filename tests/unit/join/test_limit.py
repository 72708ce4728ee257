import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.join.limit import LOOK_S, MARGIN, ceiling, limiting_gain

RATE_HZ = 8_000


def gain_of(new, old, most):
    return limiting_gain(
        lambda run: (new[:, run.start : run.end], old[:, run.start : run.end]), new.shape[1], RATE_HZ, most
    )


def test_nothing_to_do_is_nothing_done():
    new = np.full((2, 100), 0.5)
    assert gain_of(new, 0 * new, 0.9) == (None, 0.0)
    assert gain_of(new[:, :0], new[:, :0], 0.9) == (None, 0.0)


@settings(max_examples=30, deadline=None)
@given(frames=st.integers(1, 3_000), seed=st.integers(0, 99), channels=st.integers(1, 3))
def test_the_sum_stays_below_the_ceiling(frames, seed, channels):
    rng = np.random.default_rng(seed)
    weight = np.linspace(0, 1, frames)
    new = weight * rng.standard_normal((channels, frames))
    old = (1 - weight) * rng.uniform(-0.8, 0.8, (channels, frames))
    gain, reduction_db = gain_of(new, old, 0.8)
    if gain is None:
        assert np.abs(new + old).max() <= 0.8
        return
    assert np.abs(new * gain + old).max() <= 0.8 + 1e-9
    assert (gain >= 0).all()
    assert (gain <= 1).all()
    assert reduction_db > 0


def test_one_peak_is_a_slow_dip():
    new = np.full((1, 4_000), 0.1)
    new[0, 2_000] = 1.8
    gain, reduction_db = gain_of(new, 0 * new, 0.9)
    assert reduction_db == pytest.approx(6.02, abs=0.01)
    reach = 2 * round(LOOK_S * RATE_HZ) + 2
    assert (gain[: 2_000 - reach] == 1).all()
    assert (gain[2_000 + reach :] == 1).all()
    assert np.abs(np.diff(gain)).max() < 2 / reach
    assert gain.argmin() == pytest.approx(2_000, abs=reach)


def test_ceiling():
    quiet, loud = np.full((1, 10), 0.3), np.full((1, 10), -1.2)
    assert ceiling(quiet, 1.0, is_float=True) == MARGIN
    assert ceiling(loud, 1.0, is_float=True) == 1.2
    assert ceiling(loud, 32_768.0, is_float=False) == 1 - 2 / 32_768

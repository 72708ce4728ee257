import numpy as np
import pytest

from punchin.join.fades import rising
from punchin.region import Frames
from punchin.seam.difference import beat_lag_ms, switch_db

RATE_HZ = 44_100


def sounds():
    return np.random.default_rng(0).standard_normal((2, 2, RATE_HZ)) * 0.1


@pytest.mark.parametrize("into", [True, False])
def test_a_hard_cut_to_unrelated_sound_is_at_3_db(into):
    old, other = sounds()
    new = old.copy()
    part = slice(20_000, None) if into else slice(0, 20_000)
    new[:, part] = other[:, part]
    assert switch_db(old, new, Frames(20_000, 20_000), RATE_HZ, into=into) == pytest.approx(3, abs=0.7)


@pytest.mark.parametrize(("milliseconds", "most"), [(10, -5), (50, -25), (150, -40)])
def test_a_fade_hides_the_switch(milliseconds, most):
    old, other = sounds()
    frames = round(milliseconds * RATE_HZ / 1000)
    comes, goes = rising(frames, 0.0)
    new = old.copy()
    new[:, 20_000 : 20_000 + frames] = (
        old[:, 20_000 : 20_000 + frames] * goes + other[:, 20_000 : 20_000 + frames] * comes
    )
    new[:, 20_000 + frames :] = other[:, 20_000 + frames :]
    seam = Frames(20_000, 20_000 + frames)
    assert switch_db(old, new, seam, RATE_HZ, into=True) < most
    backwards = Frames(RATE_HZ - seam.end, RATE_HZ - seam.start)
    assert switch_db(old[:, ::-1], new[:, ::-1], backwards, RATE_HZ, into=False) == pytest.approx(
        switch_db(old, new, seam, RATE_HZ, into=True), abs=1e-6
    )


def test_no_difference_is_no_switch():
    old, _ = sounds()
    assert switch_db(old, old, Frames(20_000, 22_000), RATE_HZ, into=True) is None
    assert switch_db(0 * old, 0 * old, Frames(20_000, 22_000), RATE_HZ, into=True) is None


def beats(lag=0, groups=2):
    rng = np.random.default_rng(3)
    curve = np.zeros((600, groups))
    curve[30 + lag :: 43] = 1
    return curve + 0.1 * rng.random((600, groups))


@pytest.mark.parametrize("lag", [-20, -9, 8, 18])
def test_a_shift_of_the_beat_is_measured(lag):
    assert beat_lag_ms(beats(), beats(lag), 0.0116) == pytest.approx(lag * 11.6, abs=0.1)


def test_on_the_beat_is_zero_and_no_beat_is_none():
    assert beat_lag_ms(beats(), beats(), 0.0116) == 0
    # Another lag must fit clearly better than none: both at once is a busier beat, not a late one.
    assert beat_lag_ms(beats(), beats() + 1.05 * np.roll(beats(), 10, axis=0), 0.0116) == 0
    flat = np.random.default_rng(9).random((600, 2))
    assert beat_lag_ms(beats(), flat, 0.0116) is None
    assert beat_lag_ms(beats(), np.zeros((600, 2)), 0.0116) is None
    assert beat_lag_ms(beats()[:100], beats()[:100], 0.0116) is None

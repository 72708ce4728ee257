import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.join.quantise import in_runs, native
from punchin.songfile import SampleFormat


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24, 32])
def test_every_integer_comes_back(bits):
    fmt = SampleFormat(bits)
    rng = np.random.default_rng(0)
    values = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), (2, 1_000)).astype(fmt.dtype)
    np.testing.assert_array_equal(native(fmt.to_float(values, np.float64), fmt, None), values)


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_full_scale_does_not_wrap_around(bits):
    fmt = SampleFormat(bits)
    found = native(np.array([[1.0, 1.5, -1.0, -7.0]]), fmt, np.random.default_rng(0))
    top = 2 ** (bits - 1)
    assert found.tolist()[0][0] >= top - 2
    assert found.tolist()[0][1:] == [top - 1, found[0, 2], -top]
    assert found[0, 2] <= -top + 1


def test_dither_makes_the_mean_right_and_the_error_independent():
    fmt = SampleFormat(8)
    for level in (0.0, 0.25, 0.5):
        mix = np.full((1, 40_000), (3 + level) / 128)
        steps = native(mix, fmt, np.random.default_rng(1)).astype(float)
        assert steps.mean() == pytest.approx(3 + level, abs=0.02)
        # The whole point of triangular noise: the power of the error does not depend on the signal.
        assert steps.var() == pytest.approx(1 / 4, abs=0.02)
    assert (native(mix, fmt, None) == 4).all()


def test_no_dither_above_24_bits_or_on_floats():
    mix = np.linspace(-0.9, 0.9, 100)[None]
    for fmt in (SampleFormat(32), SampleFormat(32, is_float=True), SampleFormat(64, is_float=True)):
        np.testing.assert_array_equal(native(mix, fmt, np.random.default_rng(0)), native(mix, fmt, None))


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 6))
def test_runs_are_the_slow_twins(values, least):
    expected = []
    start = 0
    while start < len(values):
        end = start
        while end < len(values) and values[end] == values[start]:
            end += 1
        whole = end - start >= least or start == 0 or end == len(values)
        expected += [values[start] and whole] * (end - start)
        start = end
    assert in_runs(np.array(values, bool), least).tolist() == expected

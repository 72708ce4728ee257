import numpy as np
import pytest

from punchin.engines.embedded.gap.prediction import autocorrelation, levinson, solve_toeplitz

LAGS = np.array([[2.0, 0.9, 0.3, -0.1, 0.05, 0.0], [1.0, -0.5, 0.2, 0.0, 0.0, 0.0]])


def matrix(lags):
    return lags[np.abs(np.arange(lags.size)[:, None] - np.arange(lags.size))]


def test_the_recursion_solves_its_equations():
    predictor = levinson(LAGS)
    for lags, coefficients, error in zip(LAGS, predictor.coefficients, predictor.error, strict=True):
        right = matrix(lags) @ coefficients
        np.testing.assert_allclose(right, [error, 0, 0, 0, 0, 0], atol=1e-12)


def test_a_band_may_be_named_to_save_time():
    np.testing.assert_allclose(levinson(LAGS, 4).coefficients, levinson(LAGS).coefficients)


def test_toeplitz_systems_are_solved_as_by_elimination():
    rng = np.random.default_rng(0)
    lags = np.zeros((2, 300))
    lags[:, :20] = np.stack([np.correlate(a, a, "full")[19:] for a in rng.standard_normal((2, 20))])
    lags[:, 0] += 0.1
    right = rng.standard_normal((2, 300))
    for solved, row, wanted in zip(solve_toeplitz(lags, right, 19), lags, right, strict=True):
        np.testing.assert_allclose(solved, np.linalg.solve(matrix(row), wanted), rtol=1e-8, atol=1e-8)


def test_the_predictor_of_a_known_process_is_found():
    rng = np.random.default_rng(1)
    noise = rng.standard_normal(200_000)
    played = np.zeros_like(noise)
    for n in range(2, noise.size):
        played[n] = 1.5 * played[n - 1] - 0.8 * played[n - 2] + noise[n]
    predictor = levinson(autocorrelation([played[None]], 4))
    np.testing.assert_allclose(predictor.coefficients[0], [1, -1.5, 0.8, 0, 0], atol=0.02)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_silence_and_direct_current_do_not_break_it(value):
    predictor = levinson(autocorrelation([np.full((1, 500), value)], 30))
    assert np.isfinite(predictor.coefficients).all()

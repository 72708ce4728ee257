"""Linear prediction: the recursion of Levinson and Durbin, and what else it solves.

All functions work on every channel at once, `[C, ...]`: the recursions are loops of thousands of short steps,
and one step for all channels costs hardly more than one for one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RIDGE = 1e-9
"""Added to lag 0 of an autocorrelation, relative to it: keeps the recursion stable on pure tones (-90 dB)."""


@dataclass(frozen=True, slots=True, eq=False)
class Predictor:
    """A prediction error filter and what it leaves.

    Attributes:
        coefficients: `[C, P + 1]`, the first is 1; the error is Σ coefficients[i] · x[n - i].
        error: `[C]`, mean square of what cannot be predicted, in the unit of the autocorrelation.
    """

    coefficients: Floats
    error: Floats


def autocorrelation(sides: list[Floats], order: int) -> Floats:
    """Added autocorrelations of `sides`, each `[C, N]`, Hann-windowed: lags 0..order `[C, order + 1]`."""
    total = np.zeros((sides[0].shape[0], order + 1))
    for side in sides:
        frames = side.shape[1]
        size = 1 << (frames + order).bit_length()
        spectrum = np.fft.rfft(side * np.hanning(frames + 2)[1:-1], size, axis=1)
        total += np.fft.irfft(np.square(np.abs(spectrum)), size, axis=1)[:, : order + 1]
    total[:, 0] = total[:, 0] * (1 + RIDGE) + np.finfo(np.float64).tiny
    return total


def levinson(lags: Floats, bandwidth: int | None = None) -> Predictor:
    """Solve T·a = (E, 0, ... 0) with a[0] = 1; T is the symmetric Toeplitz matrix with first column `lags`.

    Durbin, "The fitting of time-series models", 1960; O(P²).

    Args:
        lags: `[C, P + 1]`, positive definite.
        bandwidth: lags beyond this one are zero, which saves time; None if they may all be there.
    """
    channels, size = lags.shape
    reach = size - 1 if bandwidth is None else min(bandwidth, size - 1)
    backwards = np.ascontiguousarray(lags[:, ::-1])
    coefficients = np.zeros((channels, size))
    coefficients[:, 0] = 1.0
    error = lags[:, 0].copy()
    for step in range(1, size):
        low = max(0, step - reach)
        met = backwards[:, size - 1 - step + low : size - 1]
        reflection = -np.einsum("cn,cn->c", coefficients[:, low:step], met) / error
        coefficients[:, 1 : step + 1] += reflection[:, None] * coefficients[:, step - 1 :: -1]
        error *= 1 - reflection**2
    return Predictor(coefficients, error)


def solve_toeplitz(lags: Floats, right: Floats, bandwidth: int | None = None) -> Floats:
    """Solve T·x = right; T is symmetric positive definite Toeplitz with first column `lags`, `[C, N]`.

    The inverse of such a matrix is (L·Lᵀ - M·Mᵀ) / E with two triangular Toeplitz matrices made of the
    predictor's coefficients (Gohberg and Semencul 1972), so that only FFTs remain once those are known.
    """
    predictor = levinson(lags, bandwidth)
    size = lags.shape[1]
    block = 1 << (2 * size - 1).bit_length()
    lower = np.fft.rfft(predictor.coefficients, block, axis=1)
    reversed_lower = np.zeros_like(predictor.coefficients)
    reversed_lower[:, 1:] = predictor.coefficients[:, :0:-1]
    second = np.fft.rfft(reversed_lower, block, axis=1)

    def there_and_back(triangle: NDArray[np.complex128]) -> Floats:
        spectrum = np.fft.rfft(right, block, axis=1)
        upper = np.fft.irfft(spectrum * triangle.conj(), block, axis=1)[:, :size]
        return np.fft.irfft(np.fft.rfft(upper, block, axis=1) * triangle, block, axis=1)[:, :size]

    return (there_and_back(lower) - there_and_back(second)) / predictor.error[:, None]

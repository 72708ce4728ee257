"""Filters as gains on the frequency axis: any response, no start-up ringing to guess, no scipy to import.

A second-order filter of the "Audio EQ Cookbook" (R. Bristow-Johnson, W3C Note 2021) is evaluated on the unit
circle and multiplied onto the spectrum, which is the same as running its difference equation from rest, up to
the tail that is longer than the zeros padded at the end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Sound = NDArray[np.float32]
"""Samples `[C, N]`."""

Gains = NDArray[np.complexfloating]
"""Complex gain at each frequency, `[F]`."""

BUTTERWORTH_Q = 0.5**0.5

TAIL_S = 0.1
"""Zeros behind the sound for what a filter rings on."""


def fast_length(frames: int) -> int:
    """The smallest 2^a · 3^b · 5^c that is at least `frames` and even: an FFT of that length is quick."""
    best = 1 << max(1, (frames - 1).bit_length())
    five = 1
    while five < best:
        product = five
        while product < best:
            quotient = -(-frames // product)
            length = product << max(1, (quotient - 1).bit_length())
            if frames <= length < best:
                best = length
            product *= 3
        five *= 5
    return best


def filtered(samples: Sound, rate_hz: int, response: Callable[[NDArray[np.floating]], Gains]) -> Sound:
    """The samples with a gain for each frequency, `[C, N]` → `[C, N]`.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        response: from frequencies in hertz, `[F]`, to complex gains.
    """
    frames = samples.shape[1]
    if not frames:
        return samples.copy()
    length = fast_length(frames + round(TAIL_S * rate_hz))
    gains = response(np.fft.rfftfreq(length, 1 / rate_hz))
    spectrum = np.fft.rfft(samples, length, axis=1)
    spectrum *= gains.astype(np.complex64)
    return np.fft.irfft(spectrum, length, axis=1)[:, :frames].astype(np.float32, copy=False)


def _biquad(
    frequency_hz: NDArray[np.floating],
    rate_hz: int,
    b: tuple[float, float, float],
    a: tuple[float, float, float],
) -> Gains:
    z = np.exp(-2j * np.pi * frequency_hz / rate_hz)
    return (b[0] + z * (b[1] + z * b[2])) / (a[0] + z * (a[1] + z * a[2]))


def _corner(corner_hz: float, rate_hz: int, q: float) -> tuple[float, float]:
    """Cosine and alpha of the cookbook; corners above 0.49 of the rate are moved there."""
    w = 2 * np.pi * min(corner_hz, 0.49 * rate_hz) / rate_hz
    return float(np.cos(w)), float(np.sin(w)) / (2 * q)


def low_pass(
    frequency_hz: NDArray[np.floating], rate_hz: int, corner_hz: float, q: float = BUTTERWORTH_Q
) -> Gains:
    """12 dB an octave above `corner_hz`, -3 dB there (cookbook: LPF)."""
    c, alpha = _corner(corner_hz, rate_hz, q)
    return _biquad(frequency_hz, rate_hz, ((1 - c) / 2, 1 - c, (1 - c) / 2), (1 + alpha, -2 * c, 1 - alpha))


def high_pass(
    frequency_hz: NDArray[np.floating], rate_hz: int, corner_hz: float, q: float = BUTTERWORTH_Q
) -> Gains:
    """12 dB an octave below `corner_hz`, -3 dB there (cookbook: HPF)."""
    c, alpha = _corner(corner_hz, rate_hz, q)
    return _biquad(frequency_hz, rate_hz, ((1 + c) / 2, -1 - c, (1 + c) / 2), (1 + alpha, -2 * c, 1 - alpha))


def band_pass(frequency_hz: NDArray[np.floating], rate_hz: int, centre_hz: float, q: float) -> Gains:
    """Gain 1 at `centre_hz`, 6 dB an octave on both sides (cookbook: BPF, constant peak)."""
    c, alpha = _corner(centre_hz, rate_hz, q)
    return _biquad(frequency_hz, rate_hz, (alpha, 0.0, -alpha), (1 + alpha, -2 * c, 1 - alpha))


def bell(
    frequency_hz: NDArray[np.floating], rate_hz: int, centre_hz: float, gain_db: float, q: float = 0.8
) -> Gains:
    """`gain_db` at `centre_hz`, 0 dB far from it (cookbook: peakingEQ)."""
    c, alpha = _corner(centre_hz, rate_hz, q)
    up = 10 ** (gain_db / 40)
    return _biquad(
        frequency_hz,
        rate_hz,
        (1 + alpha * up, -2 * c, 1 - alpha * up),
        (1 + alpha / up, -2 * c, 1 - alpha / up),
    )


def low_shelf(frequency_hz: NDArray[np.floating], rate_hz: int, corner_hz: float, gain_db: float) -> Gains:
    """`gain_db` far below `corner_hz`, half of it there, 0 dB above (cookbook: lowShelf, slope 1)."""
    return _shelf(frequency_hz, rate_hz, corner_hz, gain_db, side=1.0)


def high_shelf(frequency_hz: NDArray[np.floating], rate_hz: int, corner_hz: float, gain_db: float) -> Gains:
    """`gain_db` far above `corner_hz`, half of it there, 0 dB below (cookbook: highShelf, slope 1)."""
    return _shelf(frequency_hz, rate_hz, corner_hz, gain_db, side=-1.0)


def _shelf(
    frequency_hz: NDArray[np.floating], rate_hz: int, corner_hz: float, gain_db: float, side: float
) -> Gains:
    """Both shelves: they differ only in the sign of the cosine's terms."""
    c, alpha = _corner(corner_hz, rate_hz, BUTTERWORTH_Q)
    up = 10 ** (gain_db / 40)
    root = 2 * up**0.5 * alpha
    b = (
        up * (up + 1 - side * (up - 1) * c + root),
        side * 2 * up * (up - 1 - side * (up + 1) * c),
        up * (up + 1 - side * (up - 1) * c - root),
    )
    a = (
        up + 1 + side * (up - 1) * c + root,
        -side * 2 * (up - 1 + side * (up + 1) * c),
        up + 1 + side * (up - 1) * c - root,
    )
    return _biquad(frequency_hz, rate_hz, b, a)

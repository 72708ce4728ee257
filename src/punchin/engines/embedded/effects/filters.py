"""Filters as gains on the frequency axis: any response, no start-up ringing to guess, no scipy to import.

A second-order filter of the "Audio EQ Cookbook" (R. Bristow-Johnson, W3C Note 2021) is evaluated on the unit
circle and multiplied onto the spectrum of overlapping blocks, which is the same as running its difference
equation from rest, but for what it still rings after a tenth of a second.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Sound = NDArray[np.floating]
"""Samples `[C, N]`."""

Gains = NDArray[np.complexfloating]
"""Complex gain at each frequency, `[F]`."""

BUTTERWORTH_Q = 0.5**0.5

TAIL_S = 0.1
"""How long a filter's response may be: what rings on longer is lost."""


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
    channels, frames = samples.shape
    tail = round(TAIL_S * rate_hz)
    block = min(1 << (6 * tail - 1).bit_length(), fast_length(frames + tail))
    gains = response(np.fft.rfftfreq(block, 1 / rate_hz)).astype(np.complex64)
    # Overlap-save: of each inverse transform, the part that the one before has rung into is left out.
    step = block - tail
    count = -(-frames // step)
    padded = np.zeros((channels, tail + count * step), np.float32)
    padded[:, tail : tail + frames] = samples
    heard = np.empty((channels, count * step), np.float32)
    for start in range(0, count * step, step):
        spectrum = np.fft.rfft(padded[:, start : start + block], axis=1)
        heard[:, start : start + step] = np.fft.irfft(spectrum * gains, block, axis=1)[:, tail:]
    return heard[:, :frames]


def _biquad(
    frequency_hz: NDArray[np.floating],
    rate_hz: int,
    b: tuple[float, float, float],
    a: tuple[float, float, float],
) -> Gains:
    z: Gains = np.exp(-2j * np.pi * frequency_hz / rate_hz)
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


SWEEP_FRAMES = 2048
SWEEP_HOP = 512
"""Window and hop of moving filters; the hop is 12 ms at 44.1 kHz, faster than any sweep."""

_TOGETHER = 256
"""How many windows are transformed at once: keeps memory small."""


def swept(
    samples: Sound,
    rate_hz: int,
    response: Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.inexact]],
    control: NDArray[np.floating],
) -> Sound:
    """A filter that moves, `[C, N]` → `[C, N]`: overlapping windows, each with the gains of its moment.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        response: (frequencies `[F]`, values of the control `[W, 1]`) → gains `[W, F]`.
        control: what moves, at each frame, `[N]`.
    """
    channels, frames = samples.shape
    if not frames:
        return samples.copy()
    # Square roots of a Hann window twice, before and after, add up to 1 at a quarter of its length, halved.
    window = np.sqrt(0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SWEEP_FRAMES) / SWEEP_FRAMES)).astype(
        np.float32
    )
    lead = SWEEP_FRAMES - SWEEP_HOP
    count = -(-(frames + lead) // SWEEP_HOP)
    padded = np.zeros((channels, lead + count * SWEEP_HOP + lead), np.float32)
    padded[:, lead : lead + frames] = samples
    heard = np.zeros_like(padded)
    f = np.fft.rfftfreq(SWEEP_FRAMES, 1 / rate_hz)
    views = np.lib.stride_tricks.sliding_window_view(padded, SWEEP_FRAMES, axis=1)[:, ::SWEEP_HOP]
    for start in range(0, count, _TOGETHER):
        block = views[:, start : min(start + _TOGETHER, count)]
        middles = (np.arange(start, start + block.shape[1]) * SWEEP_HOP - lead + SWEEP_FRAMES // 2).clip(
            0, frames - 1
        )
        gains = response(f, control[middles][:, None]).astype(np.complex64)
        spectrum = np.fft.rfft(block * window, axis=2) * gains
        turned = np.fft.irfft(spectrum, SWEEP_FRAMES, axis=2) * (window * np.float32(0.5))
        for number in range(block.shape[1]):
            at = (start + number) * SWEEP_HOP
            heard[:, at : at + SWEEP_FRAMES] += turned[:, number]
    return heard[:, lead : lead + frames]

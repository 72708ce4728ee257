"""Wave forms as harmonic series, and single-cycle tables made from them without a single alias.

A table holds only the harmonics that stay below half the rate at the highest pitch it is played at. A filter
is a factor on each harmonic, so a filter that opens is a fade through a row of tables with rising corners:
exact at every corner, no recursion, and any resonance.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Series = NDArray[np.complexfloating]
"""Amplitude and phase of the harmonics 1, 2, 3 ..., `[K]`; a sine of amplitude 1 is -1j."""

TABLE = 4096
"""Samples in one cycle; straight lines between them are 50 dB off the 100th harmonic, 90 dB off the tenth."""

MOST_HARMONICS = TABLE // 4

BAND = 0.45
"""Harmonics end at this fraction of the rate."""


def harmonics(f0_hz: float, rate_hz: int) -> int:
    """How many harmonics of `f0_hz` fit below half the rate."""
    return max(1, min(MOST_HARMONICS, int(BAND * rate_hz / f0_hz)))


def sine(count: int) -> Series:
    """One harmonic, amplitude 1."""
    series = np.zeros(count, complex)
    series[0] = -1j
    return series


def saw(count: int) -> Series:
    """Rising from -1 to 1: all harmonics, 1/k."""
    k = np.arange(1, count + 1)
    return np.asarray(2j / (np.pi * k), complex)


def pulse(count: int, width: float = 0.5) -> Series:
    """1 for `width` of the cycle and -1 for the rest, without its mean; 0.5 is the square wave."""
    k = np.arange(1, count + 1)
    return np.asarray(2j / (np.pi * k) * (np.exp(-2j * np.pi * k * width) - 1), complex)


def square(count: int) -> Series:
    """1 and -1 for half a cycle each: odd harmonics, 1/k."""
    return pulse(count, 0.5)


def stepped_triangle(count: int) -> Series:
    """The triangle of the NES: 32 steps of 4 bits (wiki.nesdev.org, "APU Triangle")."""
    steps = np.concatenate([np.arange(15, -1, -1), np.arange(16)]) / 7.5 - 1
    # A held step's harmonic is that of the points times sinc: the transform of a staircase.
    points = np.fft.fft(steps) / 16
    k = np.arange(1, count + 1)
    return points[k % 32] * np.sinc(k / 32) * np.exp(-1j * np.pi * k / 32)


def drawbars(levels: tuple[int, ...]) -> Callable[[int], Series]:
    """The nine drawbars of a tone-wheel organ, each 0..8 (3 dB a step), over half the key's pitch.

    The pipes 16', 5 1/3', 8', 4', 2 2/3', 2', 1 3/5', 1 1/3', 1' are harmonics 1, 3, 2, 4, 6, 8, 10, 12, 16.
    """

    def series(count: int) -> Series:
        found = np.zeros(max(count, 16), complex)
        for number, (harmonic, level) in enumerate(zip((1, 3, 2, 4, 6, 8, 10, 12, 16), levels, strict=True)):
            # Tone wheels keep no common phase; the golden angle spreads them and keeps the peaks low.
            found[harmonic - 1] = (10 ** ((level - 8) * 3 / 20) if level else 0) * np.exp(2.4j * number)
        return found[:count]

    return series


def cycle(series: NDArray[np.complexfloating]) -> NDArray[np.floating]:
    """One cycle of each series, `[..., K]` → `[..., TABLE + 1]`; the last sample is the first again."""
    spectrum = np.zeros((*series.shape[:-1], TABLE // 2 + 1), np.complex64)
    spectrum[..., 1 : series.shape[-1] + 1] = series * (TABLE / 2)
    table = np.fft.irfft(spectrum, TABLE, axis=-1)
    return np.concatenate([table, table[..., :1]], axis=-1).astype(np.float32, copy=False)


def read(table: NDArray[np.floating], phase: NDArray[np.floating]) -> NDArray[np.floating]:
    """A table `[TABLE + 1]` at a phase in cycles, `[N]`."""
    at, between = _places(phase)
    return table[at] * (1 - between) + table[at + 1] * between


def read_between(
    tables: NDArray[np.floating], phase: NDArray[np.floating], row: NDArray[np.floating]
) -> NDArray[np.floating]:
    """A row of tables `[M, TABLE + 1]` at a phase and a fractional row 0..M-1 each `[N]`."""
    at, between = _places(phase)
    row = np.clip(row, 0, len(tables) - 1.001)
    below = row.astype(np.int32)
    mix = row - below
    start = below * (TABLE + 1) + at
    flat = tables.reshape(-1)
    low = flat[start] * (1 - between) + flat[start + 1] * between
    start += TABLE + 1
    high = flat[start] * (1 - between) + flat[start + 1] * between
    return low + (high - low) * mix


def _places(phase: NDArray[np.floating]) -> tuple[NDArray[np.int32], NDArray[np.floating]]:
    places = (phase - np.floor(phase)) * TABLE
    at = np.minimum(places.astype(np.int32), TABLE - 1)
    return at, (places - at).astype(np.float32)

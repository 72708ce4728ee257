"""Short-time spectra, in blocks so that memory stays small."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator

Spectrogram = NDArray[np.float32]
"""`[T, bins]`, magnitudes."""

_BLOCK = 512
"""Frames transformed at once: a few megabytes, which stay in the cache."""


def frame_count(samples: int, hop: int) -> int:
    """T: one frame is centred on every `hop`-th sample, the first on sample 0."""
    return samples // hop + 1


def magnitudes(
    wave: NDArray[np.float32], size: int, hop: int, bins: int | None = None
) -> Iterator[Spectrogram]:
    """Hann-windowed magnitudes in blocks `[<= 512, bins]`, in order; frame t is centred on sample t * hop.

    Scaled so that a steady sine of amplitude 1 has a peak of 1. Past its ends the
    wave goes on as its mirror image, so that a cut is not heard as an onset.

    Args:
        wave: `[N]`.
        size, hop: of the frames, in samples.
        bins: how many bins are kept, from 0 Hz up; None for all of them, `size // 2 + 1`.
    """
    count = frame_count(wave.size, hop)
    after = max(0, (count - 1) * hop + size - size // 2 - wave.size)
    padded = np.pad(wave, (size // 2, after), mode="symmetric")
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop][:count]
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    window *= np.float32(2.0 / window.sum())
    for start in range(0, count, _BLOCK):
        spectrum = np.fft.rfft(frames[start : start + _BLOCK] * window, axis=1)[:, :bins]
        # Faster than np.abs, which guards against overflow.
        yield np.sqrt(np.square(spectrum.real) + np.square(spectrum.imag))


def log_filters(
    rate_hz: int, size: int, low_hz: float, high_hz: float, per_octave: int
) -> NDArray[np.float32]:
    """Triangles on a logarithmic frequency scale, `[size // 2 + 1, B]`; each rises and falls between its
    neighbours.

    Centres that fall on the same bin are merged, as in madmom and in Böck & Widmer 2013 (section 3.1): low
    bands are one bin wide.
    """
    count = int(np.log2(high_hz / low_hz) * per_octave) + 1
    centres_hz = low_hz * 2.0 ** (np.arange(count) / per_octave)
    bins = np.unique(np.round(centres_hz * size / rate_hz).astype(int))
    bins = bins[bins < size // 2]
    x = np.arange(size // 2 + 1)[:, None]
    left, centre, right = bins[None, :-2], bins[None, 1:-1], bins[None, 2:]
    rising, falling = (x - left) / (centre - left), (right - x) / (right - centre)
    return np.clip(np.minimum(rising, falling), 0.0, 1.0).astype(np.float32)


def filter_centres_hz(rate_hz: int, size: int, filters: NDArray[np.float32]) -> NDArray[np.float64]:
    """The frequency of the highest point of each filter, `[B]`."""
    return filters.argmax(axis=0) * (rate_hz / size)


def between(
    rows: NDArray[np.floating[Any]], frames_hz: float, times_s: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Mean of the frames between each pair of successive times, `[T, F]` → `[K, F]` for K + 1 times.

    Frame t stands for the time from half a frame before t / `frames_hz` to half a frame after; frames at an
    edge count in part. Times outside are moved to the nearest end.
    """
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0, dtype=np.float64)])
    edges = times_s * frames_hz + 0.5
    # Every span keeps a little length inside the rows, so that it has a mean.
    start = np.clip(edges[:-1], 0.0, len(rows) - 0.05)
    end = np.clip(edges[1:], start + 0.05, len(rows))
    return (_at(total, end) - _at(total, start)) / (end - start)[:, None]


def _at(rows: NDArray[np.float64], place: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows between rows, by a straight line."""
    whole = np.minimum(place.astype(int), len(rows) - 2)
    part = (place - whole)[:, None]
    return rows[whole] * (1.0 - part) + rows[whole + 1] * part

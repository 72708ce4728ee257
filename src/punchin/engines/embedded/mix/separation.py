"""Splits sound into what sustains and what strikes: harmonic and percussive, by medians of its spectrogram.

A tone is a line along time, a stroke a line along frequency. So the median over time keeps tones and drops
strokes, the median over frequency the other way round, and each bin goes to whichever is stronger there (D.
FitzGerald, "Harmonic/percussive separation using median filtering", DAFx-10, equations 1 to 5, with p = 2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.engines.embedded.effects.filters import Sound

WINDOW_S = 0.093
"""4096 frames at 44.1 kHz: neighbouring semitones come apart from about 200 Hz up."""

OVERLAP = 4
"""The hop is a quarter of the window, 1024 frames at 44.1 kHz."""

TIME_MEDIAN = 13
"""Over how many hops the median in time goes, 0.3 s: a kick drum is over before half of that."""

FREQUENCY_MEDIAN = 11
"""Over how many groups of bins the median in frequency goes, 470 Hz: wider than any note ..."""
GROUP = 4
"""... and how many bins make a group; strokes are broad, so nothing finer is lost."""

TOGETHER = 192
"""How many windows are looked at at once: keeps memory small, whatever the length."""

Magnitudes = NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Layers:
    """Two sounds `[C, N]` whose sum is the sound they were split from."""

    harmonic: Sound
    percussive: Sound


def split(samples: Sound, rate_hz: int) -> Layers:
    """Tones here, strokes there.

    Args:
        samples: `[C, N]`; all channels are split alike, so that nothing moves in the stereo image.
        rate_hz: their rate.
    """
    percussive = through(samples, rate_hz, lambda x, _f: percussive_share(np.abs(x).mean(axis=0)))
    return Layers(samples - percussive, percussive)


def through(
    samples: Sound,
    rate_hz: int,
    gains: Callable[[NDArray[np.complexfloating], NDArray[np.floating]], Magnitudes],
) -> Sound:
    """The samples with a gain for every bin of their spectrogram, `[C, N]` → `[C, N]`.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        gains: from a spectrogram `[C, T, F]` and its frequencies in hertz to gains `[T, F]`, the same for all
            channels; each may depend on `TIME_MEDIAN // 2` windows to either side.
    """
    size = max(64, 1 << round(np.log2(WINDOW_S * rate_hz)))
    hop = size // OVERLAP
    channels, frames = samples.shape
    count = -(-(frames + size) // hop)
    padded = np.zeros((channels, (count - 1) * hop + size), np.float32)
    padded[:, size - hop : size - hop + frames] = samples
    heard = np.zeros_like(padded)
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    # Hann windows twice, a quarter apart, add up to 3/2.
    closing = window * np.float32(1 / 1.5)
    views = np.lib.stride_tricks.sliding_window_view(padded, size, axis=1)[:, ::hop]
    frequencies_hz = np.fft.rfftfreq(size, 1 / rate_hz)
    reach = TIME_MEDIAN // 2
    for start in range(0, count, TOGETHER):
        stop = min(start + TOGETHER, count)
        low, high = max(0, start - reach), min(count, stop + reach)
        spectrum = np.fft.rfft(views[:, low:high] * window, axis=2)
        wanted = gains(spectrum, frequencies_hz)[start - low : stop - low]
        turned = np.fft.irfft(spectrum[:, start - low : stop - low] * wanted, size, axis=2)
        turned = turned.astype(np.float32) * closing
        for number in range(stop - start):
            at = (start + number) * hop
            heard[:, at : at + size] += turned[:, number]
    return heard[:, size - hop : size - hop + frames]


def percussive_share(magnitudes: Magnitudes) -> Magnitudes:
    """How much of each bin is a stroke, 0..1, `[T, F]` → `[T, F]`."""
    tones = np.square(_median(magnitudes, TIME_MEDIAN, axis=0))
    bins = magnitudes.shape[1]
    groups = -(-bins // GROUP)
    pooled = np.pad(magnitudes, ((0, 0), (0, groups * GROUP - bins)), mode="edge")
    pooled = pooled.reshape(len(magnitudes), groups, GROUP).mean(axis=2)
    strokes = np.square(_median(pooled, FREQUENCY_MEDIAN, axis=1)).repeat(GROUP, axis=1)[:, :bins]
    return strokes / np.maximum(strokes + tones, 1e-20)


def _median(values: Magnitudes, width: int, axis: int) -> Magnitudes:
    """Running median over `width` values along an axis, edges repeated."""
    reach = width // 2
    edges = [(0, 0), (0, 0)]
    edges[axis] = (reach, reach)
    views = np.lib.stride_tricks.sliding_window_view(np.pad(values, edges, mode="edge"), width, axis=axis)
    return np.partition(views, reach, axis=2)[:, :, reach]

"""Brings the tone of new sound gently towards the song's: a linear-phase equaliser of third-octave bands.

New music may sound different; that is why it was asked for. So only what lies well outside everything the
song does around the region is touched, and only in part.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.region import Frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.song import Samples, Song

LISTEN_S = 10.0
"""How much of each side, of the original and of the new sound is heard at most."""
SHORTEST_S = 0.25
"""Less sound than this has no tone of its own: it is neither a reference nor corrected."""

LOWEST_HZ, HIGHEST_HZ = 50.0, 16_000.0
TOLERANCE_DB = 3.0
"""How far outside the song's own range a band may be before anything is done."""
CLAMP_DB = 4.0
"""Largest correction of a band."""
LEAST_DB = 0.25
"""An equaliser that would do less than this everywhere is left out."""
FLOOR_DB = -60.0
"""Bands this far below the song's loudest are noise or a codec's empty top: never lifted."""

_SPECTRUM_S = 0.09
_FILTER_S = 0.046


def tone_correction_db(
    window: Song, hole: Frames, new: Song, amount: float
) -> tuple[NDArray[np.float64], ...]:
    """What each third-octave band of the new sound needs.

    Returns:
        Band centres in Hz `[B]` and gains in dB `[B]`; all zero where there is nothing to compare or to do.
    """
    centres = _centres_hz(window.rate_hz)
    listen = round(LISTEN_S * window.rate_hz)
    outside = (
        Frames(max(0, hole.start - listen), hole.start),
        Frames(hole.end, min(window.frames, hole.end + listen)),
    )
    inside = Frames(hole.start, min(hole.end, hole.start + listen))
    references = [
        spectrum
        for part in (*outside, inside)
        if (spectrum := _bands_db(window.samples[:, part.start : part.end], window.rate_hz, centres))
        is not None
    ]
    ours = _bands_db(new.samples[:, :listen], window.rate_hz, centres)
    if ours is None or not references:
        return centres, np.zeros(centres.size)
    low, high = np.min(references, axis=0), np.max(references, axis=0)
    wanted = np.clip(ours, low - TOLERANCE_DB, high + TOLERANCE_DB) - ours
    wanted[(high < FLOOR_DB) & (wanted > 0)] = 0.0
    # The mean may stay in: level is matched after this step.
    smooth = np.convolve(np.pad(amount * wanted, 1, mode="edge"), (0.25, 0.5, 0.25), mode="valid")
    return centres, np.clip(smooth, -CLAMP_DB, CLAMP_DB)


def match_tone(window: Song, hole: Frames, new: Song, amount: float) -> tuple[Samples, float]:
    """Equalise the new sound.

    Args:
        window: the song around the hole, the original inside it; finite.
        hole: where in `window`.
        new: the new sound of exactly the hole.
        amount: 0..1, how much of the excess is taken away.

    Returns:
        The samples `[C, len(hole)]`, not moved in time, and the largest gain in dB that was used; the very
        same samples and 0 where nothing needs to be done.
    """
    centres, gains = tone_correction_db(window, hole, new, amount)
    largest = float(gains[np.argmax(np.abs(gains))])
    if abs(largest) < LEAST_DB:
        return new.samples, 0.0
    half = round(_FILTER_S * window.rate_hz) // 2
    kernel = _linear_phase(centres, gains, half, window.rate_hz)
    # The filter reaches over the edges: what it finds there is the song, as it will be heard there.
    before = _padded(window.samples[:, max(0, hole.start - half) : hole.start], half, at_front=True)
    after = _padded(window.samples[:, hole.end : hole.end + half], half, at_front=False)
    return _convolved(np.concatenate([before, new.samples, after], axis=1), kernel), largest


def _centres_hz(rate_hz: int) -> NDArray[np.float64]:
    """Third-octave centres, base ten (IEC 61260-1), inside what the rate carries."""
    exponents = np.arange(np.floor(10 * np.log10(LOWEST_HZ)), 10 * np.log10(HIGHEST_HZ) + 0.5)
    centres = 10 ** (exponents / 10)
    return centres[centres < 0.42 * rate_hz]


def _bands_db(samples: Samples, rate_hz: int, centres: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Mean power in each band in dB, 0 dB being the loudest `[B]`; None for too little sound or silence."""
    size = 1 << round(np.log2(_SPECTRUM_S * rate_hz))
    if samples.shape[1] < max(size, SHORTEST_S * rate_hz):
        return None
    frames = np.lib.stride_tricks.sliding_window_view(samples, size, axis=1)[:, :: size // 2]
    spectrum = np.fft.rfft(frames * np.hanning(size).astype(samples.dtype))
    power = np.mean(np.square(np.abs(spectrum), dtype=np.float64), axis=(0, 1))
    edges = np.concatenate([centres * 10**-0.05, centres[-1:] * 10**0.05])
    total = np.concatenate([[0.0], np.cumsum(power)])
    places = np.interp(edges * size / rate_hz, np.arange(total.size) - 0.5, total)
    bands = np.maximum(np.diff(places), 0.0)
    if bands.max() < 1e-12:
        return None
    return 10 * np.log10(bands / bands.max() + 1e-12)


def _linear_phase(
    centres: NDArray[np.float64], gains_db: NDArray[np.float64], half: int, rate_hz: int
) -> NDArray[np.float64]:
    """Symmetric kernel `[2 · half + 1]`: the gains interpolated over log frequency, Hann-windowed in time."""
    grid = 8 * half
    frequency = np.maximum(np.fft.rfftfreq(grid, 1 / rate_hz), centres[0] / 4)
    response = 10 ** (np.interp(np.log(frequency), np.log(centres), gains_db) / 20)
    impulse = np.roll(np.fft.irfft(response, grid), half)[: 2 * half + 1]
    return impulse * np.hanning(2 * half + 3)[1:-1]


def _padded(samples: Samples, frames: int, *, at_front: bool) -> Samples:
    missing = frames - samples.shape[1]
    return np.pad(samples, ((0, 0), (missing, 0) if at_front else (0, missing)))


def _convolved(samples: Samples, kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of the convolution where the kernel lies wholly inside: `[C, N + K - 1]` → `[C, N]`."""
    block = 1 << (8 * kernel.size - 1).bit_length()
    step = block - kernel.size + 1
    frames = samples.shape[1] - kernel.size + 1
    response = np.fft.rfft(kernel, block)
    result = np.empty((samples.shape[0], frames))
    for start in range(0, frames, step):
        spectrum = np.fft.rfft(samples[:, start : start + block], block, axis=1) * response
        end = min(frames, start + step)
        whole = np.fft.irfft(spectrum, block, axis=1)
        result[:, start:end] = whole[:, kernel.size - 1 : kernel.size - 1 + end - start]
    return result

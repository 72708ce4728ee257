"""Loudness of each beat, without filtering the whole window sample by sample.

By Parseval's theorem the power after a filter is the sum of the squared spectrum times the filter's squared
response: one FFT a block instead of two, and in single precision. `loudness.k_power` is the slow, exact twin.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.loudness import OFFSET_LUFS, channel_weights, k_response

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.song import Song

_BLOCK_S = 0.046
_BLOCKS_AT_ONCE = 256


def beat_loudness(song: Song, beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """K-weighted level (BS.1770-4) between each pair of successive times, `[K + 1]` → `[K]` LUFS; -inf where
    silent.

    What lies outside the song does not count. Blocks of some 46 ms are shared out at the edges in proportion.
    """
    powers, block = k_block_powers(song)
    total = np.concatenate([[0.0], np.cumsum(powers)])
    at = np.clip(np.asarray(beats_s) * song.rate_hz, 0, song.frames) / block
    energy = np.diff(np.interp(at, np.arange(total.size), total))
    length = np.maximum(np.diff(at), 1e-9)
    power = energy / length
    with np.errstate(divide="ignore"):
        return np.where(power > 1e-12, OFFSET_LUFS + 10 * np.log10(np.maximum(power, 1e-12)), -np.inf)


def k_block_powers(song: Song) -> tuple[NDArray[np.float64], int]:
    """Mean K-weighted power of successive blocks, `[B]`, and their length in frames.

    The last block is filled up with silence. The blocks are cut without a window, so that every sample counts
    once; what the edges spread over the spectrum hardly matters to a filter this smooth.
    """
    block = 1 << max(4, round(np.log2(_BLOCK_S * song.rate_hz)))
    gain = np.square(np.abs(k_response(np.fft.rfftfreq(block, 1 / song.rate_hz).astype(np.float64)))).astype(
        np.float32
    )
    gain[1:-1] *= 2
    gain /= np.float32(block) ** 2
    count = -(-song.frames // block)
    powers = np.zeros(count)
    padded = np.zeros((count, block), np.float32)
    for weight, channel in zip(channel_weights(song.channels), song.samples, strict=True):
        if not weight:
            continue
        padded.ravel()[: song.frames] = channel
        for start in range(0, count, _BLOCKS_AT_ONCE):
            spectrum = np.fft.rfft(padded[start : start + _BLOCKS_AT_ONCE], axis=1)
            power = (np.square(spectrum.real) + np.square(spectrum.imag)) @ gain
            powers[start : start + len(power)] += weight * power
    return powers, block

"""Loudness as ITU-R BS.1770-4 defines it: K-weighting, 400 ms blocks, two gates.

The standard gives its two filters as biquads at 48 kHz. Here their frequency response is applied by FFT at the
true frequency of every bin, so that the same sound measures the same at 8 kHz and at 192 kHz, and no filter has
to be designed again for each rate. At 48 kHz this is the standard's filter, sample for sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from punchin.song import Samples, Song

STANDARD_RATE_HZ = 48_000
"""The rate that the coefficients below belong to (BS.1770-4, annex 1, tables 1 and 2)."""

SHELF_B = (1.53512485958697, -2.69169618940638, 1.19839281085285)
SHELF_A = (1.0, -1.69065929318241, 0.73248077421585)
"""Stage 1: the head as a sphere, +4 dB above some 1.5 kHz (table 1)."""

HIGH_PASS_B = (1.0, -2.0, 1.0)
HIGH_PASS_A = (1.0, -1.99004745483398, 0.99007225036621)
"""Stage 2: the RLB curve, a high-pass at 38 Hz (table 2)."""

OFFSET_LUFS = -0.691
"""Makes a 997 Hz sine of 0 dBFS in one front channel measure -3.01 LUFS (BS.1770-4, annex 1, note 1)."""

MOMENTARY_S = 0.4
SHORT_TERM_S = 3.0
STEP_S = 0.1
"""Window of momentary loudness, also the gating block; of short-term loudness (EBU Tech 3341); and the hop."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

_RINGING_S = 0.15
"""How long the filters ring: the slowest pole is at 38 Hz, critically damped, so 0.15 s is e^-36."""

_SIDE = 1.41
_CHANNEL_WEIGHTS = {
    4: (1.0, 1.0, _SIDE, _SIDE),
    5: (1.0, 1.0, 1.0, _SIDE, _SIDE),
    6: (1.0, 1.0, 1.0, 0.0, _SIDE, _SIDE),
    7: (1.0, 1.0, 1.0, 0.0, 1.0, _SIDE, _SIDE),
    8: (1.0, 1.0, 1.0, 0.0, 1.0, 1.0, _SIDE, _SIDE),
}
"""By number of channels in WAVE order; the LFE does not count, channels beside the listener count 1.5 dB more
(BS.1770-4, tables 3 and 4: azimuth 60 to 120 degrees)."""


def channel_weights(channels: int) -> NDArray[np.float64]:
    """How much each channel's power counts, `[C]`."""
    return np.array(_CHANNEL_WEIGHTS.get(channels, (1.0,) * channels))


def k_response(frequency_hz: NDArray[np.float64]) -> NDArray[np.complex128]:
    """Complex gain of the K-weighting at each frequency, same shape; above 24 kHz it stays as at 24 kHz."""
    turn = 2 * np.pi * np.minimum(np.abs(frequency_hz), STANDARD_RATE_HZ / 2) / STANDARD_RATE_HZ
    delay = np.exp(-1j * turn)
    powers = np.stack([np.ones_like(delay), delay, delay**2])
    shelf = (SHELF_B @ powers) / (SHELF_A @ powers)
    return shelf * ((HIGH_PASS_B @ powers) / (HIGH_PASS_A @ powers))


def k_weighted(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    """The samples as loudness hears them, `[C, N]` → `[C, N]`; silence before the first sample is assumed.

    Overlap-save: blocks long enough that what wraps around has died away are cut from each inverse FFT.
    """
    channels, frames = samples.shape
    ringing = round(_RINGING_S * rate_hz)
    block = 1 << (4 * ringing - 1).bit_length()
    step = block - ringing
    response = k_response(np.arange(block // 2 + 1) * (rate_hz / block))
    padded = np.zeros((channels, ringing + -(-frames // step) * step))
    padded[:, ringing : ringing + frames] = samples
    heard = np.empty((channels, frames))
    for start in range(0, frames, step):
        filtered = np.fft.irfft(np.fft.rfft(padded[:, start : start + block], axis=1) * response, block, axis=1)
        end = min(frames, start + step)
        heard[:, start:end] = filtered[:, ringing : ringing + end - start]
    return heard


def k_power(song: Song) -> NDArray[np.float64]:
    """Weighted sum over channels of the squared K-weighted samples, `[N]`; its mean is what loudness is."""
    return channel_weights(song.channels) @ np.square(k_weighted(song.samples, song.rate_hz))


def lufs(mean_power: float) -> float:
    """Loudness of a mean K-weighted power (BS.1770-4, equation 2); -inf for none."""
    return OFFSET_LUFS + 10 * float(np.log10(mean_power)) if mean_power > 0 else float("-inf")


def ungated_lufs(song: Song) -> float:
    """Loudness of the whole without gates: what a short passage is measured by. Silence is -inf."""
    return lufs(float(np.mean(k_power(song)))) if song.frames else float("-inf")


def running_lufs(song: Song, window_s: float, step_s: float = STEP_S) -> NDArray[np.float64]:
    """Loudness of windows of `window_s`, one every `step_s`, `[B]`; silent ones are -inf.

    Only whole windows are measured; a song shorter than one window is measured as one.
    """
    powers = _window_powers(song, window_s, step_s)
    with np.errstate(divide="ignore"):
        return OFFSET_LUFS + 10 * np.log10(powers)


def momentary_lufs(song: Song, step_s: float = STEP_S) -> NDArray[np.float64]:
    """Loudness of every 400 ms, `[B]`."""
    return running_lufs(song, MOMENTARY_S, step_s)


def short_term_lufs(song: Song, step_s: float = STEP_S) -> NDArray[np.float64]:
    """Loudness of every 3 s, `[B]`."""
    return running_lufs(song, SHORT_TERM_S, step_s)


def loudness_lufs(song: Song) -> float:
    """Integrated loudness with both gates (BS.1770-4, equations 3 to 7); -inf for silence.

    Every sample must be a number. A song shorter than one block of 400 ms is measured as one block.
    """
    powers = _window_powers(song, MOMENTARY_S, STEP_S)
    loud = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return float("-inf")
    gate = float(np.mean(loud)) * 10 ** (RELATIVE_GATE_LU / 10)
    return lufs(float(np.mean(loud[loud > gate])))


def _power(level_lufs: float) -> float:
    return 10 ** ((level_lufs - OFFSET_LUFS) / 10)


def _window_powers(song: Song, window_s: float, step_s: float) -> NDArray[np.float64]:
    """Mean K-weighted power of each window, `[B]`."""
    if not song.frames:
        return np.zeros(0)
    window = min(song.frames, round(window_s * song.rate_hz))
    count = int((song.frames - window) / (step_s * song.rate_hz)) + 1
    starts = np.round(np.arange(count) * step_s * song.rate_hz).astype(np.int64)
    total = np.concatenate([[0.0], np.cumsum(k_power(song))])
    starts = starts[starts + window <= song.frames]
    # Differences of a running sum may dip below zero by rounding where there is silence.
    return np.maximum(total[starts + window] - total[starts], 0.0) / window

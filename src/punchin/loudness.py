"""Loudness as ITU-R BS.1770-4 defines it: K-weighting, 400 ms blocks, two gates.

The standard gives its two filters as biquads at 48 kHz. Here their frequency response is applied by FFT at
the true frequency of every bin, so that the same sound measures the same at 8 kHz and at 192 kHz, and no
filter has to be designed again for each rate. At 48 kHz this is the standard's filter, sample for sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
"""Window of momentary loudness, also the gating block; of short-term loudness (EBU Tech 3341); the hop."""

ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0

_RINGING_S = 0.15
"""How long the filters ring: the slowest pole is at 38 Hz, critically damped, so 0.15 s is e^-36."""

_AHEAD_S = 0.02
"""How far a filter given by its response alone rings before the sound, where Nyquist cuts its phase off."""
_CHUNK_S = 4.0
"""How much sound a meter gathers before it listens."""

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
    delay: NDArray[np.complex128] = np.cos(turn) - 1j * np.sin(turn)
    powers = np.stack([np.ones_like(delay), delay, delay**2])
    shelf = (np.array(SHELF_B) @ powers) / (np.array(SHELF_A) @ powers)
    high_pass = (np.array(HIGH_PASS_B) @ powers) / (np.array(HIGH_PASS_A) @ powers)
    return (shelf * high_pass).astype(np.complex128)


def k_weighted(samples: Samples, rate_hz: int) -> NDArray[np.float64]:
    """The samples as loudness hears them, `[C, N]` → `[C, N]`; silence before the first sample is assumed.

    Overlap-save: blocks long enough that what wraps around has died away are cut from each inverse FFT.
    """
    channels, frames = samples.shape
    ringing, ahead = round(_RINGING_S * rate_hz), round(_AHEAD_S * rate_hz)
    block = 1 << (4 * ringing - 1).bit_length()
    step = block - ringing - ahead
    response = k_response(np.arange(block // 2 + 1, dtype=np.float64) * (rate_hz / block))
    padded = np.zeros((channels, ringing + -(-frames // step) * step + ahead))
    padded[:, ringing : ringing + frames] = samples
    heard = np.empty((channels, frames))
    for start in range(0, frames, step):
        filtered = np.fft.irfft(
            np.fft.rfft(padded[:, start : start + block], axis=1) * response, block, axis=1
        )
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
    return _gated_lufs(_window_powers(song, MOMENTARY_S, STEP_S))


def _gated_lufs(powers: NDArray[np.float64]) -> float:
    """Both gates over the powers of all blocks, `[B]`."""
    loud = powers[powers > _power(ABSOLUTE_GATE_LUFS)]
    if not loud.size:
        return float("-inf")
    gate = float(np.mean(loud)) * 10 ** (RELATIVE_GATE_LU / 10)
    return lufs(float(np.mean(loud[loud > gate])))


class Meter:
    """Integrated loudness of a song that comes in pieces of any length, in memory that hardly grows.

    What it keeps is `_CHUNK_S` of sound, and one number for each tenth of a second (both gates need every
    block: 300 kB an hour). The blocks are those of `loudness_lufs`, so the two agree to rounding.

    Args:
        rate_hz: of the song.
        channels: C.
    """

    def __init__(self, rate_hz: int, channels: int) -> None:
        self._rate_hz = rate_hz
        self._weights = channel_weights(channels)
        self._past = np.zeros((channels, 0))
        self._waiting: list[NDArray[np.float64]] = []
        self._waiting_frames = 0
        self._frames = 0
        self._total = 0.0
        self._totals: list[NDArray[np.float64]] = [np.zeros(1)]

    def add(self, samples: Samples) -> None:
        """Hear the next `[C, n]` samples; each must be a number.

        Raises:
            ValueError: if there are not as many channels as the meter was made for.
        """
        if samples.ndim != 2 or samples.shape[0] != self._weights.size:
            raise ValueError(f"samples {samples.shape} are not [{self._weights.size}, n]")
        chunk = round(_CHUNK_S * self._rate_hz)
        for start in range(0, samples.shape[1], chunk):
            part = samples[:, start : start + chunk].astype(np.float64)
            self._waiting.append(part)
            self._waiting_frames += part.shape[1]
            if self._waiting_frames >= chunk:
                self._hear()

    def integrated_lufs(self) -> float:
        """Loudness so far, gated; -inf for silence or nothing. Less than 400 ms are measured as one block."""
        sound = self._sound()
        totals, last = self._running(sound, sound.shape[1])
        frames = self._frames + self._waiting_frames
        count = round(MOMENTARY_S / STEP_S)
        if frames < round(MOMENTARY_S * self._rate_hz):
            return _gated_lufs(np.array([last / frames])) if frames else float("-inf")
        every = np.concatenate([*self._totals, totals])
        marks = self._marks(-1, frames)
        blocks = np.maximum(every[count:] - every[:-count], 0.0) / (marks[count:] - marks[:-count])
        return _gated_lufs(blocks)

    def _sound(self) -> NDArray[np.float64]:
        return np.concatenate([self._past, *self._waiting], axis=1)

    def _hear(self) -> None:
        """Measure what has been waiting, but for the last of it, which must know what follows."""
        sound = self._sound()
        end = sound.shape[1] - round(_AHEAD_S * self._rate_hz)
        totals, last = self._running(sound, end)
        self._totals.append(totals)
        self._frames += end - self._past.shape[1]
        self._total = last
        # Filtering starts from silence: what is before the waiting part lets it ring in.
        past = max(0, end - 2 * round(_RINGING_S * self._rate_hz))
        self._waiting = [sound[:, end:].copy()]
        self._past = sound[:, past:end].copy()
        self._waiting_frames = sound.shape[1] - end

    def _running(self, sound: NDArray[np.float64], end: int) -> tuple[NDArray[np.float64], float]:
        """Sum of all power before each tenth of a second that `sound[:, past:end]` brings, and to its end."""
        past = self._past.shape[1]
        power = self._weights @ np.square(k_weighted(sound, self._rate_hz)[:, past:end])
        total = self._total + np.cumsum(power)
        marks = self._marks(self._frames, self._frames + power.size)
        return total[marks - self._frames - 1], float(total[-1]) if total.size else self._total

    def _marks(self, after: int, last: int) -> NDArray[np.int64]:
        """The frames in `(after, last]` where a block begins or ends: every tenth of a second."""
        step = STEP_S * self._rate_hz
        marks = np.round(np.arange(int(max(after, 0) / step), int(last / step) + 2) * step).astype(np.int64)
        return marks[(after < marks) & (marks <= last)]


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

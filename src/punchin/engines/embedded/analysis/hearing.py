"""The window as the analysis hears it: one channel, one rate, one level.

Everything that listens works on the same two waves, so that results do not depend on the song's own rate,
channels or loudness.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr
from numpy.typing import NDArray

if TYPE_CHECKING:
    from punchin.song import Song

RATE_HZ = 22_050
"""Where onsets and timbre are heard; what lies above 11 kHz says little about either."""

PITCH_RATE_HZ = 11_025
"""Where pitch is heard: half the rate is half the work, and harmonics above 5 kHz do not tell chords apart.
"""

LEVEL = 0.1
"""Root mean square that every wave is brought to: logarithms of magnitudes then mean the same in any song."""

SILENT = 1e-5
"""Below this (-100 dB of full scale) there is nothing to hear."""

Wave = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """What there is to hear.

    Attributes:
        wave: `[N]` at `RATE_HZ`, root mean square `LEVEL`; zeros if silent.
        pitch_wave: `[M]`, the same at `PITCH_RATE_HZ`.
        duration_s: of the song.
        silent: nothing above `SILENT`.
    """

    wave: Wave
    pitch_wave: Wave
    duration_s: float
    silent: bool


def hear(song: Song) -> Heard:
    """Mix to one channel, resample, level."""
    mono = _one_channel(song)
    level = float(np.sqrt(np.mean(np.square(mono, dtype=np.float64)))) if mono.size else 0.0
    if not level > SILENT:
        silence = np.zeros(max(1, round(song.duration_s * RATE_HZ)), np.float32)
        return Heard(silence, silence[::2], song.duration_s, silent=True)
    mono *= np.float32(LEVEL / level)
    wave = _resampled(mono, song.rate_hz, RATE_HZ)
    return Heard(wave, _resampled(wave, RATE_HZ, PITCH_RATE_HZ), song.duration_s, silent=False)


def _one_channel(song: Song) -> Wave:
    """The mean of the channels, or the loudest of them where they cancel each other."""
    samples = song.samples.astype(np.float32, copy=False)
    mono = samples.mean(axis=0, dtype=np.float32)
    if song.channels > 1:
        powers = np.array([float(np.dot(channel, channel)) for channel in samples])
        if float(np.dot(mono, mono)) < 0.02 * powers.max():
            return samples[int(powers.argmax())].copy()
    return mono


def _resampled(wave: Wave, from_hz: int, to_hz: int) -> Wave:
    """Same wave at another rate; never empty."""
    if from_hz == to_hz:
        return wave
    resampled = soxr.resample(wave, from_hz, to_hz, "MQ")
    return resampled if resampled.size else np.zeros(1, np.float32)

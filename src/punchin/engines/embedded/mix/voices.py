"""Voices: the old ones made softer, a new one set in front of the band."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import band_pass, filtered
from punchin.engines.embedded.effects.space import delay, reverb
from punchin.engines.embedded.mix.balance import gain
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.mix.room import LAST_S, ROOM_SEED, falling
from punchin.engines.embedded.mix.separation import percussive_share, through

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects import Pulse
    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.mix.separation import Magnitudes
    from punchin.engines.embedded.tags import Vocals

OLD_VOICE_HZ = (180.0, 7000.0)
OLD_VOICE_DB = -14.0
"""A bin that is all centre is lowered by this between these frequencies."""

CENTRE = 0.85
"""How alike both sides must be, -1..1, for sound to count as centre."""

LIKE_MONO = 0.99
"""With more of a song in the centre than this, its voice cannot be told from the rest by place."""

VOICE_LU = 3.5
"""The voice against the song, before what the tags add; the band ducks under it besides."""

VOICE_ROOM = 0.08

DUCK_DB = 7.0
DUCK_HZ, DUCK_Q = 1500.0, 0.5
DUCK_S = 0.12
"""While the voice sounds, the band is softer where words are told apart, and follows it this fast."""


def without_centre(samples: Sound, rate_hz: int) -> Sound | None:
    """Sound with what lies in the middle between the speakers made softer, `[2, N]`; strokes are left alone.

    Lead vocals are mixed to the centre. So are other things, so this is a reduction and no removal. How alike
    both sides are in each bin is measured as in C. Avendano, "Frequency-domain source identification and
    manipulation in stereo mixes", WASPAA 2003, equation 4, with the sign of the phase kept.

    Returns:
        None where nearly everything is in the centre, as in mono: then there is no telling.
    """
    if _centre_share(samples) > LIKE_MONO:
        return None
    least = 10 ** (OLD_VOICE_DB / 20)

    def gains(spectrum: NDArray[np.complexfloating], f: NDArray[np.floating]) -> Magnitudes:
        left, right = spectrum
        shared = _smoothed((left * right.conj()).real)
        whole = _smoothed(np.square(np.abs(left)) + np.square(np.abs(right))) / 2
        alike = shared / np.maximum(whole, 1e-20)
        centre = np.clip((alike - CENTRE) / (1 - CENTRE), 0, 1) ** 0.5
        held = 1 - percussive_share(np.abs(spectrum).mean(axis=0))
        inside = ((f > OLD_VOICE_HZ[0]) & (f < OLD_VOICE_HZ[1])).astype(np.float32)
        return (1 - (1 - least) * centre * held * inside).astype(np.float32)

    return through(samples, rate_hz, gains)


def _centre_share(samples: Sound) -> float:
    """How much of the power is the same on both sides, 0..1; 1 for silence."""
    middle = float(np.square(samples[0] + samples[1], dtype=np.float64).sum()) / 2
    whole = float(np.square(samples, dtype=np.float64).sum())
    return middle / whole if whole else 1.0


def _smoothed(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """Mean over three windows and three bins, `[T, F]`: one bin alone is always coherent with itself."""
    padded = np.pad(values, 1, mode="edge")
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    return (rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]) / 9


def seated(voice: Sound, rate_hz: int, vocals: Vocals, pulse: Pulse, song_lufs: float) -> Sound:
    """The new voice at its level, with its echo and room, `[1 or 2, N]` → `[2, N]`."""
    stereo = np.repeat(voice, 2, axis=0) if voice.shape[0] == 1 else voice
    heard = loudness(stereo, rate_hz)
    if not np.isfinite(heard):
        return stereo
    stereo = stereo * gain(song_lufs + VOICE_LU + vocals.presence_db - heard)
    if vocals.echo > 0:
        stereo = delay(stereo, rate_hz, 0.75 * pulse.beat_s, 0.35, 0.5 * vocals.echo, (300.0, 4000.0))
    amount = VOICE_ROOM + 0.6 * max(vocals.reverb, -VOICE_ROOM / 0.6)
    if amount > 0:
        room = reverb(stereo, rate_hz, 1.2 + 1.5 * max(vocals.reverb, 0.0), np.random.default_rng(ROOM_SEED))
        stereo = stereo + np.float32(amount) * room
    return stereo * falling(stereo.shape[1], rate_hz, LAST_S)


def ducked(band: Sound, voice: Sound, rate_hz: int) -> Sound:
    """The band, softer in its middle while the voice sounds, `[2, N]`."""
    hop = max(1, round(0.01 * rate_hz))
    power = np.square(voice, dtype=np.float64).mean(axis=0)
    steps = -(-power.size // hop)
    level = np.sqrt(np.pad(power, (0, steps * hop - power.size)).reshape(steps, hop).mean(axis=1))
    width = max(1, round(DUCK_S * rate_hz / hop))
    level = np.convolve(level, np.hanning(2 * width + 3)[1:-1] / (width + 1), "same")
    loud = float(np.percentile(level[level > 0], 90)) if (level > 0).any() else 0.0
    if not loud:
        return band
    depth = np.interp(np.arange(band.shape[1]), np.arange(steps) * hop + hop / 2, np.clip(level / loud, 0, 1))
    middle = filtered(band, rate_hz, lambda f: band_pass(f, rate_hz, DUCK_HZ, DUCK_Q))
    taken = (1 - 10 ** (-DUCK_DB * depth / 20)).astype(np.float32)
    return band - middle * taken

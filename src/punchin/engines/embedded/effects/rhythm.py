"""Effects in time with the beat: stutter, gate, filter sweep, build-up, fade-out."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import swept

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.effects.pulse import Pulse

EDGE_S = 0.004
"""Fades at cuts: short enough to sound cut, long enough not to click."""

GATE = (1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1)
"""Which sixteenths of a 4/4 bar a trance gate lets through."""


def stutter(
    samples: Sound, rate_hz: int, pulse: Pulse, rng: np.random.Generator, amount: float = 1.0
) -> Sound:
    """Some beats are filled with repeats of their own beginning, `[C, N]` → `[C, N]`.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        pulse: the beats.
        rng: which beats, and how short the repeats are.
        amount: 1 repeats about every third beat.
    """
    out = samples.copy()
    frames = samples.shape[1]
    edge = max(1, round(EDGE_S * rate_hz))
    rise = (np.arange(edge) / edge).astype(np.float32)
    position = pulse.positions(frames, rate_hz)
    starts = np.flatnonzero(np.diff(np.floor(position)) > 0) + 1
    beats = list(pairwise(starts.tolist()))
    chosen = rng.random(len(beats)) < amount / 3
    if beats and not chosen.any():
        chosen[rng.integers(len(beats))] = True
    for start, end in (beat for beat, stutters in zip(beats, chosen, strict=True) if stutters):
        parts = int(rng.choice([2, 3, 4, 4, 6, 8]))
        length = (end - start) // parts
        if length < 4 * edge:
            continue
        piece = samples[:, start : start + length].copy()
        piece[:, :edge] *= rise
        piece[:, -edge:] *= rise[::-1]
        out[:, start : start + parts * length] = np.tile(piece, parts)
        # The first repeat is the music as it comes; only where it ends is it cut.
        out[:, start : start + edge] = samples[:, start : start + edge]
        after = start + parts * length
        out[:, after : after + edge] *= rise[: max(0, min(edge, frames - after))]
    return out


def gate(samples: Sound, rate_hz: int, pulse: Pulse, amount: float = 0.9) -> Sound:
    """Chopped in sixteenths, `[C, N]` → `[C, N]`."""
    sixteenth = np.floor(pulse.positions(samples.shape[1], rate_hz) * 4).astype(np.int64)
    is_open = np.array(GATE, np.float32)[sixteenth % len(GATE)]
    edge = max(1, round(EDGE_S * rate_hz))
    total = np.concatenate([np.zeros(edge), np.cumsum(is_open)])
    smooth = (total[edge:] - total[:-edge]) / edge
    return samples * (1 - amount * (1 - smooth)).astype(np.float32)


def sweep(samples: Sound, rate_hz: int, pulse: Pulse, beats: float = 16.0) -> Sound:
    """A resonant low-pass that closes and opens again, `[C, N]` → `[C, N]`; open at both ends."""
    frames = samples.shape[1]
    turns = max(1, round(frames / rate_hz / (beats * pulse.beat_s)))
    closed = 0.5 - 0.5 * np.cos(2 * np.pi * turns * np.arange(frames) / max(frames, 1))
    return swept(samples, rate_hz, _resonant, 14_000 * (350 / 14_000) ** closed)


def build(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:
    """Grows towards the end, `[C, N]` → `[C, N]`: from quiet and dull to all there is."""
    rising = np.linspace(0, 1, samples.shape[1])
    opened = swept(samples, rate_hz, _resonant, 900 * (16_000 / 900) ** np.minimum(1, 1.15 * rising))
    level = 10 ** (-8 * amount * (1 - rising) / 20)
    return opened * level.astype(np.float32)


def fade(samples: Sound, rate_hz: int, longest_s: float = 8.0) -> Sound:
    """Fades out over the second half, at most `longest_s`, `[C, N]` → `[C, N]`."""
    frames = samples.shape[1]
    length = min(frames // 2, round(longest_s * rate_hz))
    out = samples.copy()
    if length:
        out[:, -length:] *= np.linspace(1, 0, length, dtype=np.float32) ** 1.5
    return out


def _resonant(f: NDArray[np.floating], corner_hz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """An analogue two-pole low-pass with a little resonance."""
    s = 1j * f / corner_hz
    return 1 / (s * s + s / 1.4 + 1)

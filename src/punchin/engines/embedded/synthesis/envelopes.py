"""How a note's level moves: attack, decay, sustain, release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GONE_DB = 60.0
"""After its release time a note has fallen by this much and is cut."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """Level over time.

    Attributes:
        attack_s: from nothing to full, along half a cosine.
        decay_s: how long the fall to `sustain` takes to go two thirds of the way (a time constant).
        sustain: 0..1, where a held note ends up.
        release_s: after it is let go, until it is gone (-60 dB).
    """

    attack_s: float = 0.003
    decay_s: float = 1.0
    sustain: float = 1.0
    release_s: float = 0.1

    def frames(self, duration_s: float, rate_hz: int) -> int:
        """How long a note of that duration sounds, release included."""
        return max(1, round((duration_s + self.release_s) * rate_hz))

    def levels(self, duration_s: float, rate_hz: int) -> NDArray[np.floating]:
        """0..1 for each frame of such a note, `[frames(duration_s)]`; the last one is 0."""
        frames = self.frames(duration_s, rate_hz)
        levels = np.ones(frames, np.float32)
        if self.sustain < 1:
            t = np.arange(frames, dtype=np.float32) / rate_hz
            levels = self.sustain + (1 - self.sustain) * np.exp(
                -np.maximum(t - self.attack_s, 0) / self.decay_s
            )
        attack = min(frames, round(self.attack_s * rate_hz))
        if attack > 1:
            levels[:attack] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(attack, dtype=np.float32) / attack)
        return levels * release(frames, round(self.release_s * rate_hz))


def release(frames: int, last: int) -> NDArray[np.floating]:
    """1 until `last` frames before the end, then an exponential fall by 60 dB that ends at 0, `[frames]`."""
    levels = np.ones(frames, np.float32)
    last = min(max(last, 2), frames)
    fall = np.exp(-np.arange(last, dtype=np.float32) / last * np.float32(GONE_DB / 20 * np.log(10)))
    levels[frames - last :] = (fall - fall[-1]) / (1 - fall[-1])
    return levels

"""What every instrument answers to: one note in, its sound out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Bank, Sound

T = TypeVar("T")

MEDIUM_VELOCITY = 0.7
"""The velocity at which an instrument plays at its usual level."""

VELOCITY_POWER = 1.5
"""How level follows velocity: half of it is 9 dB softer (12 dB, as in General MIDI, hides soft notes)."""

A4_HZ, A4 = 440.0, 69.0

VIBRATO_AFTER_S, VIBRATO_RISE_S = 0.25, 0.3
"""When vibrato sets in on a held note, and how slowly: as players do it."""


def hz(pitch: float) -> float:
    """Frequency of a MIDI number."""
    return A4_HZ * 2 ** ((pitch - A4) / 12)


def gain_of(velocity: float) -> float:
    """Level of a velocity 0..1, as a factor; 1 at `MEDIUM_VELOCITY`."""
    return (max(velocity, 0.0) / MEDIUM_VELOCITY) ** VELOCITY_POWER


def vibrato(frames: int, rate_hz: int, cents: float, speed_hz: float) -> NDArray[np.floating]:
    """How far a held note wavers at each frame, in semitones, `[frames]`; straight at first."""
    t = np.arange(frames) / rate_hz
    depth = np.clip((t - VIBRATO_AFTER_S) / VIBRATO_RISE_S, 0, 1) * (cents / 100)
    return depth * np.sin(2 * np.pi * speed_hz * t)


@dataclass(frozen=True, slots=True)
class Sounding:
    """One note as a voice plays it.

    Attributes:
        pitch: MIDI number, where it ends up.
        duration_s: until it is let go.
        velocity: 0..1.
        from_pitch: where it glides from; the same as `pitch` without a glide.
        slide_s: how long the glide takes.
    """

    pitch: float
    duration_s: float
    velocity: float
    from_pitch: float
    slide_s: float = 0.0

    @property
    def glides(self) -> bool:
        """Whether its pitch moves."""
        return self.slide_s > 0 and self.from_pitch != self.pitch

    def semitones(self, frames: int, rate_hz: int) -> NDArray[np.floating]:
        """How far from `pitch` it is at each frame, `[frames]`: a glide along half a cosine, then 0."""
        if not self.glides:
            return np.zeros(frames)
        x = np.minimum(np.arange(frames) / (self.slide_s * rate_hz), 1.0)
        return (self.from_pitch - self.pitch) * (0.5 + 0.5 * np.cos(np.pi * x))

    def phase(
        self, frames: int, rate_hz: int, bend: NDArray[np.floating] | None = None
    ) -> NDArray[np.floating]:
        """Cycles since the start at each frame, `[frames]`.

        Args:
            frames: how many.
            rate_hz: frames a second.
            bend: further semitones at each frame (vibrato, a drum's fall), `[frames]`.
        """
        if bend is None and not self.glides:
            return np.arange(frames) * (hz(self.pitch) / rate_hz)
        offset = self.semitones(frames, rate_hz)
        if bend is not None:
            offset = offset + bend
        steps = np.exp2(offset / 12) * (hz(self.pitch) / rate_hz)
        phase = np.cumsum(steps)
        phase -= steps
        return phase


@dataclass(slots=True)
class Studio:
    """What voices share while one score is played.

    Attributes:
        rate_hz: frames a second.
        bank: the recordings.
        rng: chance, the same for the same seed.
    """

    rate_hz: int
    bank: Bank
    rng: np.random.Generator
    _made: dict[Hashable, object] = field(default_factory=dict["Hashable", object])

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made only the first time that it is asked for by this key."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]  # pyright: ignore[reportReturnType]: a key is always used with the same `make`


class Voice(Protocol):
    """Plays single notes. Immutable: what it needs besides itself comes with the studio."""

    @property
    def mono(self) -> bool:
        """Whether a new note ends the one before."""
        ...

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """The note's sound from its start to the end of its release, `[1 or 2, N]`, level by `gain_of`."""
        ...

"""Instruments that are a formula: the 808, the sub-bass, frequency modulation, the log drum."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.synthesis.envelopes import Envelope
from punchin.engines.embedded.synthesis.voice import gain_of, hz

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Sound
    from punchin.engines.embedded.synthesis.voice import Sounding, Studio


@dataclass(frozen=True, slots=True)
class Deep:
    """A sine that is struck: it starts higher, falls to its pitch at once and is driven into soft clipping.

    Attributes:
        drop: semitones above its pitch at the very start ...
        drop_s: ... and the time constant of the fall.
        drive: 1 is clean; more adds the odd harmonics that make it heard on small speakers.
        even: level of the second harmonic.
        envelope: its level.
        mono: a new note ends the one before.
    """

    drop: float = 0.0
    drop_s: float = 0.012
    drive: float = 1.0
    even: float = 0.0
    envelope: Envelope = field(default_factory=Envelope)
    mono: bool = True

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """See `Voice.play`."""
        rate_hz = studio.rate_hz
        frames = self.envelope.frames(note.duration_s, rate_hz)
        t = np.arange(frames) / rate_hz
        # A note that glides in is not struck again.
        bend = self.drop * np.exp(-t / self.drop_s) if self.drop and not note.glides else None
        turn = 2 * np.pi * note.phase(frames, rate_hz, bend)
        levels = self.envelope.levels(note.duration_s, rate_hz)
        sound = np.sin(turn).astype(np.float32)
        if self.even:
            sound += np.float32(self.even) * np.sin(2 * turn).astype(np.float32)
        # Driven by its own level, so that the harmonics fade before the fundamental does.
        drive = np.float32(self.drive)
        sound = np.tanh(drive * levels * sound) / np.tanh(drive)
        sound *= release_of(levels) * np.float32(gain_of(note.velocity))
        return sound[None]


def release_of(
    levels: NDArray[np.floating],
) -> NDArray[np.floating]:
    """1 while a driven note sounds, falling to 0 with the last of its level, `[N]`."""
    return np.minimum(levels * 8, 1).astype(np.float32)


@dataclass(frozen=True, slots=True)
class Fm:
    """Frequency modulation with one modulator (J. Chowning, JAES 21(7), 1973).

    Attributes:
        ratio: the modulator's frequency over the carrier's.
        index: how far it bends the carrier at the attack ...
        falls_s: ... and the time constant with which it relaxes ...
        rest: ... to this index.
        second: level of a second, unmodulated partial, a bell's strike tone, ...
        second_ratio: ... at this ratio.
        envelope: its level.
        mono: a new note ends the one before.
    """

    ratio: float = 1.0
    index: float = 2.0
    falls_s: float = 0.3
    rest: float = 0.0
    second: float = 0.0
    second_ratio: float = 2.0
    envelope: Envelope = field(default_factory=Envelope)
    mono: bool = False

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """See `Voice.play`."""
        rate_hz = studio.rate_hz
        frames = self.envelope.frames(note.duration_s, rate_hz)
        t = np.arange(frames, dtype=np.float32) / rate_hz
        turn = 2 * np.pi * note.phase(frames, rate_hz)
        index = self.rest + (self.index * (0.4 + 0.85 * note.velocity) - self.rest) * np.exp(
            -t / self.falls_s
        )
        # Carson's rule: sidebands reach (index + 1) modulators from the carrier; keep them below Nyquist.
        room = (0.48 * rate_hz / hz(note.pitch) - 1) / self.ratio - 1
        index = np.minimum(index, max(0.0, room))
        sound = np.sin(turn + index * np.sin(self.ratio * turn)).astype(np.float32)
        if self.second and self.second_ratio * hz(note.pitch) < 0.45 * rate_hz:
            fade = np.exp(-t / np.float32(self.falls_s))
            sound += np.float32(self.second) * fade * np.sin(self.second_ratio * turn).astype(np.float32)
        sound *= self.envelope.levels(note.duration_s, rate_hz) * np.float32(gain_of(note.velocity))
        return sound[None]

"""Instruments of an oscillator, a resonant low-pass filter that moves, and an envelope."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.synthesis import waves
from punchin.engines.embedded.synthesis.envelopes import Envelope
from punchin.engines.embedded.synthesis.voice import MEDIUM_VELOCITY, gain_of, hz, vibrato

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Sound
    from punchin.engines.embedded.synthesis.voice import Sounding, Studio

LOWEST_CORNER_HZ = 60.0
CORNERS_PER_OCTAVE = 3
CORNERS = 26
"""The row of tables that the filter fades through: 60 Hz to 19 kHz."""

WOBBLE_S = 0.25
"""About how long a turn of a wobble bass takes; a note gets a whole number and so follows the beat."""


@dataclass(frozen=True, slots=True)
class Analog:
    """One oscillator, or a few, and a filter.

    Attributes:
        wave: the harmonic series.
        corner_hz: where the filter rests for middle C; None for no filter.
        opens: by how many octaves the attack opens it ...
        closes_s: ... and the time constant of its way back.
        q: its resonance; 0.7 is none.
        follows: 0..1, how far the corner moves with the pitch.
        cents: one oscillator for each, detuned by this much.
        octave: all of it this much higher.
        sub: level of a sine one octave below.
        vibrato_cents, vibrato_hz: how deep and fast, after a while.
        wobble: octaves by which the corner swings in time with the note.
        bite: 0..1, soft clipping.
        breath: level of noise in the tone.
        envelope: its level.
        mono: a new note ends the one before.
    """

    wave: Callable[[int], waves.Series]
    corner_hz: float | None = None
    opens: float = 0.0
    closes_s: float = 0.2
    q: float = 0.7
    follows: float = 0.5
    cents: tuple[float, ...] = (0.0,)
    octave: float = 0.0
    sub: float = 0.0
    vibrato_cents: float = 0.0
    vibrato_hz: float = 5.5
    wobble: float = 0.0
    bite: float = 0.0
    envelope: Envelope = field(default_factory=Envelope)
    mono: bool = False

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """See `Voice.play`."""
        rate_hz = studio.rate_hz
        frames = self.envelope.frames(note.duration_s, rate_hz)
        t = np.arange(frames, dtype=np.float32) / np.float32(rate_hz)
        bend = vibrato(frames, rate_hz, self.vibrato_cents, self.vibrato_hz) if self.vibrato_cents else None
        phase = note.phase(frames, rate_hz, bend) * 2**self.octave
        highest = hz(max(note.pitch, note.from_pitch) + 12 * self.octave + 0.5)
        tables = studio.once((self, round(highest, 2)), lambda: self._tables(highest, rate_hz))
        row = None if self.corner_hz is None else self._row(note, t)
        sound = np.zeros(frames, np.float32)
        for number, cents in enumerate(self.cents):
            turned = phase * 2 ** (cents / 1200) + 0.37 * number if cents or number else phase
            sound += waves.read(tables[0], turned) if row is None else waves.read_between(tables, turned, row)
        sound /= len(self.cents) ** 0.5
        if self.sub:
            sound += np.float32(self.sub) * np.sin((np.pi * phase).astype(np.float32))
        if self.bite:
            drive = np.float32(1 + 4 * self.bite)
            sound = np.tanh(drive * sound) / np.tanh(drive)
        sound *= self.envelope.levels(note.duration_s, rate_hz) * np.float32(gain_of(note.velocity))
        return sound[None]

    def _tables(self, highest_hz: float, rate_hz: int) -> NDArray[np.floating]:
        """The wave through the filter at every corner, `[M, TABLE + 1]`; one row without a filter."""
        count = waves.harmonics(highest_hz, rate_hz)
        series = self.wave(count)
        if self.corner_hz is None:
            return waves.cycle(series[None])
        corners_hz = LOWEST_CORNER_HZ * 2 ** (np.arange(CORNERS) / CORNERS_PER_OCTAVE)
        # The analogue two-pole low-pass; harmonics are lines, so no bilinear transform bends its curve.
        s = 1j * highest_hz * np.arange(1, count + 1) / corners_hz[:, None]
        return waves.cycle(series / (s * s + s / self.q + 1))

    def _row(self, note: Sounding, t: NDArray[np.floating]) -> NDArray[np.floating]:
        """Where in the row of tables the filter is at each moment, `[N]`."""
        assert self.corner_hz is not None
        octaves = np.log2(self.corner_hz / LOWEST_CORNER_HZ) + self.follows * (note.pitch - 60) / 12
        octaves += 2.0 * (note.velocity - MEDIUM_VELOCITY)
        moving = np.full(len(t), octaves, np.float32)
        if self.opens:
            moving += np.float32(self.opens) * np.exp(-t / np.float32(self.closes_s))
        if self.wobble:
            turns = max(1, round(note.duration_s / WOBBLE_S))
            moving += np.float32(self.wobble / 2) * -np.cos(
                np.float32(2 * np.pi * turns / max(note.duration_s, 0.05)) * t
            )
        return moving * CORNERS_PER_OCTAVE

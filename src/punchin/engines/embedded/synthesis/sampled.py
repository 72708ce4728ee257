"""Instruments that are recordings: the nearest one of the bank at another speed, looped, with an envelope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import soxr

from punchin.engines.embedded.effects.filters import filtered, low_pass
from punchin.engines.embedded.synthesis.bank import unrolled
from punchin.engines.embedded.synthesis.envelopes import release
from punchin.engines.embedded.synthesis.voice import VIBRATO_AFTER_S, gain_of, hz, vibrato

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Bank, Sound, Zone
    from punchin.engines.embedded.synthesis.voice import Sounding, Studio

SHADES = 3
"""In how many steps brightness follows velocity."""

VIBRATO_HZ = 5.3

RENDER_STEP_S = 0.5
"""Notes are rendered up to a whole multiple of this, so that those of one pitch share the work."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """A set of the bank and how it is played.

    Attributes:
        set: its name in the bank.
        release_s: after the note is let go, until it is gone.
        attack_s: faded in over this time; the recording has its own attack.
        cents: a copy for each, detuned by this much; more than one makes a chorus of itself.
        bright_hz: nothing above this; None leaves the recording as it is.
        tremolo_hz: level wavers this fast (bowed tremolo, mandolin).
        tremolo: 0..1, how deep.
        vibrato_cents: how deep a held note wavers, where the recording is of a straight one.
        damping_db_s: falls faster than recorded, as a short string does.
        mono: a new note ends the one before.
    """

    set: str
    release_s: float = 0.2
    attack_s: float = 0.0
    cents: tuple[float, ...] = (0.0,)
    bright_hz: float | None = None
    tremolo_hz: float = 0.0
    tremolo: float = 0.0
    vibrato_cents: float = 0.0
    damping_db_s: float = 0.0
    mono: bool = False

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """See `Voice.play`."""
        rate_hz = studio.rate_hz
        wanted = max(1, round((note.duration_s + self.release_s) * rate_hz))
        shade = min(int(note.velocity * SHADES), SHADES - 1)
        zone = studio.bank.nearest(self.set, note.pitch)
        copies = [self._copy(note, zone, cents, wanted, shade, studio) for cents in self.cents]
        frames = max(copy.shape[1] for copy in copies)
        level = release(wanted, round(self.release_s * rate_hz))[:frames]
        level *= np.float32(gain_of(note.velocity) / len(copies) ** 0.5)
        if self.attack_s:
            attack = min(frames, round(self.attack_s * rate_hz))
            level[:attack] *= np.arange(attack, dtype=np.float32) / attack
        sound = np.zeros((copies[0].shape[0], frames), np.float32)
        for copy in copies:
            sound[:, : copy.shape[1]] += copy * level[: copy.shape[1]]
        return sound

    def _copy(
        self, note: Sounding, zone: Zone, cents: float, wanted: int, shade: int, studio: Studio
    ) -> Sound:
        """The recording at the note's speed, `[C, <= wanted]`; do not write to it."""
        pitch = note.pitch + cents / 100
        if note.glides or (self.vibrato_cents and note.duration_s > VIBRATO_AFTER_S):
            return self._gliding(note, zone, pitch, wanted, shade, studio)
        step = round(RENDER_STEP_S * studio.rate_hz)
        length = -(-wanted // step) * step
        key = (self.set, zone.name, round(pitch, 4), self.bright_hz, shade, length)
        return studio.once(key, lambda: self._rendered(zone, pitch, length, shade, studio))[:, :wanted]

    def _rendered(self, zone: Zone, pitch: float, frames: int, shade: int, studio: Studio) -> Sound:
        speed = self._speed(zone, pitch, studio)
        straight = self._straight(zone, int(frames * speed) + 64, shade, studio)
        sound = np.ascontiguousarray(soxr.resample(straight.T, speed, 1.0, "MQ").T[:, :frames])
        return sound * self._level(zone, sound.shape[1], studio.rate_hz)

    def _gliding(
        self, note: Sounding, zone: Zone, pitch: float, frames: int, shade: int, studio: Studio
    ) -> Sound:
        bend = note.semitones(frames, studio.rate_hz)
        if self.vibrato_cents:
            bend = bend + vibrato(frames, studio.rate_hz, self.vibrato_cents, VIBRATO_HZ)
        speeds = np.exp2(bend / 12) * self._speed(zone, pitch, studio)
        at = np.cumsum(speeds) - speeds
        straight = self._straight(zone, int(at[-1]) + 64, shade, studio)
        places = np.arange(straight.shape[1])
        sound = np.stack([np.interp(at, places, side, right=0.0) for side in straight]).astype(np.float32)
        return sound * self._level(zone, frames, studio.rate_hz)

    def _speed(self, zone: Zone, pitch: float, studio: Studio) -> float:
        """Frames of the recording for one of the note."""
        return 2 ** ((pitch - zone.root) / 12) * studio.bank.sets[self.set].rate_hz / studio.rate_hz

    def _straight(self, zone: Zone, frames: int, shade: int, studio: Studio) -> Sound:
        """About `frames` of the recording at its own speed, played on as a held note, `[C, N]`."""
        own_hz = studio.bank.sets[self.set].rate_hz
        shaded = studio.bank.once(
            (self.set, zone.name, self.bright_hz, shade), lambda: self._shaded(zone, shade, studio.bank)
        )
        return unrolled(shaded, zone, frames, own_hz)

    def _shaded(self, zone: Zone, shade: int, bank: Bank) -> Sound:
        """The recording as bright as that shade: softer is duller, but its first harmonics always sound."""
        own_hz = bank.sets[self.set].rate_hz
        softened = np.inf if shade == SHADES - 1 else max(1700.0 * 2 ** (1.6 * shade), 5 * hz(zone.root))
        corner_hz = float(min(softened, self.bright_hz or np.inf))
        sound = bank.sound(self.set, zone)
        if corner_hz > 0.45 * own_hz:
            return sound
        return filtered(sound, own_hz, lambda f: low_pass(f, own_hz, corner_hz))

    def _level(self, zone: Zone, frames: int, rate_hz: int) -> NDArray[np.floating]:
        """How the note falls and wavers by itself, `[frames]`."""
        t = np.arange(frames, dtype=np.float32) / rate_hz
        level = np.ones(frames, np.float32)
        if zone.decay_db_s:
            level *= 10 ** (-np.minimum(zone.decay_db_s * t, zone.sustain_db) / 20)
        if self.damping_db_s:
            level *= 10 ** (-self.damping_db_s * t / 20)
        if self.tremolo:
            level *= 1 - self.tremolo * (0.5 - 0.5 * np.cos(2 * np.pi * self.tremolo_hz * t))
        return level

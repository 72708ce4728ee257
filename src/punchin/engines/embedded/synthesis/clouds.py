"""Instruments of many voices at once: supersaws, pads, string machines, growling basses.

All voices are drawn as lines into one long spectrum, and one inverse FFT turns it into three seconds of sound
that repeat without a seam, whatever the number of voices (after P. Nasca's PADsynth, 2005). Filters are
factors on the spectrum, nothing can alias, and the two sides get phases of their own, which makes them wide.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.synthesis import waves
from punchin.engines.embedded.synthesis.envelopes import Envelope
from punchin.engines.embedded.synthesis.voice import MEDIUM_VELOCITY, gain_of, hz

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Sound
    from punchin.engines.embedded.synthesis.voice import Sounding, Studio

LENGTH_S = 2.9
"""About how long the cloud is before it repeats; the next power of two in frames."""

FAINTEST = 1e-4
"""Harmonics weaker than this are not drawn."""


@dataclass(frozen=True, slots=True)
class Cloud:
    """Many voices of one wave.

    Attributes:
        wave: the harmonic series of one voice.
        cents: one voice for each, detuned by this much.
        blur_cents: each harmonic is spread by this much, as a crowd of players is; 0 draws lines.
        octaves: the whole again, this much higher, at half the level.
        corner_hz: low-pass for a medium velocity, 24 dB an octave.
        floor_hz: high-pass.
        closed_hz: where the filter goes after the attack; None keeps it open ...
        closing_s: ... with this time constant.
        width: 0 one phase on both sides, 1 each its own.
        swing: octaves by which the level swings in time with the note (future bass); 0 is steady.
        envelope: its level.
        mono: a new note ends the one before.
    """

    wave: Callable[[int], waves.Series]
    cents: tuple[float, ...] = (0.0,)
    blur_cents: float = 0.0
    octaves: tuple[float, ...] = ()
    corner_hz: float = 8000.0
    floor_hz: float = 30.0
    closed_hz: float | None = None
    closing_s: float = 0.3
    width: float = 1.0
    envelope: Envelope = field(default_factory=Envelope)
    mono: bool = False

    def play(self, note: Sounding, studio: Studio) -> Sound:
        """See `Voice.play`."""
        rate_hz = studio.rate_hz
        frames = self.envelope.frames(note.duration_s, rate_hz)
        shade = min(int(note.velocity * 4), 3)
        opened = 2.0 ** (1.2 * (shade / 4 + 0.125 - MEDIUM_VELOCITY))
        key = (self, round(note.pitch, 3), shade)
        cloud = studio.once(key, lambda: self._cloud(note.pitch, opened, studio))
        start = int(studio.rng.integers(cloud.shape[-1]))
        if note.glides:
            speed = np.exp2(note.semitones(frames, rate_hz) / 12)
            at = (start + np.cumsum(speed)) % cloud.shape[-1]
            turning = np.arange(cloud.shape[-1] + 1)
            wrapped = np.concatenate([cloud, cloud[..., :1]], axis=-1)
            sides = np.stack([np.interp(at, turning, side) for side in wrapped.reshape(-1, len(turning))])
            sides = sides.reshape(*cloud.shape[:-1], frames).astype(np.float32)
        else:
            repeats = -(-(start + frames) // cloud.shape[-1])
            sides = np.tile(cloud, repeats)[..., start : start + frames]
        if self.closed_hz is not None:
            t = np.arange(frames, dtype=np.float32) / rate_hz
            opening = np.exp(-t / np.float32(self.closing_s))
            sound = sides[1] + (sides[0] - sides[1]) * opening
        else:
            sound = sides[0]
        return sound * (self.envelope.levels(note.duration_s, rate_hz) * np.float32(gain_of(note.velocity)))

    def _cloud(self, pitch: float, opened: float, studio: Studio) -> NDArray[np.floating]:
        """The sound, open and closed, `[1 or 2, 2, L]`."""
        rate_hz = studio.rate_hz
        length = 1 << round(np.log2(LENGTH_S * rate_hz))
        spectrum = np.zeros((2, length // 2 + 1), np.complex128)
        for octave, level in ((0.0, 1.0), *((o, 0.5) for o in self.octaves)):
            for cents in self.cents:
                f0_hz = hz(pitch + 12 * octave + cents / 100)
                spectrum += level * self._lines(f0_hz, length, studio)
        frequency_hz = np.arange(length // 2 + 1) * (rate_hz / length)
        floor = (frequency_hz / self.floor_hz) ** 2
        spectrum *= floor / (1 + floor)
        corners = [self.corner_hz * opened]
        if self.closed_hz is not None:
            corners.append(self.closed_hz * opened)
        shaped = np.stack([spectrum / (1 + (frequency_hz / corner) ** 4) for corner in corners])
        scale = length / 2 / max(len(self.cents), 1) ** 0.5
        return np.fft.irfft((shaped * scale).astype(np.complex64), length, axis=-1)

    def _lines(self, f0_hz: float, length: int, studio: Studio) -> NDArray[np.complexfloating]:
        """One voice's harmonics in the spectrum, `[2, F]`, with phases drawn by chance."""
        series = self.wave(waves.harmonics(f0_hz, studio.rate_hz))
        k = np.flatnonzero(np.abs(series) > FAINTEST) + 1
        amplitudes = np.abs(series[k - 1])
        bins = k * f0_hz * length / studio.rate_hz
        if self.blur_cents:
            bins, amplitudes = _blurred(bins, amplitudes, self.blur_cents)
        left = studio.rng.random(len(bins))
        right = left + self.width * (studio.rng.random(len(bins)) - 0.5)
        places = np.minimum(np.round(bins).astype(np.int64), length // 2)
        spectrum = np.zeros((2, length // 2 + 1), np.complex128)
        for side, phase in enumerate((left, right)):
            np.add.at(spectrum[side], places, amplitudes * np.exp(2j * np.pi * phase))
        return spectrum


def _blurred(
    bins: NDArray[np.floating], amplitudes: NDArray[np.floating], cents: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Each line as a bell of lines, its width in proportion to its frequency; the power stays the same."""
    steps = np.linspace(-2, 2, 17)
    bell = np.exp(-(steps**2))
    bell /= np.sqrt((bell**2).sum())
    spread = bins * (2 ** (cents / 1200) - 1)
    return (bins[:, None] + spread[:, None] * steps).ravel(), (amplitudes[:, None] * bell).ravel()

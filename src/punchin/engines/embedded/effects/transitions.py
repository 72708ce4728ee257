"""What leads into and out of a region: risers, impacts, reversed cymbals, falling sweeps.

Each gives `[2, N]` for the whole region, silent where it does not sound, its loudest moment about -8 dBFS.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import band_pass, filtered, high_pass, low_pass, swept

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.effects.pulse import Pulse

PEAK = 0.4

LONGEST_BEATS = 8.0
"""A riser takes at most two bars of four."""


def riser(frames: int, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """Noise and a tone that climb to the end of the region, and stop there."""
    length = _length(frames, rate_hz, pulse, LONGEST_BEATS)
    x = np.linspace(0, 1, length)
    hz = 250 * (9000 / 250) ** x
    noise = swept(rng.standard_normal((2, length)).astype(np.float32), rate_hz, _narrow, hz)
    tone_hz = 110 * 2 ** (3 * x)
    turn = 2 * np.pi * np.cumsum(tone_hz) / rate_hz
    tone = sum(np.sin(k * turn) / k for k in (1, 2, 3, 4)) * 0.12
    return _placed((noise + tone) * x**2, frames, frames - length, rate_hz)


def impact(frames: int, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """A boom with a splash, on the first downbeat, or at once where that is far."""
    at_s = pulse.beats_s[pulse.downbeat] if 0 <= pulse.downbeat < len(pulse.beats_s) else 0.0
    start = round(at_s * rate_hz) if 0 <= at_s < min(4 * pulse.beat_s, frames / rate_hz) else 0
    length = min(frames - start, round(3.5 * rate_hz))
    t = np.arange(length) / rate_hz
    boom = np.sin(2 * np.pi * np.cumsum(38 + 45 * np.exp(-t / 0.09)) / rate_hz) * np.exp(-t / 0.7)
    splash = _passed(rng.standard_normal((2, length)), rate_hz, 250, 7000) * np.exp(-t / 0.45) * 0.5
    crack = _passed(rng.standard_normal((2, length)), rate_hz, 1500, 12_000) * np.exp(-t / 0.03) * 0.5
    ending = np.minimum(1, (length / rate_hz - t) / 0.5)
    return _placed((1.6 * np.tanh(1.5 * boom) + splash + crack) * ending, frames, start, rate_hz)


def reverse(frames: int, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """A cymbal played backwards: swells up to the end of the region, and is gone."""
    length = _length(frames, rate_hz, pulse, 4.0)
    t = np.arange(length)[::-1] / rate_hz
    cymbal = _passed(rng.standard_normal((2, length)), rate_hz, 2500, 14_000)
    for hz in (3170.0, 4410.0, 5630.0, 7240.0):
        if hz < 0.45 * rate_hz:
            ring = filtered(cymbal.astype(np.float32), rate_hz, lambda f, c=hz: band_pass(f, rate_hz, c, 60))
            cymbal = cymbal + 4 * ring
    swell = np.exp(-t / max(0.22 * length / rate_hz, 1e-3)) * np.minimum(1, np.linspace(0, 4, length))
    return _placed(cymbal * swell, frames, frames - length, rate_hz)


def downer(frames: int, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """Noise that falls away from the start of the region."""
    length = _length(frames, rate_hz, pulse, 4.0)
    x = np.linspace(0, 1, length)
    noise = swept(
        rng.standard_normal((2, length)).astype(np.float32), rate_hz, _narrow, 9000 * (250 / 9000) ** x
    )
    return _placed(noise * (1 - x) ** 2, frames, 0, rate_hz)


def _length(frames: int, rate_hz: int, pulse: Pulse, beats: float) -> int:
    return min(frames, round(beats * pulse.beat_s * rate_hz))


def _narrow(f: NDArray[np.floating], centre_hz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    """A band of about an octave around a centre that moves."""
    s = 1j * f / centre_hz
    return (s / 1.2) / (s * s + s / 1.2 + 1)


def _passed(sound: NDArray[np.floating], rate_hz: int, low_hz: float, high_hz: float) -> NDArray[np.floating]:
    def response(f: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        return high_pass(f, rate_hz, min(low_hz, 0.4 * rate_hz)) * low_pass(f, rate_hz, high_hz)

    return filtered(sound.astype(np.float32), rate_hz, response)


def _placed(sound: NDArray[np.floating], frames: int, start: int, rate_hz: int) -> Sound:
    """The sound at its place in silence, at its level, its last milliseconds faded, `[2, frames]`."""
    out = np.zeros((2, frames), np.float32)
    length = sound.shape[1]
    if not length:
        return out
    fade = min(length, round(0.01 * rate_hz))
    sound = sound * (PEAK / max(float(np.abs(sound).max()), 1e-9))
    out[:, start : start + length] = sound
    out[:, start + length - fade : start + length] *= np.linspace(1, 0, fade, dtype=np.float32)
    return out


TRANSITIONS: Mapping[str, Callable[[int, int, Pulse, np.random.Generator], Sound]] = MappingProxyType(
    {transition.__name__: transition for transition in (riser, impact, reverse, downer)}
)
"""Every transition by name: (frames, rate_hz, pulse, rng) → `[2, frames]`."""

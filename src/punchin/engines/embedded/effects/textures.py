"""Noises beneath the music: vinyl, hiss, rain, waves, a street, a crowd; none is a recording.

As `laid`, each is about -20 LUFS and begins and ends at zero.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import band_pass, filtered, high_pass, low_pass
from punchin.loudness import k_weighted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound

LEVEL_DB = -20.0
"""Mean K-weighted power of a texture, both sides together."""

EDGE_S = 0.05

PIECE_S = 9.0
"""Textures are made for at most this long and repeated: nobody remembers nine seconds of rain."""

SEAM_S = 0.4
"""Over how long one repeat becomes the next."""


def vinyl(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A record: crackle and clicks, alike on both sides, rumble, dust that turns 33 1/3 times a minute."""
    t = np.arange(frames) / rate_hz
    crackle = _grains(frames, rate_hz, rng, per_s=16, length_s=0.0008, spread=0.6)
    clicks = _grains(frames, rate_hz, rng, per_s=0.6, length_s=0.002, spread=0.3) * 2
    dust = rng.standard_normal((2, frames), np.float32) * (0.05 * (1 + 0.35 * np.sin(2 * np.pi * t / 1.8)))
    surface = _band(dust + np.tanh(crackle + clicks), rate_hz, 500, 8500)
    return surface + 0.04 * _band(rng.standard_normal((2, frames), np.float32), rate_hz, 25, 60)


def noise(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A wall of pink noise that breathes."""
    return _pink(frames, rate_hz, rng) * _drift(frames, rate_hz, rng, 0.4, 0.3)


def hiss(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A tape's hiss: steady, bright."""
    return _band(rng.standard_normal((2, frames), np.float32), rate_hz, 1500, 14_000)


def rain(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """Rain on leaves: a wash that swells a little, and drops near by."""
    white = rng.standard_normal((2, frames), np.float32)
    wash = _band(white, rate_hz, 900, 9000) * _drift(frames, rate_hz, rng, 0.7, 0.25)
    drops = np.stack([_grains(frames, rate_hz, rng, per_s=70, length_s=0.003, spread=0.5) for _ in range(2)])
    return (
        0.4 * wash + 0.5 * _band(np.tanh(drops), rate_hz, 1500, 8000) + 0.1 * _band(white, rate_hz, 80, 400)
    )


def waves(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """Surf: every few seconds a wave rises, breaks brightly and runs out, a little later on one side."""
    low = _band(_pink(frames, rate_hz, rng), rate_hz, 40, 900)
    high = _band(rng.standard_normal((2, frames), np.float32), rate_hz, 700, 7000)
    t = np.arange(frames, dtype=np.float32) / rate_hz
    sound = 0.1 * low
    start_s = -float(rng.uniform(1, 4))
    while start_s < frames / rate_hz:
        for side, late_s in enumerate((0.0, float(rng.uniform(-0.6, 0.6)))):
            x = t - np.float32(start_s + late_s)
            running_out = np.exp(-np.maximum(x - 2, 0) / 1.1)
            swell = np.sin(np.pi / 4 * np.clip(x, 0, 2)) ** 2 * running_out
            foam = np.clip(x - 1.3, 0, 0.7) ** 2 * 2 * running_out
            sound[side] += 0.8 * swell * low[side] + 0.35 * foam * high[side]
        start_s += float(rng.uniform(3.5, 5.5))
    return sound


def ambience(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A street behind a window: low traffic that passes from side to side, far voices, air."""
    traffic = _band(_pink(frames, rate_hz, rng), rate_hz, 40, 450)
    passing = _drift(frames, rate_hz, rng, 0.15, 0.8)
    across = np.stack([1 + 0.6 * passing, 1 - 0.6 * passing])
    air = _band(rng.standard_normal((2, frames), np.float32), rate_hz, 500, 5000) * 0.06
    return traffic * across + 0.35 * _voices(frames, rate_hz, rng, 8) + air


def crowd(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """An audience: many voices at once, and hands here and there."""
    hands = np.stack([_grains(frames, rate_hz, rng, per_s=20, length_s=0.005, spread=0.4) for _ in range(2)])
    return _voices(frames, rate_hz, rng, 24) + 0.12 * _band(np.tanh(hands), rate_hz, 900, 4500)


def _voices(frames: int, rate_hz: int, rng: np.random.Generator, people: int) -> Sound:
    """A murmur: noise through the formants of mouths, each with its own syllables and place, `[2, N]`."""
    source = _pink(frames, rate_hz, rng)[:1]
    mouths = [
        filtered(
            source,
            rate_hz,
            lambda f, a=first, b=second: band_pass(f, rate_hz, a, 5) + 0.5 * band_pass(f, rate_hz, b, 6),
        )[0]
        for first, second in zip(rng.uniform(300, 750, 6), rng.uniform(900, 2100, 6), strict=True)
    ]
    sound = np.zeros((2, frames), np.float32)
    for person in range(people):
        voice = np.roll(mouths[person % len(mouths)], int(rng.integers(max(frames, 1))))
        voice = voice * np.maximum(_drift(frames, rate_hz, rng, rng.uniform(3, 5), 0.9) - np.float32(0.6), 0)
        place = rng.uniform(0, np.pi / 2)
        sound += np.array([[np.cos(place)], [np.sin(place)]], np.float32) * voice
    return sound / np.float32(people**0.5)


def _grains(
    frames: int, rate_hz: int, rng: np.random.Generator, *, per_s: float, length_s: float, spread: float
) -> NDArray[np.floating]:
    """Little strokes at random, their loudness spread by so many nepers, `[N]`."""
    sound = np.zeros(frames, np.float32)
    length = max(2, round(6 * length_s * rate_hz))
    decay = np.exp(-np.arange(length) / (length_s * rate_hz))
    for at in rng.integers(0, max(frames, 1), int(rng.poisson(per_s * frames / rate_hz))):
        click = decay * rng.standard_normal(length) * np.exp(spread * rng.standard_normal())
        sound[at : at + length] += click[: frames - at]
    return sound


def _drift(
    frames: int, rate_hz: int, rng: np.random.Generator, speed_hz: float, depth: float
) -> NDArray[np.floating]:
    """A level that wanders around 1 about so many times a second, never below 0, `[N]`."""
    points = max(2, int(frames / rate_hz * 2 * speed_hz) + 3)
    at = np.linspace(0, points - 1, frames, dtype=np.float32)
    values = (1 + depth * rng.standard_normal(points)).astype(np.float32)
    below = np.minimum(at.astype(np.int32), points - 2)
    x = at - below
    smooth = x * x * (3 - 2 * x)
    return np.maximum(values[below] * (1 - smooth) + values[below + 1] * smooth, 0)


def _pink(frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """Noise with equal power in every octave from 30 Hz up, `[2, N]`."""
    white = rng.standard_normal((2, frames), np.float32)
    return filtered(white, rate_hz, lambda f: (30 / np.maximum(f, 30)) ** 0.5 + 0j)


def _band(sound: NDArray[np.floating], rate_hz: int, low_hz: float, high_hz: float) -> Sound:
    def response(f: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        return high_pass(f, rate_hz, low_hz) * low_pass(f, rate_hz, high_hz)

    return filtered(np.asarray(sound, np.float32), rate_hz, response)


TEXTURES: Mapping[str, Callable[[int, int, np.random.Generator], Sound]] = MappingProxyType(
    {texture.__name__: texture for texture in (vinyl, noise, hiss, rain, waves, ambience, crowd)}
)
"""Every texture by name: (frames, rate_hz, rng) → `[2, frames]`, at any level; `laid` is what is heard."""


def laid(
    texture: Callable[[int, int, np.random.Generator], Sound],
    frames: int,
    rate_hz: int,
    rng: np.random.Generator,
) -> Sound:
    """A texture as long as is wanted, at `LEVEL_DB`, with soft ends, `[2, frames]`."""
    if not frames:
        return np.zeros((2, 0), np.float32)
    seam = round(SEAM_S * rate_hz)
    length = min(frames, round(PIECE_S * rate_hz) + seam)
    piece = texture(length, rate_hz, rng)
    power = float(np.square(k_weighted(piece, rate_hz)).sum(axis=0).mean())
    piece = piece * np.float32(10 ** (LEVEL_DB / 20) / max(power, 1e-20) ** 0.5)
    if length < frames:
        # The end fades into the beginning with equal power, and what is left repeats without a seam.
        rise = np.sin(0.5 * np.pi * (np.arange(seam) + 1) / seam).astype(np.float32)
        piece[:, -seam:] = piece[:, -seam:] * rise[::-1] + piece[:, :seam] * rise
        turning = piece[:, seam:]
        piece = np.tile(turning, -(-frames // turning.shape[1]))[:, :frames]
    t = np.arange(frames) / rate_hz
    edge = np.clip(np.minimum(t, t[-1] - t) / EDGE_S, 0, 1)
    return (piece * (0.5 - 0.5 * np.cos(np.pi * edge))).astype(np.float32)

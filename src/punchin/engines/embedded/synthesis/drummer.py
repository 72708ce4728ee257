"""Plays the drums of a score: one stroke after another, on one kit."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import soxr

from punchin.engines.embedded.effects.filters import fast_length, filtered, low_pass
from punchin.engines.embedded.synthesis.kits import STAGE, Kit, Made, Recorded, check_voice
from punchin.engines.embedded.synthesis.voice import gain_of
from punchin.loudness import k_response

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engines.embedded.score import Hit
    from punchin.engines.embedded.synthesis.bank import Sound
    from punchin.engines.embedded.synthesis.voice import Studio

SHADES = 4
"""In how many steps brightness follows velocity."""

VARIANTS = 3
"""How many slightly different strokes a human has of each kind."""

VARIANT_CENTS = 18.0
"""How far these are apart."""

LOUDEST_S = 0.06
"""A stroke is as loud as its loudest this long: longer than a click, shorter than a beat."""

STROKE_DB = -14.0
"""K-weighted level of a kick of medium velocity."""

CHOKE_S = 0.03
"""How fast a closing hi-hat silences an open one."""

CHOKERS = frozenset({"closed_hat", "pedal_hat", "open_hat"})

ROOM_DB = -13.0
"""A kit's room against its dry sound."""


def play_drums(hits: Sequence[Hit], kit: Kit, frames: int, studio: Studio) -> Sound:
    """All hits as one stereo stem, `[2, frames]`.

    Raises:
        ValueError: if a hit names a drum that does not exist; names the nearest ones.
    """
    stem = np.zeros((2, frames), np.float32)
    ends = _chokes(hits)
    last: dict[str, int] = {}
    for number, hit in enumerate(hits):
        voice = check_voice(hit.voice)
        start = round(hit.start_s * studio.rate_hz)
        if not 0 <= start < frames:
            continue
        variant = int(studio.rng.integers(VARIANTS)) if kit.human else 0
        if variant == last.get(voice):
            variant = (variant + 1) % VARIANTS if kit.human else 0
        last[voice] = variant
        sound = _stroke(kit, voice, min(int(hit.velocity * SHADES), SHADES - 1), variant, studio)
        sound = sound[:, : frames - start] * np.float32(gain_of(hit.velocity))
        if number in ends:
            sound = _choked(sound, round((ends[number] - hit.start_s) * studio.rate_hz), studio.rate_hz)
        stem[:, start : start + sound.shape[1]] += sound
    if kit.room_s and hits:
        stem += _room(stem, kit.room_s, studio.rate_hz)
    return stem


def _chokes(hits: Sequence[Hit]) -> dict[int, float]:
    """For each open hi-hat that another stroke of the hi-hat ends: when."""
    ends: dict[int, float] = {}
    ringing: int | None = None
    for number, hit in enumerate(hits):
        if hit.voice in CHOKERS:
            if ringing is not None and hit.start_s > hits[ringing].start_s:
                ends[ringing] = hit.start_s
            ringing = number if hit.voice == "open_hat" else None
    return ends


def _choked(sound: Sound, at: int, rate_hz: int) -> Sound:
    fade = round(CHOKE_S * rate_hz)
    level = np.clip(1 - (np.arange(min(sound.shape[1], at + fade)) - at) / fade, 0, 1).astype(np.float32)
    return sound[:, : len(level)] * level


def _stroke(kit: Kit, voice: str, shade: int, variant: int, studio: Studio) -> Sound:
    """One stroke at its place and level, `[2, N]`; do not write to it."""
    if not kit.human:
        shade, variant = SHADES - 1, 0
    return studio.once(
        ("stroke", kit.name, voice, shade, variant), lambda: _struck(kit, voice, shade, variant, studio)
    )


def _struck(kit: Kit, voice: str, shade: int, variant: int, studio: Studio) -> Sound:
    rate_hz = studio.rate_hz
    spec = kit.strokes[voice]
    cents = (variant - VARIANTS // 2) * VARIANT_CENTS
    sound = (
        _recorded(spec, voice, cents, studio)
        if isinstance(spec, Recorded)
        else _made(kit, spec, voice, variant, rate_hz)
    )
    if shade < SHADES - 1:
        corner_hz = 3000.0 * 2.0 ** (1.1 * shade)
        sound = filtered(sound, rate_hz, lambda f: low_pass(f, rate_hz, corner_hz))
    sound = _coloured(sound / max(float(np.abs(sound).max()), 1e-9), kit, rate_hz)
    place = STAGE[voice]
    sound = sound * np.float32(10 ** ((STROKE_DB + place.level_db - _loudest_db(sound, studio)) / 20))
    angle = (place.pan + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(2**0.5)
    return (sound if sound.shape[0] == 2 else np.repeat(sound, 2, axis=0)) * sides


def _recorded(spec: Recorded, voice: str, cents: float, studio: Studio) -> Sound:
    zone = studio.bank.named(spec.set, spec.voice or voice)
    assert zone is not None, f"the bank has no {spec.voice or voice} in {spec.set}"
    speed = 2 ** ((spec.tune + cents / 100) / 12) * studio.bank.sets[spec.set].rate_hz / studio.rate_hz
    sound = studio.bank.sound(spec.set, zone)
    return sound if speed == 1 else np.ascontiguousarray(soxr.resample(sound.T, speed, 1.0, "HQ").T)


def _made(kit: Kit, spec: Made, voice: str, variant: int, rate_hz: int) -> Sound:
    # A machine's noise is part of its sound: it hangs on the names alone, not on the take's seed.
    rng = np.random.default_rng([crc32(f"{kit.name} {voice}".encode()), variant])
    return spec.recipe(rng, rate_hz, **dict(spec.settings))


def _coloured(sound: Sound, kit: Kit, rate_hz: int) -> Sound:
    """A stroke of full scale with the kit's colour."""
    if kit.drive:
        gain = np.float32(1 + 5 * kit.drive)
        sound = np.tanh(gain * sound) / np.tanh(gain)
    if kit.bits:
        steps = np.float32(2 ** (kit.bits - 1))
        held = np.arange(sound.shape[1]) // max(1, round(rate_hz / 22_050)) * max(1, round(rate_hz / 22_050))
        sound = np.round(sound[:, held] * steps) / steps
    corner_hz = kit.low_pass_hz
    return sound if corner_hz is None else filtered(sound, rate_hz, lambda f: low_pass(f, rate_hz, corner_hz))


def _loudest_db(sound: Sound, studio: Studio) -> float:
    """K-weighted level of the loudest `LOUDEST_S` of the first half second, mean of the channels, in dB."""
    struck = sound[:, : studio.rate_hz // 2]
    length = fast_length(studio.rate_hz)
    frequency_hz = np.arange(length // 2 + 1, dtype=np.float64) * (studio.rate_hz / length)
    gains = studio.once(("K", length), lambda: k_response(frequency_hz))
    heard = np.fft.irfft(np.fft.rfft(struck, length, axis=1) * gains, length, axis=1)[:, : struck.shape[1]]
    power = np.square(heard).mean(axis=0)
    width = round(LOUDEST_S * studio.rate_hz)
    total = np.concatenate([[0.0], np.cumsum(power)])
    # What is shorter than the window still counts as spread over all of it.
    loudest = (total[width:] - total[:-width]).max() if len(power) > width else total[-1]
    return 10 * float(np.log10(loudest / width + 1e-12))


def _room(stem: Sound, rt60_s: float, rate_hz: int) -> NDArray[np.floating]:
    """What a small room gives back: the stem on decaying noise, the low end left out, `[2, N]`."""
    rng = np.random.default_rng(crc32(b"drum room"))
    t = np.arange(round(rt60_s * rate_hz)) / rate_hz
    echo = rng.standard_normal((2, len(t))) * 10 ** (-3 * t / rt60_s)
    echo *= np.minimum(1, t / 0.004)
    echo *= 10 ** (ROOM_DB / 20) / np.sqrt((echo**2).sum(axis=1, keepdims=True))
    length = fast_length(stem.shape[1] + len(t))
    f = np.fft.rfftfreq(length, 1 / rate_hz)
    floor = (f / 250) ** 2
    tone = floor / (1 + floor) / (1 + (f / 7000) ** 2)
    spectrum = np.fft.rfft(stem, length, axis=1) * (
        np.fft.rfft(echo.astype(np.float32), length, axis=1) * tone
    )
    return np.fft.irfft(spectrum.astype(np.complex64), length, axis=1)[:, : stem.shape[1]]

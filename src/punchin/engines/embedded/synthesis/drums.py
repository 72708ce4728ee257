"""Drums that are made by formula: the circuits of drum machines, a games console, and hands and feet.

Each recipe gives one stroke, `[1, N]`, at full velocity; its level does not matter, `kits` sets it. Noise is
drawn from the generator that is passed in, everything else is the same every time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import band_pass, filtered, high_pass, low_pass
from punchin.engines.embedded.synthesis import waves

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from punchin.engines.embedded.synthesis.bank import Sound

METAL_HZ = (205.3, 304.4, 369.6, 522.7, 540.0, 800.0)
"""The six square waves behind the TR-808's hats and cymbal (K. J. Werner et al., DAFx 2014, section 3)."""

SILENT = 6.9
"""Time constants until a decay is 60 dB down."""


def kick(
    rng: np.random.Generator,
    rate_hz: int,
    tune_hz: float = 50.0,
    drop: float = 4.0,
    drop_s: float = 0.03,
    decay_s: float = 0.1,
    click: float = 0.3,
    drive: float = 1.5,
) -> Sound:
    """A sine that falls from `drop` times its pitch, with the click of the beater, driven into clipping."""
    t = _time(decay_s, rate_hz)
    turn = 2 * np.pi * np.cumsum(tune_hz * (1 + (drop - 1) * np.exp(-t / drop_s))) / rate_hz
    body = np.tanh(drive * np.sin(turn) * np.exp(-t / decay_s)) / np.tanh(drive)
    beater = rng.standard_normal(len(t)) * np.exp(-t / 0.003)
    return _done(body + click * _passed(beater, rate_hz, 900, 7000))


def snare(
    rng: np.random.Generator,
    rate_hz: int,
    tune_hz: float = 185.0,
    body: float = 0.7,
    decay_s: float = 0.07,
    low_hz: float = 700.0,
    high_hz: float = 9500.0,
    drive: float = 1.0,
) -> Sound:
    """Two modes of the skin (1 : 1.78, as in the TR-808) and the wires' noise."""
    t = _time(decay_s, rate_hz)
    skin = sum(
        level * np.sin(2 * np.pi * np.cumsum(tune_hz * ratio * (1 + 0.5 * np.exp(-t / 0.008))) / rate_hz)
        for ratio, level in ((1.0, 1.0), (1.78, 0.6))
    )
    wires = _passed(rng.standard_normal(len(t)), rate_hz, low_hz, high_hz)
    mix = body * skin * np.exp(-t / (0.6 * decay_s)) + 1.2 * wires * np.exp(-t / decay_s)
    return _done(np.tanh(drive * mix) / drive)


def clap(
    rng: np.random.Generator,
    rate_hz: int,
    decay_s: float = 0.07,
    low_hz: float = 900.0,
    high_hz: float = 5000.0,
    spread_s: float = 0.011,
    hands: int = 3,
) -> Sound:
    """A few hands that do not quite meet, and the room after them."""
    t = _time(decay_s + spread_s, rate_hz)
    level = np.zeros(len(t))
    for hand in range(hands):
        since = t - hand * spread_s
        level = np.maximum(level, np.where(since >= 0, np.exp(-np.maximum(since, 0) / 0.004), 0))
    since = t - hands * spread_s
    level = np.maximum(level, np.where(since >= 0, 0.9 * np.exp(-np.maximum(since, 0) / decay_s), 0))
    return _done(_passed(rng.standard_normal(len(t)), rate_hz, low_hz, high_hz) * level)


def metal(
    rng: np.random.Generator,
    rate_hz: int,
    decay_s: float = 0.03,
    low_hz: float = 7000.0,
    high_hz: float = 16_000.0,
    pitch: float = 1.0,
    noise: float = 0.3,
    attack_s: float = 0.0,
) -> Sound:
    """Hats and cymbals: six square waves out of tune with each other, and noise, high-passed."""
    t = _time(decay_s, rate_hz)
    squares = np.zeros(len(t))
    for number, base_hz in enumerate(METAL_HZ):
        table = waves.cycle(waves.square(waves.harmonics(base_hz * pitch, rate_hz)))
        squares += waves.read(table, np.arange(len(t)) * (base_hz * pitch / rate_hz) + 0.29 * number)
    mix = (1 - noise) * squares / 2.5 + noise * rng.standard_normal(len(t))
    level = np.exp(-t / decay_s) * np.minimum(1, t / attack_s if attack_s else 1)
    return _done(_passed(_passed(mix, rate_hz, low_hz, high_hz), rate_hz, low_hz, None) * level)


def tom(
    rng: np.random.Generator,
    rate_hz: int,
    tune_hz: float = 110.0,
    drop: float = 1.5,
    drop_s: float = 0.05,
    decay_s: float = 0.12,
    slap: float = 0.15,
    slap_hz: float = 1500.0,
    overtone: float = 0.0,
    rises: float = 0.0,
) -> Sound:
    """A skin with one pitch: toms, congas, hand drums; `rises` bends it up after the stroke, as a tabla's."""
    t = _time(decay_s, rate_hz)
    bend = (1 + (drop - 1) * np.exp(-t / drop_s)) * (1 + rises * (1 - np.exp(-t / 0.09)))
    turn = 2 * np.pi * np.cumsum(tune_hz * bend) / rate_hz
    skin = np.sin(turn) * np.exp(-t / decay_s)
    if overtone:
        skin += overtone * (np.sin(2 * turn) + 0.5 * np.sin(3 * turn)) * np.exp(-t / (0.7 * decay_s))
    hand = _passed(rng.standard_normal(len(t)), rate_hz, 0.6 * slap_hz, 3 * slap_hz) * np.exp(-t / 0.008)
    return _done(skin + slap * 4 * hand)


def block(
    rng: np.random.Generator,
    rate_hz: int,
    tunes_hz: tuple[float, ...] = (1700.0, 820.0),
    decay_s: float = 0.012,
    square: bool = False,
    noise: float = 0.0,
) -> Sound:
    """Something small and hard: rims, claves, cowbells (two square waves)."""
    t = _time(decay_s, rate_hz)
    sound = noise * rng.standard_normal(len(t)) * np.exp(-t / 0.002)
    for tune_hz in tunes_hz:
        series = waves.square if square else waves.sine
        table = waves.cycle(series(waves.harmonics(tune_hz, rate_hz)))
        sound += waves.read(table, np.arange(len(t)) * (tune_hz / rate_hz))
    if square:
        sound = _passed(sound, rate_hz, 0.7 * min(tunes_hz), 6 * max(tunes_hz))
    return _done(sound * (0.6 * np.exp(-t / decay_s) + 0.4 * np.exp(-t / (0.2 * decay_s))))


def rattle(
    rng: np.random.Generator,
    rate_hz: int,
    decay_s: float = 0.035,
    low_hz: float = 4000.0,
    high_hz: float = 12_000.0,
    swell_s: float = 0.012,
    grains: int = 0,
    ring_hz: float = 0.0,
) -> Sound:
    """Beads, jingles, bristles: noise that swells and dies; `grains` makes single strokes of it."""
    t = _time(decay_s + swell_s, rate_hz)
    noise = rng.standard_normal(len(t))
    if grains:
        strokes = np.zeros(len(t))
        strokes[rng.integers(0, max(1, round((swell_s + decay_s) * rate_hz)), grains)] = 1
        kernel = np.exp(-np.arange(round(0.01 * rate_hz)) / (0.002 * rate_hz))
        noise = noise * np.convolve(strokes, kernel)[: len(t)]
    sound = _passed(noise, rate_hz, low_hz, high_hz)
    if ring_hz:
        for ratio in (1.0, 1.27, 1.61, 2.05):
            centre_hz = ring_hz * ratio
            if centre_hz < 0.45 * rate_hz:
                sound = sound + 3 * _shaped(
                    noise, rate_hz, lambda f, hz=centre_hz: band_pass(f, rate_hz, hz, 40)
                )
    level = np.minimum(1, t / swell_s) * np.exp(-np.maximum(t - swell_s, 0) / decay_s)
    return _done(sound * level)


def console(
    rng: np.random.Generator,
    rate_hz: int,
    clock_hz: float = 12_000.0,
    decay_s: float = 0.05,
    fall: float = 1.0,
    tune_hz: float = 0.0,
) -> Sound:
    """A games console: a falling stepped triangle, or noise that only changes with its clock."""
    t = _time(decay_s, rate_hz)
    level = np.exp(-t / decay_s)
    if tune_hz:
        phase = np.cumsum(tune_hz * (1 + (fall - 1) * np.exp(-t / 0.03))) / rate_hz
        table = waves.cycle(waves.stepped_triangle(waves.harmonics(tune_hz * fall, rate_hz)))
        return _done(waves.read(table, phase) * level)
    ticks = (np.arange(len(t)) * (clock_hz / rate_hz)).astype(np.int64)
    return _done(rng.choice([-1.0, 1.0], ticks[-1] + 1)[ticks] * level)


def mouth(
    rng: np.random.Generator,
    rate_hz: int,
    formants_hz: tuple[float, ...] = (1200.0, 2600.0),
    decay_s: float = 0.04,
    tune_hz: float = 0.0,
    burst: float = 1.0,
) -> Sound:
    """A beatboxer: breath through the shape of the mouth, with or without a low thump behind the lips."""
    t = _time(decay_s, rate_hz)
    breath = rng.standard_normal(len(t))
    sound = sum(
        _shaped(breath, rate_hz, lambda f, hz=centre_hz: band_pass(f, rate_hz, hz, 2.5))
        for centre_hz in formants_hz
    )
    sound = burst * sound * np.exp(-t / (0.5 * decay_s if tune_hz else decay_s))
    if tune_hz:
        turn = 2 * np.pi * np.cumsum(tune_hz * (1 + 1.5 * np.exp(-t / 0.015))) / rate_hz
        sound = sound + 1.5 * np.sin(turn) * np.exp(-t / decay_s)
    return _done(sound)


def _time(decay_s: float, rate_hz: int) -> NDArray[np.floating]:
    """Seconds at each frame until the decay is over, `[N]`."""
    return np.arange(max(8, round(SILENT * decay_s * rate_hz))) / rate_hz


def _passed(
    sound: NDArray[np.floating], rate_hz: int, low_hz: float | None, high_hz: float | None
) -> NDArray[np.floating]:
    """What lies between two corners, `[N]`."""

    def response(f: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        gains = np.ones(len(f), complex)
        if low_hz:
            gains = gains * high_pass(f, rate_hz, min(low_hz, 0.4 * rate_hz))
        if high_hz and high_hz < 0.45 * rate_hz:
            gains = gains * low_pass(f, rate_hz, high_hz)
        return gains

    return _shaped(sound, rate_hz, response)


def _shaped(
    sound: NDArray[np.floating],
    rate_hz: int,
    response: Callable[[NDArray[np.floating]], NDArray[np.complexfloating]],
) -> NDArray[np.floating]:
    return filtered(np.asarray(sound, np.float32)[None], rate_hz, response)[0]


def _done(sound: NDArray[np.floating]) -> Sound:
    """The stroke as `[1, N]`, faded out over its last tenth."""
    fade = max(2, len(sound) // 10)
    sound = np.array(sound, np.float32)
    sound[-fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return sound[None]

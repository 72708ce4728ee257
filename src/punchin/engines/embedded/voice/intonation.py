"""The pitch of a voice from row to row: how a singer moves between notes, and how a rapper speaks.

The singer's pitch is the notes' through a damped oscillator, plus vibrato and small drift. Constants: Saitou,
Unoki and Akagi 2005, "Development of an F0 control model based on F0 dynamic characteristics for
singing-voice synthesis", Speech Communication 46.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.voice.melody import Tune
    from punchin.engines.embedded.voice.rhythm import Timing

OVERSHOOT_RAD_S, OVERSHOOT_DAMPING = 34.8, 0.5422
"""Ω = 0.0348 rad/ms, ζ = 0.5422."""

SNAP_RAD_S, SNAP_DAMPING = 120.0, 1.0
"""The same for a voice that is tuned by machine: no overshoot, a note in 30 ms."""

VIBRATO_HZ = 5.5
VIBRATO_CENTS = 35.0
VIBRATO_FROM_S = 0.4
VIBRATO_AFTER_S, VIBRATO_GROWS_S = 0.2, 0.25
"""Notes that long have vibrato; when it begins and how long it grows."""

DRIFT_CENTS = 5.0
EARLY_S = 0.04
"""How long before the vowel the pitch begins to move: consonants carry the way to the note."""

SPEECH_SPREAD = 0.75
"""How much of speech's rise and fall a rapper keeps."""

ACCENT_SEMITONES = 1.0


def sung_pitch(
    times_s: NDArray[np.floating], timing: Timing, tune: Tune, tuned: float, rng: np.random.Generator
) -> NDArray[np.floating]:
    """Pitch as a fractional MIDI number, a row a time, `[T]`.

    Args:
        times_s: when, evenly spaced.
        timing: when the notes begin and end.
        tune: the notes.
        tuned: 0..1, how much like a machine.
        rng: chance.
    """
    note = np.clip(np.searchsorted(timing.onsets_s, times_s + EARLY_S, side="right") - 1, 0, None)
    wanted = tune.pitches[note]
    human = _oscillated(wanted, times_s, OVERSHOOT_RAD_S, OVERSHOOT_DAMPING)
    moving = human + _vibrato(times_s, timing, rng) + _drift(times_s, rng)
    if tuned <= 0:
        return moving
    return (1 - tuned) * moving + tuned * _oscillated(wanted, times_s, SNAP_RAD_S, SNAP_DAMPING)


def spoken_pitch(
    speech_hz: NDArray[np.floating], source: NDArray[np.floating], accents: NDArray[np.floating], base: float
) -> NDArray[np.floating]:
    """Pitch of a rapper: the speech's own contour around another middle, `[T]` MIDI numbers.

    Args:
        speech_hz: pitch of the speech, a row each, 0 where unvoiced.
        source: which row of the speech sounds at each time (fractional), `[T]`.
        accents: 0..1, how much each time is stressed, `[T]`.
        base: the middle, a MIDI number.
    """
    rows = np.flatnonzero(speech_hz > 0)
    if not len(rows):
        return np.full(len(source), base)
    semitones = 12 * np.log2(speech_hz[rows] / np.median(speech_hz[rows]))
    contour = np.interp(source, rows, np.clip(semitones, -7, 7))
    return base + SPEECH_SPREAD * contour + ACCENT_SEMITONES * accents


def _oscillated(
    wanted: NDArray[np.floating], times_s: NDArray[np.floating], speed_rad_s: float, damping: float
) -> NDArray[np.floating]:
    """The solution of x'' = Ω² (wanted - x) - 2 ζ Ω x', from rest on the first note."""
    steps = 4
    dt = float(times_s[1] - times_s[0]) / steps if len(times_s) > 1 else 0.0
    place, speed = float(wanted[0]), 0.0
    heard: list[float] = []
    for target in wanted.tolist():
        for _ in range(steps):
            speed += dt * (speed_rad_s**2 * (target - place) - 2 * damping * speed_rad_s * speed)
            place += dt * speed
        heard.append(place)
    return np.array(heard)


def _vibrato(times_s: NDArray[np.floating], timing: Timing, rng: np.random.Generator) -> NDArray[np.floating]:
    wave = np.zeros(len(times_s))
    for onset, end in zip(timing.onsets_s, timing.ends_s, strict=True):
        speed_hz = VIBRATO_HZ * (1 + 0.04 * float(np.clip(rng.standard_normal(), -2, 2)))
        if end - onset < VIBRATO_FROM_S:
            continue
        since = times_s - onset - VIBRATO_AFTER_S
        grown = np.clip(since / VIBRATO_GROWS_S, 0, 1) * (times_s < end)
        wave += VIBRATO_CENTS / 100 * grown * np.sin(2 * np.pi * speed_hz * since)
    return wave


def _drift(times_s: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Nobody holds a note quite still: slow, small noise."""
    points = np.arange(times_s[0], times_s[-1] + 0.2, 0.08)
    return np.interp(times_s, points, rng.normal(0, DRIFT_CENTS / 100, len(points)))

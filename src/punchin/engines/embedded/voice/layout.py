"""Which line is sung when: lines begin with bars, and are as long as their syllables need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.arrangement import Ground

FASTEST = {"sing": 6.0, "rap": 7.0, "speak": 6.0}
"""Syllables a second, the most that are still words; quick speech has about 7."""

EASY = {"sing": 2.9, "rap": 4.6, "speak": 3.8}
SLOWEST = {"sing": 1.7, "rap": 3.2, "speak": 3.0}
"""Between these two the words are spread over the room there is."""

LEAD_S = 0.12
"""Room for consonants before the first vowel of the hole."""

TAIL_S = 0.1
"""Everything is silent that long before the hole ends."""

RESERVE = 0.85
"""The share of its beats that a line sings; the rest is for breath."""

HURRIED, SLOW = 2.0, 0.8
"""What it costs to sing twice as fast as would be easy, and half as fast."""

OFF_BAR, OFF_HALF = 2.5, 0.6
PLACE_COST = 0.15


@dataclass(frozen=True, slots=True)
class Slot:
    """The beats of one line: `[first, end)` in beats of the ground."""

    first: int
    end: int


def lay_out(syllables: Sequence[int], ground: Ground, delivery: str) -> list[Slot]:
    """Beats for as many lines as fit, from the first on.

    The cheapest way through all starts and lengths: lines begin with bars, sing at an easy pace, and are
    spread over the hole.

    Args:
        syllables: how many each line has.
        ground: beats and bars of the hole.
        delivery: "sing", "rap" or "speak".
    """
    usable = _usable(ground)
    if not syllables or not usable:
        return []
    room_s = float(ground.beats_s[usable.stop] - ground.beats_s[usable.start])
    # Even the fastest singer cannot say more: do not try.
    most = int(FASTEST[delivery] * room_s)
    fitting = int(np.searchsorted(np.cumsum(syllables), most, side="right"))
    for count in range(min(len(syllables), max(1, fitting)), 0, -1):
        slots = _cheapest(syllables[:count], ground, usable, delivery)
        if slots:
            return slots
    return []


def _usable(ground: Ground) -> range:
    """The beats in which words may sound: `beats_s[start]` to `beats_s[stop]` lies in the hole."""
    beats = len(ground.positions)
    start = int(np.searchsorted(ground.beats_s, -1e-3))
    stop = int(np.searchsorted(ground.beats_s, ground.duration_s + 1e-3, side="right")) - 1
    return range(min(start, beats), max(start, min(stop, beats)))


def _cheapest(syllables: Sequence[int], ground: Ground, usable: range, delivery: str) -> list[Slot]:
    """Dynamic programming over lines and beats; empty if they do not all fit."""
    times = np.asarray(ground.beats_s[usable.start : usable.stop + 1], dtype=float)
    beats = len(times) - 1
    bar = ground.beats_per_bar
    room_s = times[-1] - times[0]
    pace = float(np.clip(sum(syllables) / (RESERVE * room_s), SLOWEST[delivery], EASY[delivery]))
    start_cost = _start_cost(ground, usable)
    lengths = sorted({1, 2, 3, max(1, bar // 2), bar, bar + bar // 2, 2 * bar, 3 * bar, 4 * bar})
    ends = np.full((len(syllables) + 1, beats + 1), np.inf)  # [lines sung, beat by which they are]
    ends[0] = 0.0
    chosen = np.zeros((len(syllables), beats + 1), dtype=int)
    for number, count in enumerate(syllables):
        # The best that can have been sung up to each beat, however long ago it ended.
        reached = np.minimum.accumulate(ends[number])
        target = times[0] + room_s * number / len(syllables)
        for length in (n for n in lengths if n <= beats):
            span_s = times[length:] - times[:-length]
            rate = count / (RESERVE * span_s)
            tight = count / np.maximum(span_s - 0.25, 1e-3)
            cost = reached[: beats + 1 - length] + start_cost[: beats + 1 - length]
            octaves = np.log2(rate / pace)
            cost = cost + np.where(octaves > 0, HURRIED, SLOW) * octaves**2 + _odd_length(length, bar)
            cost = cost + PLACE_COST * np.abs(times[:-length] - target) / (bar * room_s / beats)
            cost = np.where(tight > FASTEST[delivery], np.inf, cost)
            better = cost < ends[number + 1, length:]
            ends[number + 1, length:][better] = cost[better]
            chosen[number, length:][better] = length
    return _traced(ends, chosen, usable.start)


def _start_cost(ground: Ground, usable: range) -> np.ndarray:
    """What it costs to begin on each beat."""
    positions = np.asarray(ground.positions[usable.start : usable.stop])
    bar = ground.beats_per_bar
    cost = np.where(positions == 0, 0.0, OFF_BAR)
    if bar % 2 == 0:
        cost = np.where(positions == bar // 2, OFF_HALF, cost)
    return np.append(cost, np.inf)


def _odd_length(length: int, bar: int) -> float:
    """Phrases are one, two or four bars long, or half a bar where there is little room."""
    return 0.0 if length in (bar, 2 * bar, 4 * bar) else 0.3 if 2 * length == bar else 0.8


def _traced(ends: np.ndarray, chosen: np.ndarray, offset: int) -> list[Slot]:
    lines = len(chosen)
    if not np.isfinite(ends[lines].min()):
        return []
    slots: list[Slot] = []
    beat = int(np.argmin(ends[lines]))
    for number in range(lines - 1, -1, -1):
        length = int(chosen[number, beat])
        slots.append(Slot(offset + beat - length, offset + beat))
        beat -= length
        beat = int(np.argmin(ends[number, : beat + 1]))
    return slots[::-1]

"""From chords to the notes of a hand: every voicing it can play, and the smoothest way through them."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.arrangement.harmony import Tones
    from punchin.engines.embedded.arrangement.instruments import Range

Voicing = tuple[int, ...]
"""MIDI pitches from low to high."""

MOST_CANDIDATES = 16
"""How many voicings of each chord are weighed against those of the next."""

MISSING_VOICE = 4.0
"""What each voice costs that a chord has too few."""

WHIM = 3.0
"""How much a whim of the seed costs a voicing at most freedom, in semitones of movement, on average."""

MUDDY_BELOW = 53
"""Under this pitch (F3) close intervals blur: orchestration books' low interval limits, in one number."""

WIDEST = 19
"""An octave and a fifth: more is no hand any more."""

FRETS_OF_A_HAND = 4


def lead_voices(
    chords: Sequence[Tones],
    playable: Range,
    *,
    centre: float,
    power: bool,
    voices: int = 0,
    whims: np.random.Generator,
    freedom: float,
) -> list[Voicing]:
    """A voicing for each chord, so that the voices move as little as possible: the cheapest path (Viterbi).

    Tymoczko 2006 (The Geometry of Musical Chords) measures voice leading by the total movement of the voices;
    so does this, with the top voice counting more, because it is heard most.

    Args:
        chords: one after the other.
        playable: the instrument.
        centre: around which pitch the hand lies.
        power: root, fifth and octave only.
        voices: how many notes a chord shall rather have, as a strum wants all its strings; 0 for any.
        whims: dice for what the seed likes better, the same for the same chord.
        freedom: 0..1, how much that counts.
    """
    liked: dict[tuple[Tones, Voicing], float] = {}
    choices: list[list[Voicing]] = []
    costs: list[np.ndarray] = []
    for tones in chords:
        every = power_voicings(tones, playable) if power else voicings(tones, playable)
        for voicing in every:
            if (tones, voicing) not in liked:
                liked[tones, voicing] = float(whims.exponential()) * WHIM * freedom
        missing = [MISSING_VOICE * max(0, voices - len(v)) for v in every]
        own = np.array([ease(v, centre) + liked[tones, v] for v in every]) + missing
        best = np.argsort(own, kind="stable")[:MOST_CANDIDATES]
        choices.append([every[k] for k in best])
        costs.append(own[best])
    return _cheapest_path(choices, costs)


def movement(before: Voicing, after: Voicing) -> float:
    """How far the voices go in semitones: voice by voice, or where they differ in number to the nearest."""
    if len(before) == len(after):
        return float(sum(abs(a - b) for a, b in zip(before, after, strict=True)))
    there = sum(min(abs(a - b) for b in before) for a in after)
    back = sum(min(abs(a - b) for a in after) for b in before)
    return float(max(there, back))


def ease(voicing: Voicing, centre: float) -> float:
    """What a voicing costs by itself: away from the centre, muddy at the bottom, narrow clusters."""
    cost = 0.35 * abs(sum(voicing) / len(voicing) - centre)
    for low, high in pairwise(voicing):
        gap = high - low
        if low < MUDDY_BELOW:
            cost += 0.25 * max(0, 7 - gap) * (1 + (MUDDY_BELOW - low) / 6)
        if gap == 1:
            cost += 2.0
        elif gap > 12:
            cost += 0.5 * (gap - 12)
    return cost


@lru_cache(maxsize=4096)
def voicings(tones: Tones, playable: Range) -> tuple[Voicing, ...]:
    """Every voicing of a chord that an instrument can play; at least one, inside its range."""
    found = _fretted(tones, playable) if playable.strings else _close(tones, playable)
    if not found:  # a narrow range: the chord's tones wherever they lie in it
        there = [p for p in range(playable.low, playable.high + 1) if p % 12 in tones.pitch_classes]
        found = {tuple(there[:3])}
    return tuple(sorted(found))


@lru_cache(maxsize=1024)
def power_voicings(tones: Tones, playable: Range) -> tuple[Voicing, ...]:
    """Root, fifth and octave at the bottom of the range, where distortion keeps them clear."""
    roots = [p for p in range(playable.low, playable.low + 13) if p % 12 == tones.root]
    return tuple((root, root + 7, root + 12) for root in roots)


def _close(tones: Tones, playable: Range) -> set[Voicing]:
    """Three or four voices within a hand, in every inversion, close and with the second voice dropped."""
    chord = [x for x in (tones.root, tones.third, tones.fifth, tones.seventh, tones.ninth) if x is not None]
    if tones.third is None:
        chord.append(tones.root)  # an open fifth gets its octave, so that there are three voices
    kept = [chord]
    if tones.ninth is not None:
        kept = [[c for c in chord if c != tones.root], [c for c in chord if c != tones.fifth]]
    found: set[Voicing] = set()
    for classes in kept:
        for turn in range(len(classes)):
            order = classes[turn:] + classes[:turn]
            if tones.third is not None:
                order = sorted(classes, key=lambda c: (c - classes[turn]) % 12)
            for bottom in range(playable.low, playable.high + 1):
                if bottom % 12 != order[0]:
                    continue
                stacked = _stack(bottom, order)
                found.add(stacked)
                found.add(tuple(sorted((stacked[-2] - 12, *stacked[:-2], stacked[-1]))))
    fits = {v for v in found if playable.low <= v[0] and v[-1] <= playable.high and v[-1] - v[0] <= WIDEST}
    return {v for v in fits if len(set(v)) == len(v)}


def _stack(bottom: int, classes: Sequence[int]) -> Voicing:
    pitches = [bottom]
    for pitch_class in classes[1:]:
        pitches.append(pitches[-1] + ((pitch_class - pitches[-1]) % 12 or 12))
    return tuple(pitches)


def _fretted(tones: Tones, playable: Range) -> set[Voicing]:
    """What a hand can grip: on each string, from the root's up, the lowest chord tone within its frets."""
    found: set[Voicing] = set()
    wanted = {x for x in (tones.root, tones.third, tones.fifth) if x is not None}
    for position in range(8):
        strings = [_fret(string, position, tones.pitch_classes) for string in playable.strings]
        for lowest in range(len(strings) - 2):
            grip = [p for p in strings[lowest:] if p is not None and p <= playable.high]
            if len(grip) < 3 or len(grip) != len(set(grip)) or not wanted <= {p % 12 for p in grip}:
                continue
            if len(playable.strings) > 4 and lowest < 2 and grip[0] % 12 != tones.root:
                continue  # below the fourth string only the root sounds clear at the bottom
            found.add(tuple(sorted(grip)))
            if len(grip) > 4:
                found.add(tuple(sorted(grip[-4:])))
    return {v for v in found if wanted <= {p % 12 for p in v}}


def _fret(string: int, position: int, classes: frozenset[int]) -> int | None:
    """The lowest fretted (or, in first position, open) note of a string that belongs to the chord."""
    frets = range(position, position + FRETS_OF_A_HAND)
    return next((string + fret for fret in frets if (string + fret) % 12 in classes), None)


@lru_cache(maxsize=65536)
def _step(before: Voicing, after: Voicing) -> float:
    return movement(before, after) + 0.7 * abs(after[-1] - before[-1])


def _cheapest_path(choices: Sequence[Sequence[Voicing]], costs: Sequence[np.ndarray]) -> list[Voicing]:
    total = costs[0]
    came_from: list[np.ndarray] = []
    known: dict[tuple[tuple[Voicing, ...], tuple[Voicing, ...]], np.ndarray] = {}  # songs go round and round
    for k in range(1, len(choices)):
        pair = (tuple(choices[k - 1]), tuple(choices[k]))
        if pair not in known:
            known[pair] = np.array([[_step(a, b) for a in pair[0]] for b in pair[1]])
        reached = known[pair] + total[None, :]
        came_from.append(np.argmin(reached, axis=1))
        total = reached.min(axis=1) + costs[k]
    at = int(np.argmin(total))
    path = [at]
    for back in reversed(came_from):
        at = int(back[at])
        path.append(at)
    return [choices[k][j] for k, j in enumerate(reversed(path))]


def broken(voicing: Voicing, playable: Range, size: int) -> Voicing:
    """A chord spread over two octaves, for arpeggios: its notes and the same an octave up, while they fit."""
    above = [p + 12 for p in voicing if p + 12 <= playable.high]
    return tuple(sorted({*voicing, *above}))[:size]

"""A walking bass: one note a beat, each near the last, that arrives at every new root from a step away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punchin.engines.embedded.arrangement.harmony import Span
    from punchin.engines.embedded.arrangement.instruments import Range
    from punchin.engines.embedded.arrangement.scene import Scene

LEAP = 5
"""Up to a fourth is a step of a walk; more costs."""


def walk(
    scene: Scene, beats: Sequence[float], roots: Sequence[int], playable: Range, dice: np.random.Generator
) -> Iterator[int]:
    """The pitches of walking notes, by the cheapest path from each chord's root to the next (Viterbi).

    Args:
        scene: chords and key.
        beats: where the notes are, in order.
        roots: the root of each span, which other notes of the line play.
        playable: the instrument's range.
        dice: what the seed likes better.
    """
    groups: dict[int, list[float]] = {}
    for beat in beats:
        groups.setdefault(scene.harmony.index(beat), []).append(beat)
    for index, inside in groups.items():
        target = roots[min(index + 1, len(roots) - 1)]
        yield from _way(scene, scene.harmony.spans[index], roots[index], target, len(inside), playable, dice)


def _way(
    scene: Scene, span: Span, root: int, target: int, length: int, playable: Range, dice: np.random.Generator
) -> list[int]:
    """`length` notes that lead from a root to the next one."""
    pitches = np.arange(playable.low, playable.high + 1)
    chordal = np.isin(pitches % 12, list(span.tones.pitch_classes))
    scalar = np.isin(pitches % 12, list(scene.harmony.scale))
    own = np.where(chordal, 0.0, np.where(scalar, 0.8, 3.0))
    own = own + 0.15 * np.maximum(0, np.abs(pitches - (playable.low + 9)) - 7)
    leaps = np.abs(pitches[:, None] - pitches[None, :]).astype(float)
    steps = np.where(leaps == 0, 2.5, np.maximum(0, leaps - LEAP) + 0.1 * leaps)
    total = own + steps[:, int(np.argmin(np.abs(pitches - root)))] + _whims(scene, len(pitches), dice)
    came: list[np.ndarray] = []
    for _ in range(length - 1):
        reached = total[None, :] + steps
        came.append(np.argmin(reached, axis=1))
        total = reached.min(axis=1) + own + _whims(scene, len(pitches), dice)
    arrival = np.abs(pitches - target)
    at = int(np.argmin(total + np.where((arrival == 1) | (arrival == 2), 0.0, 2.0 + 0.3 * arrival)))
    way = [at]
    for back in reversed(came):
        at = int(back[at])
        way.append(at)
    return [int(pitches[k]) for k in reversed(way)]


def _whims(scene: Scene, size: int, dice: np.random.Generator) -> np.ndarray:
    return dice.exponential(size=size) * 1.2 * scene.dice.freedom

"""Patterns in other metres than they were written for: beats are left out or repeated, never squeezed."""

from __future__ import annotations

from functools import lru_cache

from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT, Pattern, Step

WALTZ = (0, 1, 3)
"""Four beats as three: the one, the backbeat on two, and the last beat's upbeat."""

HALF_TIME_WALTZ = (0, 2, 3)
"""The same where the backbeat falls on three only."""


def beat_map(of: int, to: int, *, late_backbeat: bool = False) -> tuple[int, ...]:
    """Which beat of a written bar is played on each beat of the song's bar.

    >>> beat_map(4, 3), beat_map(4, 5), beat_map(3, 4)
    ((0, 1, 3), (0, 1, 2, 3, 3), (0, 1, 2, 1))

    Args:
        of: beats of the pattern's bars.
        to: beats of the song's bar.
        late_backbeat: the pattern's backbeat falls on three, not on two.
    """
    if to == of:
        return tuple(range(of))
    if of == 4 and to == 3:
        return HALF_TIME_WALTZ if late_backbeat else WALTZ
    if to < of:
        return tuple(range(to))
    whole, rest = divmod(to, of)
    tail = {0: (), 1: (of - 1,) if of > 3 else (1,)}.get(rest)
    if tail is None:
        tail = beat_map(of, rest, late_backbeat=late_backbeat)
    return tuple(range(of)) * whole + tail


@lru_cache(maxsize=4096)
def fitted(pattern: Pattern, number: int, beats: int, late_backbeat: bool = False) -> tuple[Step, ...]:
    """The steps of a pattern's `number`-th bar in a bar of `beats` beats; none lasts past the next.

    Args:
        pattern: what is written.
        number: which bar of the song, from 0; the pattern goes round.
        beats: how many beats that bar has.
        late_backbeat: see `beat_map`.
    """
    written = pattern.bar(number)
    if beats == pattern.beats:
        return written
    moved = [
        Step(beat * STEPS_A_BEAT + step.at % STEPS_A_BEAT, step.length, step.mark)
        for beat, source in enumerate(beat_map(pattern.beats, beats, late_backbeat=late_backbeat))
        for step in written
        if step.at // STEPS_A_BEAT == source
    ]
    ends = [*(step.at for step in moved), beats * STEPS_A_BEAT][1:]
    return tuple(
        Step(step.at, max(1, min(step.length, end - step.at)), step.mark)
        for step, end in zip(moved, ends, strict=True)
    )

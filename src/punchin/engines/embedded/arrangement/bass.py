"""The bass: a line in step notation on the chords' roots, with approaches that lead from each to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement.instruments import bass_range
from punchin.engines.embedded.arrangement.scene import ALMOST
from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT
from punchin.engines.embedded.arrangement.timing import GRACE_S, Hands, within
from punchin.engines.embedded.arrangement.walking import walk
from punchin.engines.embedded.score import Note, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np

    from punchin.engines.embedded.arrangement.harmony import Span
    from punchin.engines.embedded.arrangement.instruments import Range
    from punchin.engines.embedded.arrangement.library import Line
    from punchin.engines.embedded.arrangement.scene import Count, Scene
    from punchin.engines.embedded.tags.style import Bass

TAIL_S = 0.08
SLIDE_S = 0.09
DEAD_S = 0.05
VELOCITIES = {"R": 0.85, "r": 0.6, "?": 0.55, "g": 0.4, "S": 0.9}
USUAL_VELOCITY = 0.72
PLAYED_SHARE = 0.94
"""How much of its length a note sounds: fingers need a moment to the next."""

NOT_WITHOUT_BEAT = "hold"
"""The line that is played where no beat was found."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A note before its pitch is known: where, how long (beats), and its mark."""

    beat: float
    length: float
    mark: str


def play_bass(scene: Scene, bass: Bass) -> Track:
    """The bass of a style over the chords of the ground."""
    name = bass.line if scene.ground.steady else NOT_WITHOUT_BEAT
    line = scene.patterns.lines[name]
    count = scene.count(line.tempi)
    dice = scene.dice.of(f"bass {name}")
    plans = _rooted(scene, _planned(scene, count, line, dice), late=line.late)
    pitched = _pitched(scene, plans, bass_range(bass.instrument), dice)
    hands = Hands(scene.dice.hands("bass"), scene.style.humanity)
    notes: list[Note] = []
    for plan, pitch in pitched:
        start_s = scene.seconds(plan.beat, count)
        length_s = scene.seconds(plan.beat + plan.length, count) - start_s
        length_s = DEAD_S if plan.mark == "g" else length_s * PLAYED_SHARE
        late_s = hands.moved()
        fits = within(
            start_s + (late_s if start_s > GRACE_S else 0.0), length_s, scene.ground.duration_s, TAIL_S
        )
        velocity = hands.strength(VELOCITIES.get(plan.mark, USUAL_VELOCITY) * scene.strength(plan.beat))
        if fits:
            slide_s = min(SLIDE_S, fits[1] / 2) if plan.mark == "S" and notes else 0.0
            tuned = pitch + scene.ground.tuning_semitones
            notes.append(Note(fits[0], fits[1], tuned, velocity, slide_s))
    return Track(bass.instrument, "bass", _one_voice(notes), bass.gain_db)


def _planned(scene: Scene, count: Count, line: Line, dice: np.random.Generator) -> list[Plan]:
    """The line in every bar, with what sparseness leaves out; `?` and rests as the seed has them."""
    pattern = scene.dice.choose(line.readings, dice)
    decided: dict[tuple[int, int], bool] = {}
    plans: list[Plan] = []
    for placed in scene.place(pattern, count):
        key = (placed.bar.number % len(pattern.bars), placed.step)
        if key not in decided:
            chance = float(dice.random())
            on_beat = placed.step % STEPS_A_BEAT == 0
            if placed.mark == "?":
                decided[key] = chance < 0.6 * scene.dice.freedom
            else:
                decided[key] = on_beat or chance >= 0.6 * scene.style.sparseness
        if decided[key]:
            plans.append(Plan(placed.beat, placed.length, placed.mark))
    return plans


def _rooted(scene: Scene, plans: Sequence[Plan], *, late: bool) -> list[Plan]:
    """The same line, but every new chord is met by its root, on the change unless the line comes late.

    A note that is held over a change is let go there, and the root is struck for the rest of it.
    """
    rooted: list[Plan] = []
    met = -1
    for plan in plans:
        beat, end, mark = plan.beat, plan.beat + plan.length, plan.mark
        while beat < end - ALMOST:
            span = scene.harmony.index(beat)
            stop = min(end, scene.harmony.end(span))
            if span != met and mark not in "RS":
                mark = "R"
            met = span
            rooted.append(Plan(beat, stop - beat, mark))
            beat, mark = stop, "R"
    return rooted if late else _on_changes(scene, rooted)


def _on_changes(scene: Scene, plans: Sequence[Plan]) -> list[Plan]:
    """Roots where chords change and nothing is struck: to the next note, at most a beat long."""
    if not plans:
        return []
    starts = [plan.beat for plan in plans]
    added: list[Plan] = []
    for span in scene.harmony.spans[1:]:
        at = float(span.start)
        if not starts[0] <= at <= starts[-1] or any(abs(start - at) < 0.02 for start in starts):
            continue
        following = min(start for start in starts if start > at)
        if following - at >= 0.25:
            added.append(Plan(at, min(1.0, following - at), "R"))
    return sorted([*plans, *added], key=lambda plan: plan.beat)


def _pitched(
    scene: Scene, plans: Sequence[Plan], playable: Range, dice: np.random.Generator
) -> list[tuple[Plan, int]]:
    """A pitch for each note; walking notes get theirs together, span by span."""
    roots = _roots(scene, playable, dice)
    walks = walk(scene, [plan.beat for plan in plans if plan.mark == "W"], roots, playable, dice)
    found: list[tuple[Plan, int]] = []
    for k, plan in enumerate(plans):
        index = scene.harmony.index(plan.beat)
        span, root = scene.harmony.spans[index], roots[index]
        if plan.mark == "W":
            pitch = next(walks)
        elif plan.mark == "A":
            following = scene.harmony.index(plans[k + 1].beat) if k + 1 < len(plans) else index
            pitch = _approach(scene, span, root, roots[following], following != index, playable, dice)
        else:
            pitch = _degree(scene, span, root, plan.mark, playable)
        found.append((plan, pitch))
    return found


def _roots(scene: Scene, playable: Range, dice: np.random.Generator) -> list[int]:
    """The octave of each chord's root: near the one before, in the lower part of the range."""
    wish = playable.low + 6 + float(dice.normal()) * 3 * scene.dice.freedom
    roots: list[int] = []
    for span in scene.harmony.spans:
        octaves = [p for p in range(playable.low, playable.low + 17) if p % 12 == span.tones.root]
        before = roots[-1] if roots else wish
        roots.append(min(octaves, key=lambda p: 0.6 * abs(p - before) + 0.7 * abs(p - wish)))
    return roots


def _degree(scene: Scene, span: Span, root: int, mark: str, playable: Range) -> int:
    """The note that a mark means over a chord."""
    tones = span.tones
    third = 0 if tones.third is None else (tones.third - root) % 12
    if mark == "8":
        return root + 12 if root + 12 <= playable.high + 5 else root
    if mark in "5L":
        below = root - 5
        return below if below >= playable.low and (mark == "L" or root + 7 > playable.high + 3) else root + 7
    if mark == "3":
        return root + third if third else root + 7
    if mark in "67":
        degrees = (9, 8) if mark == "6" else (10, 11)
        in_key = [d for d in degrees if (root + d) % 12 in scene.harmony.scale]
        return root + (in_key[0] if in_key else 7)
    return root


def _approach(
    scene: Scene,
    span: Span,
    root: int,
    target: int,
    changes: bool,
    playable: Range,
    dice: np.random.Generator,
) -> int:
    """A step above or below the next root; where the chord stays, its fifth or octave leads round."""
    pick = float(dice.random())
    if not changes:
        return _degree(scene, span, root, "5" if pick < 0.5 else "8", playable)
    steps = [target + d for d in (-2, -1, 1, 2) if playable.low <= target + d <= playable.high + 5]
    in_key = [p for p in steps if p % 12 in scene.harmony.scale]
    choices = sorted(in_key or steps, key=lambda p: abs(p - root))
    return choices[0] if pick >= 0.5 * scene.dice.freedom else choices[-1]


def _one_voice(notes: Sequence[Note]) -> tuple[Note, ...]:
    """A bass plays one note at a time: each ends where the next begins."""
    ordered = sorted(notes, key=lambda note: note.start_s)
    single: list[Note] = []
    for note, following in zip(ordered, [*ordered, None][1:], strict=True):
        free_s = following.start_s - note.start_s if following else note.duration_s
        if free_s >= 0.02:
            single.append(replace(note, duration_s=min(note.duration_s, free_s)))
    return tuple(single)

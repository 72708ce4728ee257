"""Leads: a rhythm with a motif, sung over the chords. The motif comes back, as in songs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.arrangement.instruments import range_of
from punchin.engines.embedded.arrangement.playing import Player

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.analysis.model import Floats, Ints
    from punchin.engines.embedded.arrangement.instruments import Range
    from punchin.engines.embedded.arrangement.scene import Placed, Scene
    from punchin.engines.embedded.score import Note
    from punchin.engines.embedded.tags.style import Part

FORMS = ((0, 0, 1, 0), (0, 1, 0, 1), (0, 0, 0, 1), (0, 1, 2, 0), (0, 0, 1, 1))
"""Which motif each phrase sings: AABA, ABAB ..."""

MOTIFS = 3
LONGEST_MOTIF = 32
OCTAVE = 12

STRONG_NOT_IN_CHORD = 6.0
"""What a note outside the chord costs where the phrase leans on it or stays; as good as never."""

PASSING = 0.9
"""What a note of the key between chord tones costs on a weak place."""

INTERVALS = np.array([0.9, 0.0, 0.0, 0.35, 0.45, 0.9, 2.2, 1.1, 2.0, 2.0, 2.6, 3.2, 1.8])
"""What a leap of so many semitones costs: steps are free, thirds cheap, tritones and sevenths dear.

Small intervals outnumber large ones by far (Vos and Troost 1989, Ascending and Descending Melodic Intervals);
with these, about two thirds of the intervals are steps."""

UNRESOLVED = 2.5
"""What it costs to leave a note outside the chord by more than a step."""

TOWARDS_MOTIF = 0.22
"""What each semitone away from the motif's own contour costs."""


@dataclass(frozen=True, slots=True)
class _Sung:
    """A note of the melody before its pitch: the step, and how far the motif moves there, in semitones."""

    placed: Placed
    move: float
    ends_phrase: bool


def play_lead(scene: Scene, part: Part) -> list[Note]:
    """A melody: rhythm from the figure, contour from a motif of the seed, pitches by the cheapest path."""
    player = Player(scene, part, scene.patterns.figures["lead", part.figure])
    sung = _phrases(player)
    if not sung:
        return []
    pitches = _pitches(player, sung, range_of(part.instrument))
    for note, pitch in zip(sung, pitches, strict=True):
        placed = note.placed
        stop = min(placed.beat + placed.length, scene.harmony.end(scene.harmony.index(placed.beat)))
        player.play(placed.beat, stop, pitch, 0.86 if placed.mark == "X" else 0.7)
    return player.notes


def _phrases(player: Player) -> list[_Sung]:
    """The steps of every phrase with its motif's moves; a phrase is as long as the figure's pattern."""
    dice, freedom = player.dice, player.scene.dice.freedom
    motifs = np.round(dice.normal(0.0, 1.0 + 1.8 * freedom, (MOTIFS, LONGEST_MOTIF)))
    form = player.scene.dice.choose(FORMS, dice)
    length = len(player.pattern.bars)
    begin = player.scene.clock.beat(0.0) - 0.05
    steps = [placed for placed in player.steps() if placed.beat >= begin]
    sung: list[_Sung] = []
    k, phrase = 0, -1
    for placed, following in zip(steps, [*steps, None][1:], strict=True):
        now = placed.bar.number // length
        k, phrase = (0, now) if now != phrase else (k + 1, phrase)
        ends = following is None or following.bar.number // length != now
        sung.append(_Sung(placed, float(motifs[form[now % len(form)], k % LONGEST_MOTIF]), ends))
    return sung


def _pitches(player: Player, sung: list[_Sung], playable: Range) -> list[int]:
    """The cheapest path: chord tones where it matters, steps between them, the motif's shape."""
    middle = int(playable.centre)
    pitches = np.arange(max(playable.low, middle - 11), min(playable.high, middle + 11) + 1)
    chordal = np.array([_in_chord(player, note, pitches) for note in sung])
    local = np.array([_cost(player, note, pitches, row) for note, row in zip(sung, chordal, strict=True)])
    local = local + player.dice.exponential(size=local.shape) * 0.9 * player.scene.dice.freedom
    leaps = pitches[None, :] - pitches[:, None]
    size = np.abs(leaps)
    steps = np.where(size <= OCTAVE, INTERVALS[np.minimum(size, OCTAVE)], 3.0 + 0.3 * size)
    total, came = local[0], []
    for k in range(1, len(sung)):
        shaped = steps + TOWARDS_MOTIF * np.abs(leaps - sung[k].move)
        shaped = shaped + np.where(~chordal[k - 1], UNRESOLVED, 0.0)[:, None] * (size > 2)
        reached = total[:, None] + shaped
        came.append(np.argmin(reached, axis=0))
        total = reached.min(axis=0) + local[k]
    at = int(np.argmin(total))
    path = [at]
    for back in reversed(came):
        at = int(back[at])
        path.append(at)
    return [int(pitches[k]) for k in reversed(path)]


def _in_chord(player: Player, note: _Sung, pitches: Ints) -> NDArray[np.bool_]:
    harmony = player.scene.harmony
    tones = harmony.spans[harmony.index(note.placed.beat)].tones
    return np.isin(pitches % OCTAVE, list(tones.pitch_classes))


def _cost(player: Player, note: _Sung, pitches: Ints, chordal: NDArray[np.bool_]) -> Floats:
    """What each pitch costs for one note: outside the chord, outside the key, far from the middle."""
    placed = note.placed
    strong = placed.mark == "X" or placed.length >= 0.75 or note.ends_phrase
    outside = np.where(
        np.isin(pitches % OCTAVE, list(player.scene.harmony.scale)), PASSING, STRONG_NOT_IN_CHORD
    )
    cost = np.where(chordal, 0.0, STRONG_NOT_IN_CHORD if strong else outside)
    return cost + 0.07 * np.abs(pitches - float(np.mean(pitches)))

"""What every melodic player does with a planned note: swing it, play it with hands, cut it to the hole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT
from punchin.engines.embedded.arrangement.timing import GRACE_S, Hands, within
from punchin.engines.embedded.score import Note

if TYPE_CHECKING:
    import numpy as np

    from punchin.engines.embedded.arrangement.library import Figure
    from punchin.engines.embedded.arrangement.scene import Count, Placed, Scene
    from punchin.engines.embedded.arrangement.steps import Pattern
    from punchin.engines.embedded.tags.style import Part

TAILS_S = {"chords": 0.15, "pad": 0.35, "arp": 0.15, "lead": 0.12, "hits": 0.25}
"""How long before the end of the hole the last note of a role is let go, so that it rings out inside."""

PLAYED_SHARE = 0.96


class Player:
    """One part of the style, with its pattern, its dice and its hands."""

    def __init__(self, scene: Scene, part: Part, figure: Figure) -> None:
        name = f"{part.role} {part.instrument} {figure.name}"
        self.scene = scene
        self.part = part
        self.figure = figure
        self.count: Count = scene.count(figure.tempi)
        self.dice: np.random.Generator = scene.dice.of(name)
        self.pattern: Pattern = scene.dice.choose(figure.readings, self.dice)
        self._hands = Hands(scene.dice.hands(name), scene.style.humanity)
        self._late_s: dict[float, float] = {}
        self._decided: dict[tuple[int, int], bool] = {}
        self.notes: list[Note] = []

    def steps(self) -> list[Placed]:
        """The steps of the figure that are played: maybes by the seed, others unless the style is sparse."""
        return [placed for placed in self.scene.place(self.pattern, self.count) if self._decide(placed)]

    def _decide(self, placed: Placed) -> bool:
        key = (placed.bar.number % len(self.pattern.bars), placed.step)
        if key not in self._decided:
            style, chance = self.scene.style, float(self.dice.random())
            if placed.mark == "?":
                played = chance < self.scene.dice.freedom * 0.6 * style.density
            else:
                share = 0.0 if placed.step == 0 else 0.5 if placed.step % STEPS_A_BEAT == 0 else 0.8
                played = self.figure.held or chance >= style.sparseness * share
            self._decided[key] = played
        return self._decided[key]

    def play(self, beat: float, end: float, pitch: int, velocity: float, later_s: float = 0.0) -> None:
        """One note.

        Args:
            beat, end: from where to where, in beats, straight.
            pitch: MIDI number in the song's tuning.
            velocity: before the style's energy.
            later_s: how much later than its place, as in a rolled chord.
        """
        scene = self.scene
        start_s = scene.seconds(beat, self.count)
        length_s = (scene.seconds(end, self.count) - start_s) * PLAYED_SHARE - later_s
        if beat not in self._late_s:  # one hand strikes all notes of a chord
            self._late_s[beat] = self._hands.moved()
        late_s = self._late_s[beat] if start_s > GRACE_S else 0.0
        velocity = self._hands.strength(velocity * scene.strength(beat))
        tail_s = TAILS_S[self.part.role]
        if fits := within(start_s + later_s + late_s, length_s, scene.ground.duration_s, tail_s):
            tuned = pitch + scene.ground.tuning_semitones
            self.notes.append(Note(fits[0], fits[1], tuned, velocity))

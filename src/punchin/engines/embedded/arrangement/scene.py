"""What every player of an arrangement sees: the ground, the style, the clock and the chords."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from punchin.engines.embedded.arrangement.harmony import Harmony
from punchin.engines.embedded.arrangement.library import Tempi, library
from punchin.engines.embedded.arrangement.metre import fitted
from punchin.engines.embedded.arrangement.timing import Clock, Swing, counted, pace_for, song_bars

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.engines.embedded.arrangement.dice import Dice
    from punchin.engines.embedded.arrangement.ground import Ground
    from punchin.engines.embedded.arrangement.library import Library
    from punchin.engines.embedded.arrangement.steps import Pattern
    from punchin.engines.embedded.arrangement.timing import Bar
    from punchin.engines.embedded.tags.style import Style

WALKING_PACE = Tempi(68, 140)
"""Where a song is counted as it stands when no groove says otherwise."""

ALMOST = 1e-6
"""Positions are sums of fractions of beats; nearer than this they are the same."""


@dataclass(frozen=True, slots=True)
class Count:
    """How one pattern counts the song: its bars, and where its off-beats fall."""

    bars: tuple[Bar, ...]
    swing: Swing


@dataclass(frozen=True, slots=True)
class Placed:
    """One step of a pattern in the song.

    Attributes:
        beat: where, in beats of the song, straight.
        length: how long, in beats of the song.
        mark: as written.
        step: which sixteenth of the bar.
        bar: the bar it stands in.
    """

    beat: float
    length: float
    mark: str
    step: int
    bar: Bar


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What is to be played, and on what.

    Attributes:
        style: what the tags decided.
        ground: beats and chords of the hole.
        dice: the seed.
        clock: beats to seconds.
        harmony: the chords, span by span.
        home: the groove's pace, which all share.
        patterns: everything that can be played.
    """

    style: Style
    ground: Ground
    dice: Dice
    clock: Clock
    harmony: Harmony
    home: float
    patterns: Library

    @classmethod
    def of(cls, style: Style, ground: Ground, dice: Dice) -> Self:
        """Set the scene."""
        patterns = library()
        tempi = patterns.grooves[style.groove].tempi if style.groove else WALKING_PACE
        home = pace_for(tempi, ground.tempo_bpm, style.feel)
        harmony = Harmony(ground, style.sevenths)
        return cls(style, ground, dice, Clock(ground.beats_s), harmony, home, patterns)

    def count(self, tempi: Tempi | None = None) -> Count:
        """The song as a pattern counts it; None is the groove."""
        pace = self.home if tempi is None else pace_for(tempi, self.ground.tempo_bpm, home=self.home)
        bars = counted(song_bars(self.ground, self.clock), pace)
        return Count(tuple(bars), Swing.choose(self.style.swing, self.ground.swing, 1 / pace))

    def place(self, pattern: Pattern, count: Count, *, late_backbeat: bool = False) -> Iterator[Placed]:
        """Every step of a pattern, bar after bar; also those a little before the hole."""
        for bar in count.bars:
            for step in fitted(pattern, bar.number, bar.pulses, late_backbeat):
                beat = bar.position(step.at)
                if beat < bar.end - ALMOST:
                    length = min(bar.position(step.at + step.length), bar.end) - beat
                    yield Placed(beat, length, step.mark, step.at, bar)

    def seconds(self, beat: float, count: Count) -> float:
        """When a position sounds, swung."""
        return self.clock.seconds(count.swing.bend(beat))

    def strength(self, beat: float) -> float:
        """How strongly everybody plays at a position: the style's energy, the song's loudness there."""
        energy = self.ground.energy
        there = float(energy[min(max(int(beat + ALMOST), 0), len(energy) - 1)])
        return (1 + 0.15 * self.style.energy) * (0.85 + 0.3 * there)

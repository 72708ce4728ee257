"""From beats to seconds: the song's clock, bars as the arrangement counts them, swing, and human hands.

Positions are counted in beats of the song as fractions: 0 is `ground.beats_s[0]`. Swing bends positions, the
clock turns them into seconds, and hands are never quite exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis.model import Floats
    from punchin.engines.embedded.arrangement.ground import Ground
    from punchin.engines.embedded.arrangement.library import Tempi

EIGHTHS_FROM = 0.64
"""From this swing on eighths swing, below it sixteenths do: triplet shuffles against hip hop's drag."""

STRAIGHT = 0.53
"""Below this the song's own off-beats count as straight; what is measured is never exactly 0.5."""

MOST_SWING = 0.75

GRACE_S = 0.02
"""A stroke this little before the hole is played at its start; two strokes this close sound as one."""

NOT_AT_HOME = 0.5
"""What it costs (octaves of tempo) to play a pattern in another time than the groove's."""


@dataclass(frozen=True, slots=True, eq=False)
class Clock:
    """Beats to seconds and back, also before and after the beats that are known."""

    beats_s: Floats

    def seconds(self, beat: float) -> float:
        """When a position is played."""
        last = len(self.beats_s) - 1
        k = min(max(int(beat // 1), 0), last - 1)
        start, end = float(self.beats_s[k]), float(self.beats_s[k + 1])
        return start + (end - start) * (beat - k)

    def beat(self, seconds: float) -> float:
        """Which position is played at a time."""
        k = int(np.clip(np.searchsorted(self.beats_s, seconds, side="right") - 1, 0, len(self.beats_s) - 2))
        start, end = float(self.beats_s[k]), float(self.beats_s[k + 1])
        return k + (seconds - start) / (end - start)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as a pattern counts it, which in half- or double-time is not the song's.

    Attributes:
        number: 0 for the first that touches the hole.
        start: where it begins, in beats of the song; may lie before the hole.
        pulses: how many beats the pattern counts in it.
        pulse: how long such a beat is, in beats of the song: 0.5, 1 or 2.
        end: where the next bar begins.
    """

    number: int
    start: float
    pulses: int
    pulse: float
    end: float

    def position(self, step: float) -> float:
        """Where a sixteenth of the pattern lies, in beats of the song."""
        return self.start + step * self.pulse / STEPS_A_BEAT


def song_bars(ground: Ground, clock: Clock) -> list[tuple[int, int]]:
    """The song's bars that touch the hole, `(first beat, end)` in beats; those at the edges are completed."""
    usual = ground.beats_per_bar
    starts = [int(k) for k in np.flatnonzero(np.asarray(ground.positions) == 0)]
    if not starts or starts[0] > 0:
        starts.insert(0, -int(ground.positions[0]))
    end = int(np.ceil(clock.beat(ground.duration_s) - 1e-9))
    bars: list[tuple[int, int]] = []
    for first, following in zip(starts, [*starts[1:], max(end, starts[-1] + 1)], strict=True):
        at = first
        while following - at > usual + 1:  # a downbeat was missed
            bars.append((at, at + usual))
            at += usual
        bars.append((at, following))
    first, last = bars[-1]
    bars[-1] = (first, max(last, first + usual))
    while bars[0][0] > clock.beat(0.0):
        bars.insert(0, (bars[0][0] - usual, bars[0][0]))
    begin = clock.beat(0.0) + 1e-6
    return [bar for bar in bars if bar[1] > begin and bar[0] < end]


def counted(bars: list[tuple[int, int]], pace: float) -> list[Bar]:
    """The song's bars as a pattern at another pace counts them: 0.5 half-time, 1, 2 double-time."""
    if pace == 0.5:
        return _halved(bars)
    found: list[Bar] = []
    for first, end in bars:
        beats = end - first
        for part in range(int(pace)):
            start = first + part * beats / pace
            found.append(Bar(len(found), start, beats, 1 / pace, start + beats / pace))
    return found


def _halved(bars: list[tuple[int, int]]) -> list[Bar]:
    """Two bars become one. A first bar that the hole cuts is the second of its pair, so the next is whole."""
    (first, end), pairs = bars[0], list(bars)
    if first < 0 and len(bars) > 1:
        pairs.insert(0, (first - (end - first), first))
    if len(pairs) % 2:
        first, end = pairs[-1]
        pairs.append((end, end + (end - first)))
    found: list[Bar] = []
    for one, two in zip(pairs[::2], pairs[1::2], strict=True):
        pulses = (two[1] - one[0] + 1) // 2
        found.append(Bar(len(found), one[0], pulses, 2.0, two[1]))
    return found


def pace_for(tempi: Tempi, tempo_bpm: float, feel: float = 1.0, home: float | None = None) -> float:
    """In which time a pattern is played in a song: 0.5, 1 or 2.

    Args:
        tempi: where the pattern sits well.
        tempo_bpm: of the song.
        feel: half- or double-time that was asked for on top.
        home: the groove's pace, which other patterns share unless they sit badly in it; None is the groove.
    """

    def cost(pace: float) -> float:
        away = 0.0 if home is None else NOT_AT_HOME * abs(float(np.log2(pace / home)))
        return float(np.log2(tempi.distance(tempo_bpm * pace))) + away + 0.01 * (pace != 1)

    best = min((1.0, 0.5, 2.0), key=cost)
    return best if home is not None else min(2.0, max(0.5, best * feel))


@dataclass(frozen=True, slots=True)
class Swing:
    """Where off-beats fall.

    Attributes:
        unit: the notes that swing in pairs, in beats; the second of each is late.
        share: where in the pair the second falls, 0.5 straight.
        song: the same for the song's own eighths; 0.5 unless a finer unit swings inside them.
    """

    unit: float = 0.5
    share: float = 0.5
    song: float = 0.5

    @classmethod
    def choose(cls, asked: float | None, song: float, pulse: float) -> Self:
        """What is asked for, or else the song's own.

        Args:
            asked: `Style.swing`.
            song: `Ground.swing`.
            pulse: a beat of the pattern, in beats of the song.
        """
        own = min(MOST_SWING, song) if song >= STRAIGHT else 0.5
        if asked is None:
            return cls(0.5, own)
        unit = pulse / STEPS_A_BEAT if asked < EIGHTHS_FROM else min(0.5, pulse / 2)
        return cls(unit, asked, own if unit < 0.5 else 0.5)

    def bend(self, beat: float) -> float:
        """Where a straight position is played, in beats; beats themselves stay."""
        bent = _bend(beat, self.unit, self.share)
        return _bend(bent, 0.5, self.song) if self.song != 0.5 else bent


def _bend(beat: float, unit: float, share: float) -> float:
    pair = 2 * unit
    whole, inside = divmod(beat / pair, 1.0)
    inside = 2 * inside * share if inside < 0.5 else share + (2 * inside - 1) * (1 - share)
    return (whole + inside) * pair


JITTER_S = 0.005
"""Standard deviation of a player's strokes: about what is just noticed in fast notes, 6 ms (Friberg and
Sundberg 1995, Time discrimination in a monotonic, isochronous sequence)."""

LAG_S = 0.006
"""How far one drum or player may lie before or behind the beat all the time."""

LOOSEST_S = 2 * JITTER_S + LAG_S
"""The most that `humanity` 1 moves a note."""


class Hands:
    """One player: a lag that stays, jitter that does not, uneven strength. Exact where `humanity` is 0."""

    def __init__(self, dice: np.random.Generator, humanity: float, *, lag: bool = True) -> None:
        self._dice = dice
        self._humanity = humanity
        self._lag_s = float(dice.uniform(-LAG_S, LAG_S)) * humanity if lag else 0.0

    def moved(self) -> float:
        """How late the next stroke is, in seconds; never more than `LOOSEST_S` times the humanity."""
        return self._lag_s + float(np.clip(self._dice.normal(), -2, 2)) * JITTER_S * self._humanity

    def strength(self, velocity: float) -> float:
        """A velocity as it comes out, 0.05..1."""
        uneven = 1.0 + float(np.clip(self._dice.normal(), -2, 2)) * 0.05 * self._humanity
        return float(min(1.0, max(0.05, velocity * uneven)))


def within(start_s: float, length_s: float, duration_s: float, tail_s: float) -> tuple[float, float] | None:
    """A note cut to the hole: `(start, length)`, or None if nothing worth playing is left of it.

    A note that began before the hole sounds from its start on if a good part of it is left. The end leaves
    the instrument its tail.

    Args:
        start_s, length_s: as written.
        duration_s: of the hole.
        tail_s: how long the instrument rings on after its notes.
    """
    if -GRACE_S <= start_s < 0:
        start_s = 0.0
    if start_s < 0:
        length_s += start_s
        if length_s < 0.3:
            return None
        start_s = 0.0
    tail_s = min(tail_s, 0.3 * duration_s)
    length_s = min(length_s, duration_s - tail_s - start_s)
    shortest = min(0.03, 0.2 * duration_s)
    return (start_s, length_s) if length_s >= shortest else None

"""Which note each syllable is sung on: chord tones where it matters, steps between, a shape a phrase."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.arrangement.harmony import Harmony
from punchin.engines.embedded.arrangement.melody import INTERVALS, OCTAVE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engines.embedded.arrangement import Ground
    from punchin.engines.embedded.voice.rhythm import Timing

CENTRE = {"female": 61.0, "male": 50.0}
"""The middle of what each voice sings, as a MIDI number: C#4 and D3; words are clearest low."""

REACH = 8
"""How far from the middle, in semitones."""

OUTSIDE_CHORD = 2.6
PASSING = 0.6
"""What a note outside the chord costs on a strong or long syllable, and elsewhere."""

OUTSIDE_SCALE = 5.0
OUTSIDE_FIVE = 0.35
"""Beyond the pentatonic scale: it has no semitones to clash."""

SHAPED = 0.1
"""What the square of each semitone away from the phrase's shape costs."""

REPEATED = 1.2
CHANCE = 0.9

FIVE = {"maj": (0, 2, 4, 7, 9), "min": (0, 3, 5, 7, 10)}
SHAPES = ("arch", "fall", "rise", "wave")


@dataclass(frozen=True, slots=True, eq=False)
class Tune:
    """The notes of one line: `pitches` `[S]` as MIDI numbers, in the song's tuning."""

    pitches: NDArray[np.floating]


class Melodist:
    """Writes a melody line after line; a shape comes back, as in songs (AABA, ABAB ...)."""

    FORMS = ((0, 0, 1, 0), (0, 1, 0, 1), (0, 0, 1, 1), (0, 1, 0, 2))

    def __init__(self, ground: Ground, centre: float, rng: np.random.Generator) -> None:
        self._ground = ground
        self._harmony = Harmony(ground, 0.0)
        self._centre = centre
        self._form = self.FORMS[int(rng.integers(len(self.FORMS)))]
        self._shapes = [_shape(rng) for _ in range(3)]
        self._rng = rng
        self._lines = 0

    def next_line(self, timing: Timing, stresses: Sequence[int]) -> Tune:
        """The notes of the next line."""
        shape = self._shapes[self._form[self._lines % len(self._form)]]
        self._lines += 1
        notes = np.arange(round(self._centre) - REACH, round(self._centre) + REACH + 1)
        along = np.linspace(0.0, 1.0, len(stresses)) if len(stresses) > 1 else np.ones(1)
        wanted = self._centre + np.interp(along, np.linspace(0, 1, len(shape)), shape)
        cost = SHAPED * (notes[None] - wanted[:, None]) ** 2
        cost = cost + self._harmonic_cost(timing, stresses, notes)
        cost = cost + CHANCE * self._rng.random(cost.shape)
        path = _cheapest(cost, notes)
        return Tune(notes[path] + self._ground.tuning_semitones)

    def above(self, tune: Tune, timing: Timing) -> Tune:
        """A second voice: for each note the nearest chord or scale tone a third or more above."""
        pitches = np.round(tune.pitches - self._ground.tuning_semitones).astype(int)
        second: list[int] = []
        for pitch, beat in zip(pitches, timing.beats, strict=True):
            tones = self._harmony.spans[self._harmony.index(float(beat))].tones.pitch_classes
            inside = [p for p in range(pitch + 3, pitch + 8) if p % OCTAVE in tones]
            thirds = [p for p in (pitch + 3, pitch + 4) if p % OCTAVE in self._harmony.scale]
            second.append((inside or thirds or [pitch + 7])[0])
        return Tune(np.array(second, dtype=float) + self._ground.tuning_semitones)

    def _harmonic_cost(
        self, timing: Timing, stresses: Sequence[int], notes: NDArray[np.integer]
    ) -> NDArray[np.floating]:
        """What each note costs each syllable for not being in the chord or the key, `[S, P]`."""
        key = self._harmony.key
        classes = notes % OCTAVE
        five = np.isin(classes, [(key.tonic + step) % OCTAVE for step in FIVE[key.mode]])
        scale = np.isin(classes, list(self._harmony.scale))
        lengths = timing.ends_s - timing.onsets_s
        rows: list[NDArray[np.floating]] = []
        for k, beat in enumerate(timing.beats):
            tones = self._harmony.spans[self._harmony.index(float(beat))].tones.pitch_classes
            chord = np.isin(classes, list(tones))
            long = lengths[k] > 1.4 * np.median(lengths) or k == len(stresses) - 1
            outside = OUTSIDE_CHORD if stresses[k] == 1 or long else PASSING
            row = np.where(chord, 0.0, outside) + np.where(five, 0.0, OUTSIDE_FIVE)
            rows.append(row + np.where(scale | chord, 0.0, OUTSIDE_SCALE))
        return np.array(rows)


def _shape(rng: np.random.Generator) -> NDArray[np.floating]:
    """The rise and fall of a phrase in semitones around the middle, eight points."""
    x = np.linspace(0, 1, 8)
    kind = SHAPES[int(rng.integers(len(SHAPES)))]
    curves = {
        "arch": 4.0 * np.sin(np.pi * np.minimum(1, x * (0.85 + 0.3 * rng.random()))) - 2.0,
        "fall": 2.5 - 4.5 * x,
        "rise": -2.0 + 4.0 * x,
        "wave": 2.2 * np.sin(2 * np.pi * (x + rng.random())),
    }
    return curves[kind] + rng.normal(0, 0.8) + rng.normal(0, 0.5, len(x))


def _cheapest(cost: NDArray[np.floating], notes: NDArray[np.integer]) -> NDArray[np.integer]:
    """The cheapest path through notes: leaps cost what they cost in leads, repeats a little less."""
    leaps = np.abs(notes[:, None] - notes[None])
    step = np.where(leaps <= OCTAVE, INTERVALS[np.minimum(leaps, OCTAVE)], 4.0)
    step = np.where(leaps == 0, REPEATED, step)
    total, came = cost[0], np.zeros(cost.shape, dtype=int)
    for k in range(1, len(cost)):
        reached = total[:, None] + step
        came[k] = reached.argmin(axis=0)
        total = reached.min(axis=0) + cost[k]
    path = np.empty(len(cost), dtype=int)
    path[-1] = int(np.argmin(total))
    for k in range(len(cost) - 1, 0, -1):
        path[k - 1] = came[k, path[k]]
    return path

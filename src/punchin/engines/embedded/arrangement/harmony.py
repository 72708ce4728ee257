"""Which tones may sound when: the chords of the hole, held against what its sound really contains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis.model import Chord, Floats, Key
    from punchin.engines.embedded.arrangement.ground import Ground

SURE_THIRD = 0.2
"""How strong a third must be in the sound, of its strongest pitch class, to be played."""

SURE_CHORD = 0.25
"""Below this confidence of a chord only its root and fifth are played."""

NINTH = 0.3
"""How strong a ninth must be in the sound to be added to a rich chord."""

MAJOR_SCALE = (0, 2, 4, 5, 7, 9, 11)
MINOR_SCALE = (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True, slots=True)
class Tones:
    """The pitch classes of a chord as it is played, 0..11.

    Attributes:
        root, fifth: always there.
        third: None where the sound does not support it: an open fifth clashes with neither.
        seventh, ninth: None where style or sound do not want them.
    """

    root: int
    fifth: int
    third: int | None = None
    seventh: int | None = None
    ninth: int | None = None

    @property
    def pitch_classes(self) -> frozenset[int]:
        """All of them."""
        return frozenset(self._in_order)

    @property
    def _in_order(self) -> tuple[int, ...]:
        return tuple(
            x for x in (self.root, self.third, self.fifth, self.seventh, self.ninth) if x is not None
        )

    @property
    def open(self) -> Tones:
        """Root and fifth only, as distorted guitars want them."""
        return Tones(self.root, self.fifth)


@dataclass(frozen=True, slots=True, eq=False)
class Span:
    """A chord and for how long it stays.

    Attributes:
        start, end: in beats.
        chord: as analysed.
        support: `[12]`, how strongly the sound has each pitch class, 1 for the strongest.
        tones: what is played.
    """

    start: int
    end: int
    chord: Chord
    support: Floats
    tones: Tones


class Harmony:
    """The chords of a ground, span by span; before and after it its first and last chord go on."""

    def __init__(self, ground: Ground, sevenths: float) -> None:
        """Read the chords.

        Args:
            ground: chords and sound of the hole.
            sevenths: `Style.sevenths`.
        """
        self.key = ground.key
        self.scale = scale(ground.key)
        self.spans = _spans(ground, sevenths)
        self._of_beat = [k for k, span in enumerate(self.spans) for _ in range(span.start, span.end)]

    def index(self, beat: float) -> int:
        """Which span sounds at a position; a hair before a change counts as after it: positions are sums."""
        return self._of_beat[min(max(int((beat + 1e-6) // 1), 0), len(self._of_beat) - 1)]

    def end(self, index: int) -> float:
        """Where a span ends; the last one goes on."""
        return float("inf") if index == len(self.spans) - 1 else float(self.spans[index].end)

    def start(self, index: int) -> float:
        """Where a span starts; the first one has always been there."""
        return float("-inf") if index == 0 else float(self.spans[index].start)


def scale(key: Key) -> frozenset[int]:
    """The pitch classes of a key: major or natural minor."""
    steps = MAJOR_SCALE if key.mode == "maj" else MINOR_SCALE
    return frozenset((key.tonic + step) % 12 for step in steps)


def _spans(ground: Ground, sevenths: float) -> list[Span]:
    spans: list[Span] = []
    beats = len(ground.chords)
    start = 0
    for end in range(1, beats + 1):
        if end < beats and ground.chords[end] == ground.chords[start]:
            continue
        support = np.asarray(ground.support[start:end], dtype=float).mean(axis=0)
        strongest = float(support.max())
        support = support / strongest if strongest > 0 else np.zeros(12)
        sure = float(np.mean(ground.confidences[start:end])) >= SURE_CHORD
        chord = ground.chords[start]
        tones = tones_of(chord, support, scale(ground.key), sevenths if sure else 0.0)
        spans.append(Span(start, end, chord, support, tones if sure else tones.open))
        start = end
    return spans


def tones_of(chord: Chord, support: Floats, in_key: frozenset[int], sevenths: float) -> Tones:
    """The tones of a chord that are safe to play.

    Args:
        chord: as analysed.
        support: `[12]`, strength of each pitch class in the sound, 1 for the strongest.
        in_key: pitch classes of the song's key.
        sevenths: 0..1, how gladly a seventh is added; at 0 never, at 1 nearly always.
    """
    root, third, fifth = chord.pitch_classes
    other_third = (root + (3 if chord.quality == "maj" else 4)) % 12
    if support[third] < SURE_THIRD or support[other_third] >= 0.9 * support[third]:
        return Tones(root, fifth)
    seventh = _seventh(chord, support, in_key)
    if sevenths <= 0 or support[seventh] < 0.5 - 0.48 * sevenths:
        return Tones(root, fifth, third)
    ninth = (root + 2) % 12
    rich = sevenths >= 0.7 and ninth in in_key and support[ninth] >= NINTH
    return Tones(root, fifth, third, seventh, ninth if rich else None)


def _seventh(chord: Chord, support: Floats, in_key: frozenset[int]) -> int:
    """Minor or major seventh: the one in the key, unless the sound clearly has the other."""
    minor, major = (chord.root + 10) % 12, (chord.root + 11) % 12
    if chord.quality == "min":
        return minor
    own, other = (major, minor) if major in in_key and minor not in in_key else (minor, major)
    return other if support[other] > max(0.3, 1.5 * support[own]) else own

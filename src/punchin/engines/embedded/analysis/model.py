"""What the analysis found in the music around the hole: beats, bars, chords, key, loudness, likeness.

All times are seconds from the start of the analysed window. K is the number of beats (beat k lasts from
`times_s[k]` to `times_s[k + 1]`). Every finding has a confidence 0..1; noise and speech are to come out low.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

PITCH_NAMES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class BeatGrid:
    """Where beats and bars fall.

    Attributes:
        times_s: `[K + 1]`, rising; covers the whole window: the first is at or before 0, the last (the end of
            beat K - 1) at or after the window's end. The outermost beats may lie in it only in part.
        positions: `[K]`, place of each beat in its bar, 0 is the downbeat.
        beats_per_bar: 3 or 4 ...
        swing: where the off-beat falls inside a beat, 0.5 is straight, 0.67 a triplet shuffle.
        confidence: that there is a beat and that it is this one.
        downbeat_confidence: that the bars begin where `positions` says.
    """

    times_s: Floats
    positions: Ints
    beats_per_bar: int
    swing: float
    confidence: float
    downbeat_confidence: float

    @property
    def tempo_bpm(self) -> float:
        """Beats a minute, from the median beat."""
        return 60.0 / float(np.median(np.diff(self.times_s)))


@dataclass(frozen=True, slots=True)
class Chord:
    """A triad: `root` 0..11 (0 is C) and whether its third is major or minor."""

    root: int
    quality: Literal["maj", "min"]

    @property
    def pitch_classes(self) -> tuple[int, int, int]:
        """Root, third and fifth, 0..11."""
        third = 4 if self.quality == "maj" else 3
        return self.root, (self.root + third) % 12, (self.root + 7) % 12

    def __str__(self) -> str:
        return PITCH_NAMES[self.root] + ("" if self.quality == "maj" else "m")


@dataclass(frozen=True, slots=True)
class Key:
    """A key: `tonic` 0..11 (0 is C), major or minor."""

    tonic: int
    mode: Literal["maj", "min"]

    def __str__(self) -> str:
        return f"{PITCH_NAMES[self.tonic]} {'major' if self.mode == 'maj' else 'minor'}"


@dataclass(frozen=True, slots=True, eq=False)
class Harmony:
    """Chords, key and tuning.

    Attributes:
        chords: one a beat, K of them.
        confidences: `[K]`.
        chroma: `[K, 12]`, strength of each pitch class in each beat, 0 is C, corrected for tuning.
        bass_chroma: `[K, 12]`, the same below about 330 Hz.
        key: of the whole window.
        key_confidence: 0..1.
        tuning_semitones: how far the song's A is from 440 Hz, -0.5..0.5.
    """

    chords: tuple[Chord, ...]
    confidences: Floats
    chroma: Floats
    bass_chroma: Floats
    key: Key
    key_confidence: float
    tuning_semitones: float


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Which part of the song each beat belongs to.

    Attributes:
        parts: `[K]`, from 0; the same number is the same part come back.
        confidence: that these are the song's parts.
    """

    parts: Ints
    confidence: float

    @classmethod
    def unknown(cls, beats: int) -> Self:
        """One part, and no trust in it."""
        return cls(np.zeros(beats, np.int64), 0.0)

    def name(self, beat: int) -> str:
        """The part of a beat as musicians write it: A, B, C ..."""
        return chr(ord("A") + min(int(self.parts[beat]), 25))

    @property
    def sections(self) -> tuple[tuple[int, int], ...]:
        """The stretches of one part each, `(first beat, end)`."""
        edges = np.flatnonzero(np.diff(self.parts)) + 1
        return tuple(itertools.pairwise([0, *(int(edge) for edge in edges), len(self.parts)]))


@dataclass(frozen=True, slots=True, eq=False)
class Analysis:
    """Everything the later stages need to know about the window.

    Attributes:
        grid: beats and bars.
        harmony: chords, key, tuning.
        features: `[K, F]`, one row a beat; the distance of two rows says how unlike two beats sound.
        playing_db: `[K, 2]`, how much bass and kick, and how much cymbals play around each beat, against what
            is usual in the song.
        loudness_lufs: `[K]`, K-weighted level of each beat (BS.1770), -inf where silent.
        musicality: 0..1, low for noise, speech and silence; when low, later stages play safe.
        form: the song's parts.
    """

    grid: BeatGrid
    harmony: Harmony
    features: Floats
    playing_db: Floats
    loudness_lufs: Floats
    musicality: float
    form: Form

"""Ground for arrangements: beats, bars and chords that are known exactly."""

from __future__ import annotations

import numpy as np

from punchin.engines.embedded.analysis.model import Chord, Key
from punchin.engines.embedded.arrangement import Ground

AM, F, C, G = Chord(9, "min"), Chord(5, "maj"), Chord(0, "maj"), Chord(7, "maj")


def supported(chord: Chord, *more: int) -> np.ndarray:
    """A chroma `[12]` in which the chord's tones (and more pitch classes) are strong and the rest faint."""
    chroma = np.full(12, 0.1)
    chroma[[*chord.pitch_classes, *more]] = 1.0
    return chroma


def made_ground(
    beats: int = 32,
    tempo_bpm: float = 100.0,
    *,
    beats_per_bar: int = 4,
    first_position: int = 0,
    begins_s: float = 0.0,
    duration_s: float | None = None,
    chords: tuple[Chord, ...] = (AM, F, C, G),
    beats_a_chord: int | None = None,
    swing: float = 0.5,
    tuning_semitones: float = 0.0,
    steady: bool = True,
) -> Ground:
    """Even beats, a chord a bar; the first beat falls at `begins_s` and is `first_position` of its bar."""
    length = beats_a_chord or beats_per_bar
    each = tuple(chords[(k + first_position) // length % len(chords)] for k in range(beats))
    times = begins_s + np.arange(beats + 1) * 60.0 / tempo_bpm
    return Ground(
        duration_s=float(times[-1]) if duration_s is None else duration_s,
        beats_s=times,
        positions=(np.arange(beats) + first_position) % beats_per_bar,
        beats_per_bar=beats_per_bar,
        chords=each,
        support=np.array([supported(chord) for chord in each]),
        confidences=np.full(beats, 0.8),
        energy=np.full(beats, 0.5),
        key=Key(0, "maj"),
        swing=swing,
        tuning_semitones=tuning_semitones,
        steady=steady,
    )

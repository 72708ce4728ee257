"""The ground an arrangement stands on: the beats, bars and chords of what sounds in the hole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.analysis.model import Analysis, Chord, Floats, Ints, Key

CALM_BEAT_S = 0.75
"""About how long a beat is where the song has none: 80 bpm, a resting pulse."""

STEADY = 0.35
"""The least confidence in the beat with which drums play that nobody asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Ground:
    """Beats, bars and chords of the hole. All times are seconds from the start of the hole.

    Attributes:
        duration_s: length of the hole.
        beats_s: `[B + 1]`, rising: the beats that touch the hole and, if known, one before and one after; the
            last is the end of beat B - 1.
        positions: `[B]`, each beat's place in its bar, 0 is the downbeat.
        beats_per_bar: of a usual bar.
        chords: one a beat, B of them: of the sound that is really there (the donor's, not the original's).
        support: `[B, 12]`, how strongly that sound has each pitch class, any scale, 0 is C.
        confidences: `[B]`, 0..1, of the chords.
        energy: `[B]`, 0..1, how loud the song is there beside its loudest parts; 0.5 where not known.
        key: of the song there.
        swing: where the song's own off-beats fall in the beat, 0.5 straight, 0.67 triplets.
        tuning_semitones: how far the song's A lies from 440 Hz.
        steady: the beat was found; without it drums play only if they were asked for.
    """

    duration_s: float
    beats_s: Floats
    positions: Ints
    beats_per_bar: int
    chords: tuple[Chord, ...]
    support: Floats
    confidences: Floats
    energy: Floats
    key: Key
    swing: float = 0.5
    tuning_semitones: float = 0.0
    steady: bool = True

    def __post_init__(self) -> None:
        beats = len(self.positions)
        shapes = (self.beats_s.shape, self.support.shape, self.confidences.shape, self.energy.shape)
        if (
            beats < 1
            or shapes != ((beats + 1,), (beats, 12), (beats,), (beats,))
            or len(self.chords) != beats
        ):
            raise ValueError(f"{beats} positions and {len(self.chords)} chords do not fit shapes {shapes}")
        if not (self.duration_s > 0 and np.all(np.diff(self.beats_s) > 0) and self.beats_per_bar > 0):
            raise ValueError("a ground needs a duration, beats that rise and beats in its bars")

    @property
    def tempo_bpm(self) -> float:
        """Beats a minute, from the median beat."""
        return 60.0 / float(np.median(np.diff(self.beats_s)))

    @classmethod
    def without_beat(
        cls, duration_s: float, chord: Chord, key: Key, support: Sequence[float] = (1.0,) * 12
    ) -> Self:
        """The ground where no beat is known: an even, calm pulse that fits the hole, one chord.

        Args:
            duration_s: length of the hole.
            chord: what may sound against it.
            key: of the song.
            support: `[12]`, how strongly the sound there has each pitch class.
        """
        beats = max(1, round(duration_s / CALM_BEAT_S))
        return cls(
            duration_s=duration_s,
            beats_s=np.linspace(0.0, duration_s, beats + 1),
            positions=np.arange(beats) % 4,
            beats_per_bar=4,
            chords=(chord,) * beats,
            support=np.tile(np.asarray(support, dtype=float), (beats, 1)),
            confidences=np.full(beats, 0.5),
            energy=np.full(beats, 0.5),
            key=key,
            steady=False,
        )


def lay_ground(
    analysis: Analysis, start_s: float, end_s: float, heard: Sequence[int] | None = None
) -> Ground:
    """The ground of a hole in an analysed window.

    Args:
        analysis: of the window.
        start_s, end_s: the hole, seconds from the start of the window.
        heard: for each beat that touches the hole, the analysed beat whose sound is heard there (the donor
            path); None hears each beat itself.

    Raises:
        ValueError: if `heard` has not one entry for each beat that touches the hole (`beats_of` counts them).
    """
    grid, harmony = analysis.grid, analysis.harmony
    inside = beats_of(analysis, start_s, end_s)
    donors = np.arange(inside.start, inside.stop) if heard is None else np.asarray(heard, dtype=int)
    if len(donors) != len(inside):
        raise ValueError(f"{len(donors)} donors for the {len(inside)} beats that touch the hole")
    shown = range(max(0, inside.start - 1), min(len(grid.positions), inside.stop + 1))
    before, after = inside.start - shown.start, shown.stop - inside.stop
    source = np.concatenate([donors[:1].repeat(before), donors, donors[-1:].repeat(after)])
    rows = np.arange(shown.start, shown.stop)
    return Ground(
        duration_s=end_s - start_s,
        beats_s=np.asarray(grid.times_s[shown.start : shown.stop + 1], dtype=float) - start_s,
        positions=np.asarray(grid.positions[rows], dtype=int),
        beats_per_bar=grid.beats_per_bar,
        chords=tuple(harmony.chords[k] for k in source),
        support=np.asarray(harmony.chroma[source], dtype=float),
        confidences=np.asarray(harmony.confidences[source], dtype=float),
        energy=_energy(np.asarray(analysis.loudness_lufs, dtype=float), rows),
        key=harmony.key,
        swing=grid.swing,
        tuning_semitones=harmony.tuning_semitones,
        steady=grid.confidence >= STEADY,
    )


def beats_of(analysis: Analysis, start_s: float, end_s: float) -> range:
    """The analysed beats that touch a hole; at least one."""
    times = analysis.grid.times_s
    last = len(times) - 2
    first = int(np.clip(np.searchsorted(times, start_s, side="right") - 1, 0, last))
    stop = int(np.clip(np.searchsorted(times, end_s, side="left"), first + 1, last + 1))
    return range(first, stop)


def _energy(loudness_lufs: Floats, rows: Ints) -> Floats:
    """Loudness of some beats as 0..1: 1 is the song's loud parts (95th percentile), 0 is 24 dB below."""
    heard = loudness_lufs[np.isfinite(loudness_lufs)]
    if not heard.size:
        return np.full(len(rows), 0.5)
    loud = float(np.percentile(heard, 95))
    return np.clip(1.0 + (loudness_lufs[rows] - loud) / 24.0, 0.0, 1.0)

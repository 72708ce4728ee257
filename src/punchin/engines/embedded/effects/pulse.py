"""The beat that rhythmic effects follow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Pulse:
    """Where the beats of the song fall in the sound that an effect is given.

    Attributes:
        beats_s: times of at least two beats, rising, in seconds from the first frame; may be negative, and
            need not cover the sound: the first and last beat are repeated beyond them.
        beats_per_bar: 4, 3 ...
        downbeat: which of `beats_s` begins a bar.
    """

    beats_s: tuple[float, ...]
    beats_per_bar: int = 4
    downbeat: int = 0

    def __post_init__(self) -> None:
        if len(self.beats_s) < 2 or any(np.diff(self.beats_s) <= 0):
            raise ValueError("a pulse needs two beats or more, each after the one before")

    @classmethod
    def steady(cls, tempo_bpm: float, duration_s: float) -> Pulse:
        """A pulse of one tempo from time 0 on."""
        beat_s = 60 / tempo_bpm
        return cls(tuple(beat_s * n for n in range(max(2, int(duration_s / beat_s) + 2))))

    @property
    def beat_s(self) -> float:
        """The usual length of a beat, in seconds."""
        return float(np.median(np.diff(self.beats_s)))

    def positions(self, frames: int, rate_hz: int) -> NDArray[np.floating]:
        """How many beats since a downbeat each frame is, with fractions, `[frames]`."""
        beats = np.array(self.beats_s)
        t = np.arange(frames) / rate_hz
        position = np.interp(t, beats, np.arange(len(beats), dtype=float))
        position = np.where(t < beats[0], (t - beats[0]) / (beats[1] - beats[0]), position)
        last = len(beats) - 1
        position = np.where(t > beats[-1], last + (t - beats[-1]) / (beats[-1] - beats[-2]), position)
        return position - self.downbeat

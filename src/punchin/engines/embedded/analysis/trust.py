"""How far each finding may be believed: numbers that are low for noise, speech and silence.

Beats can be tracked in anything; what tells music is that its pulse goes on (the onsets repeat after many beats,
in phase with the grid) and that its notes stay (the spectrum is made of a few steady notes in tune with each
other).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis.metrical import coherence
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets
from punchin.engines.embedded.analysis.tempo import autocorrelation

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.analysis.bars import Bars
    from punchin.engines.embedded.analysis.hearing import Heard
    from punchin.engines.embedded.analysis.pitch import Pitches


@dataclass(frozen=True, slots=True)
class Trust:
    """Confidences 0..1.

    Attributes:
        beat: that there is a beat and that it is this one.
        downbeat: that the bars begin where they are said to.
        tonal: that there are notes.
        musicality: that this is music.
    """

    beat: float
    downbeat: float
    tonal: float
    musicality: float


NOTHING = Trust(0.0, 0.0, 0.0, 0.0)


def trust(heard: Heard, onsets: Onsets, beats_s: NDArray[np.float64], pitches: Pitches, bars: Bars) -> Trust:
    """Confidences of everything that was found."""
    if heard.silent or beats_s.size < 5:
        return NOTHING
    pulse = pulse_clarity(onsets, beats_s)
    beat = _sigmoid((pulse - 0.25) / 0.06)
    tonal = _sigmoid((tonal_steadiness(pitches) - 0.5) / 0.08)
    downbeat = beat * (1.0 - float(np.exp(-4.0 * bars.margin)))
    return Trust(beat, downbeat, tonal, 1.0 - (1.0 - beat) * (1.0 - 0.8 * tonal))


def pulse_clarity(onsets: Onsets, beats_s: NDArray[np.float64]) -> float:
    """How much the onsets repeat after whole numbers of beats, and how well they lie on the grid."""
    repeats = autocorrelation(onsets.strength)
    period = float(np.median(np.diff(beats_s))) * FRAMES_HZ
    lags = np.array([1, 2, 4, 8]) * period
    lags = lags[lags < onsets.frames / 2]
    if not lags.size:
        return 0.0
    reach = np.arange(-3, 4)
    at = np.clip(np.round(lags).astype(int)[:, None] + reach, 0, repeats.size - 1)
    repeat = float(np.sort(repeats[at].max(axis=1))[-2:].mean())
    return repeat * max(coherence(onsets.strength, beats_s, k) for k in (1, 2, 4)) ** 0.5


def tonal_steadiness(pitches: Pitches) -> float:
    """How much of each beat its notes explain, and how few pitch classes they are."""
    chroma = pitches.chroma
    share = chroma / np.maximum(chroma.sum(axis=1, keepdims=True), 1e-9)
    few = 1.0 + (share * np.log(np.maximum(share, 1e-9))).sum(axis=1) / np.log(12)
    return float(np.mean(pitches.tonality * np.sqrt(np.maximum(few, 0.0))))


def _sigmoid(x: float) -> float:
    return float(1.0 / (1.0 + np.exp(-x)))

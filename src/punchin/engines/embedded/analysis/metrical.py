"""Which of several ways to tap along is the beat.

Every tempo candidate is tracked; the one that the onsets fit best wins, by how salient its tempo is and how well
the onsets lie on its beats and on their halves, thirds and quarters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis.beats import Beats, Track, track_beats
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Envelope, Onsets
from punchin.engines.embedded.analysis.tempo import tempo_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW_SHARE = 0.4
"""How much the lowest bands count once more in the strength that beats are tracked on: kicks mark beats."""


def find_beats(onsets: Onsets) -> Beats:
    """The beats of a window in seconds, not yet extended to its ends; may be empty."""
    strength = onsets.strength + LOW_SHARE * onsets.low
    if strength.size < 20 or not float(strength.max()) > 0.0:
        return np.zeros(0)
    found = [
        (fit(track, strength, salience), track)
        for bpm, salience in tempo_candidates(onsets.strength + 0.7 * onsets.low)
        for track in (track_beats(strength, bpm),)
    ]
    best = max(found, key=lambda scored: scored[0])[1]
    return _on_the_beat(best, onsets).beats_s


def coherence(envelope: Envelope, beats_s: Beats, times: int) -> float:
    """How strictly onsets lie on a subdivision of the beat: 0 anywhere, 1 all on it.

    Args:
        envelope: `[T]`.
        beats_s: at least two.
        times: 1 for beats, 2 for halves ...
    """
    at = np.arange(envelope.size) / FRAMES_HZ
    phase = np.interp(at, beats_s, np.arange(beats_s.size))
    weight = np.where((at >= beats_s[0]) & (at <= beats_s[-1]), envelope, 0.0)
    return float(abs(np.sum(weight * np.exp(2j * np.pi * times * phase))) / (weight.sum() + 1e-9))


def fit(track: Track, strength: Envelope, salience: float) -> float:
    """How well a way to tap explains the onsets; larger is better."""
    if track.beats_s.size < 4:
        return salience * 0.05
    one, two, three, four = (coherence(strength, track.beats_s, k) for k in (1, 2, 3, 4))
    return salience * (0.15 + max(one, two, 0.6 * three, 0.9 * four))


def _on_the_beat(track: Track, onsets: Onsets) -> Track:
    """The track, or the one half a beat later if kicks and accents lie there instead."""
    beats = track.beats_s
    if beats.size < 8:
        return track
    middle = (beats[:-1] + beats[1:]) / 2
    return (
        Track(middle, track.score) if _accent(onsets, middle) > 1.12 * _accent(onsets, beats[:-1]) else track
    )


def _accent(onsets: Onsets, times_s: NDArray[np.float64]) -> float:
    index = np.clip(
        np.round(times_s * FRAMES_HZ).astype(int)[:, None] + np.arange(-2, 4), 0, onsets.frames - 1
    )
    return float(onsets.low[index].max(axis=1).mean() + 0.5 * onsets.strength[index].max(axis=1).mean())

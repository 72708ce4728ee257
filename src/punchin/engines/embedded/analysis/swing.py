"""Swing: where the off-beat falls inside the beat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets

if TYPE_CHECKING:
    from numpy.typing import NDArray

STRAIGHT = 0.5

_EARLIEST, _LATEST = 0.44, 0.74
_BINS = 120
"""Of a beat; one is 4 ms at 120 bpm."""

_CLEAR = 1.25
"""How far the strongest place must stand out from the mean of those searched to be believed."""


def find_swing(onsets: Onsets, beats_s: NDArray[np.float64]) -> float:
    """The place of the off-beat eighth as a fraction of the beat: 0.5 straight, 0.67 a triplet shuffle.

    The mean onset strength over all beats by phase, smoothed over 20 ms; straight if no place stands out.
    """
    count = beats_s.size - 1
    phase = (np.arange(_BINS) + 0.5) / _BINS
    times = beats_s[:-1, None] + np.diff(beats_s)[:, None] * phase
    inside = (times >= 0) & (times < onsets.frames / FRAMES_HZ)
    strength = np.interp(times, np.arange(onsets.frames) / FRAMES_HZ, onsets.strength) * inside
    profile = strength.sum(axis=0) / np.maximum(inside.sum(axis=0), 1)
    width = max(1, round(0.02 * _BINS * count / max(float(beats_s[-1] - beats_s[0]), 1e-6)))
    profile = np.convolve(np.concatenate([profile] * 3), np.hanning(2 * width + 1), "same")[_BINS : 2 * _BINS]
    searched = (phase >= _EARLIEST) & (phase <= _LATEST)
    place = int(np.where(searched, profile, -1.0).argmax())
    if profile[place] <= _CLEAR * float(profile.mean()) or not searched[place - 1] or not searched[place + 1]:
        return STRAIGHT
    left, peak, right = profile[place - 1 : place + 2]
    bend = left - 2 * peak + right
    return float(phase[place] + (0.5 * (left - right) / bend / _BINS if bend < 0 else 0.0))

"""Beat tracking: the most probable sequence of beats with slowly changing tempo.

The bar-pointer model of Krebs, Böck & Widmer, "An efficient state-space model for joint tempo and meter
tracking" (ISMIR 2015): tempo changes only at beats, with a probability that falls exponentially with the
ratio of the two periods; a beat frame is rewarded for an onset, every other frame for none. Because nothing
happens between beats, the states between them are not needed: a beat at frame t that follows one at t - p has
its score from sums. All frames of one shortest period are computed at once, since they depend only on earlier
ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, LATE_S, Envelope

TEMPO_RANGE = 0.13
"""How far, as a logarithm, the tempo may leave the candidate's within a window."""

STEADINESS = 80.0
"""The lambda of Krebs et al. (equation 5): cost of changing the period by the factor e."""

NOT_BEAT_WEIGHT = 0.25
"""How much a frame between beats counts against one on a beat: there are many more of them."""

SHARPNESS_S = 0.035
"""How far a beat is moved to the onset that it stands for."""

Beats = NDArray[np.float64]
"""Times of beats in seconds, rising."""


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One way to tap along.

    Attributes:
        beats_s: `[B]`, at least two.
        score: mean log-likelihood a frame.
    """

    beats_s: Beats
    score: float


def track_beats(envelope: Envelope, bpm: float) -> Track:
    """Beats near one tempo.

    Args:
        envelope: onset strength `[T]`, one value every 1 / `FRAMES_HZ` s.
        bpm: the tempo to stay near.
    """
    periods = _periods(60.0 * FRAMES_HZ / bpm)
    seen = np.clip(envelope / (float(np.percentile(envelope, 98)) + 1e-6), 0.0, 1.0)
    on = np.log(0.03 + 0.97 * seen)
    off = NOT_BEAT_WEIGHT * np.log(1.03 - 0.97 * seen)
    frames, score = _best_path(on.astype(np.float64), off.astype(np.float64), periods)
    beats_s = smoothed(_sharpened(frames, envelope)) / FRAMES_HZ + LATE_S
    return Track(beats_s, score / envelope.size)


def _periods(centre: float) -> NDArray[np.int64]:
    """Whole numbers of frames around a period, at least two of them."""
    low, high = centre * np.exp(-TEMPO_RANGE), centre * np.exp(TEMPO_RANGE)
    return np.arange(max(4, round(low)), max(6, round(high) + 1))


def _best_path(
    on: NDArray[np.float64], off: NDArray[np.float64], periods: NDArray[np.int64]
) -> tuple[NDArray[np.int64], float]:
    """Viterbi over (frame of a beat, period before it): the beats' frames and the score of the whole."""
    frames, shortest, longest = on.size, int(periods[0]), int(periods[-1])
    passed = np.concatenate([[0.0], np.cumsum(off)])
    # [to, from]: the maximum is taken over the last axis, which lies together in memory.
    change = -STEADINESS * np.abs(np.log(periods[:, None] / periods[None, :]))
    # Rows before `longest` stand for beats before the window, which cost nothing.
    best = np.zeros((longest + frames, periods.size))
    onward = np.zeros_like(best)
    came = np.zeros(best.shape, np.int16)
    for start in range(0, frames, shortest):
        t = np.arange(start, min(start + shortest, frames))
        source = t[:, None] - periods[None, :] + longest
        since = passed[t][:, None] - passed[np.maximum(t[:, None] - periods[None, :] + 1, 0)]
        block = onward[source, np.arange(periods.size)] + since + on[t][:, None]
        best[t + longest] = block
        moves = block[:, None, :] + change
        leader = moves.argmax(axis=2)
        came[t + longest] = leader
        onward[t + longest] = np.take_along_axis(moves, leader[:, :, None], axis=2)[:, :, 0]
    last = np.arange(max(0, frames - longest), frames)
    ends = best[last + longest].max(axis=1) + passed[frames] - passed[last + 1]
    return _traced(int(last[ends.argmax()]), best, came, periods, longest), float(ends.max())


def _traced(
    frame: int, best: NDArray[np.float64], came: NDArray[np.int16], periods: NDArray[np.int64], longest: int
) -> NDArray[np.int64]:
    """Back from the last beat to the first."""
    state = int(best[frame + longest].argmax())
    beats: list[int] = []
    while frame >= 0:
        beats.append(frame)
        frame -= int(periods[state])
        if frame >= 0:
            state = int(came[frame + longest, state])
    return np.array(beats[::-1])


def _sharpened(frames: NDArray[np.int64], envelope: Envelope) -> NDArray[np.float64]:
    """Each beat moved to the strongest onset near it, between frames by a parabola."""
    reach = round(SHARPNESS_S * FRAMES_HZ)
    padded = np.concatenate([np.zeros(reach + 1), envelope, np.zeros(reach + 1)])
    near = padded[frames[:, None] + np.arange(1, 2 * reach + 2)] * np.hanning(2 * reach + 3)[1:-1]
    shift = near.argmax(axis=1)
    at = frames + 1 + shift
    left, peak, right = padded[at - 1], padded[at], padded[at + 1]
    bend = left - 2 * peak + right
    between = np.where(bend < -1e-9, np.clip(0.5 * (left - right) / np.minimum(bend, -1e-9), -0.5, 0.5), 0.0)
    return np.where(near.max(axis=1) > 0.15, frames + shift - reach + between, frames.astype(np.float64))


def smoothed(beats: NDArray[np.float64], reach: int = 4) -> NDArray[np.float64]:
    """Beats on a locally straight line: weighted linear fit over `2 * reach + 1` beats, `[B]` → `[B]`."""
    if beats.size < 3:
        return beats
    offset = np.arange(-reach, reach + 1)
    index = np.arange(beats.size)[:, None] + offset
    inside = (index >= 0) & (index < beats.size)
    weight = np.exp(-0.5 * np.square(offset / 2.5)) * inside
    y = beats[np.clip(index, 0, beats.size - 1)]
    total, mean_x = weight.sum(axis=1), (weight * offset).sum(axis=1)
    mean_x, mean_y = mean_x / total, (weight * y).sum(axis=1) / total
    dx, dy = offset - mean_x[:, None], y - mean_y[:, None]
    slope = (weight * dx * dy).sum(axis=1) / (weight * dx * dx).sum(axis=1)
    return mean_y - slope * mean_x


def extended(beats_s: Beats, duration_s: float) -> Beats:
    """The grid that covers the window: more beats at the local tempo before the first and after the last.

    The first lies at or before 0, the last at or after `duration_s`; no more are added than that needs.
    """
    before = float(np.median(np.diff(beats_s[:9])))
    after = float(np.median(np.diff(beats_s[-9:])))
    head = max(0, int(np.ceil(beats_s[0] / before)))
    tail = max(0, int(np.ceil((duration_s - beats_s[-1]) / after)))
    return np.concatenate(
        [beats_s[0] - before * np.arange(head, 0, -1), beats_s, beats_s[-1] + after * np.arange(1, tail + 1)]
    )

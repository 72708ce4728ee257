"""A major or minor triad for every beat: pitch classes in the middle and in the bass, joined by Viterbi.

A hidden Markov model that prefers to stay, as in Bello & Pickens, "A robust mid-level
representation for harmonic content in music signals" (ISMIR 2005); the bass chroma helps to find the root,
and chords change more readily on downbeats (Mauch & Dixon, "Simultaneous estimation of chords and musical
context from audio", IEEE TASLP 2010).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.model import Chord
from punchin.engines.embedded.analysis.weights import weights

Rows = NDArray[np.float64]

_QUALITIES: tuple[Literal["maj", "min"], ...] = ("maj", "min")
_ORDER: list[tuple[int, Literal["maj", "min"]]] = [
    (root, quality) for quality in _QUALITIES for root in range(12)
]

TRIADS = tuple(Chord(root, quality) for root, quality in _ORDER)
"""The 24 chords, in the order of every column here: C to B major, C to B minor."""

CAUTION = 0.6
"""Takes back some of the certainty of each beat: neighbours share what they have heard."""

CHANGE_COST = {"downbeat": 1.0, "half": 2.0, "other": 3.2}
"""Negative log-probability of a change of chord at a place in the bar."""


def chord_scores(chroma: Rows, bass_chroma: Rows) -> Rows:
    """Log-probability of each triad from one beat alone, `[K, 12]` twice → `[K, 24]`.

    One set of weights for major and one for minor, turned to each root: what each interval above the root, in
    the middle and in the bass, says for or against the chord. Fitted on made songs (`weights.json`).
    """
    heard = np.concatenate([_unit(chroma), _unit(bass_chroma)], axis=1)
    templates = np.stack(
        [np.roll(weights().chords[quality].reshape(2, 12), root, axis=1).ravel() for root, quality in _ORDER],
        axis=1,
    )
    return _log_softmax(CAUTION * _log_softmax(heard @ templates))


def find_chords(
    chroma: Rows, bass_chroma: Rows, positions: NDArray[np.int64], beats_per_bar: int
) -> tuple[tuple[Chord, ...], Rows]:
    """The most probable sequence of triads and, for each beat, the posterior probability of its own.

    Args:
        chroma, bass_chroma: `[K, 12]`.
        positions: `[K]`, place of each beat in its bar.
        beats_per_bar: M.
    """
    scores = chord_scores(chroma, bass_chroma)
    kind = np.where(positions == 0, "downbeat", "other")
    if beats_per_bar == 4:
        kind[positions == 2] = "half"
    cost = np.array([CHANGE_COST[k] for k in kind])
    path = _best_sequence(scores, cost)
    posterior = _posteriors(scores, cost)
    return tuple(TRIADS[k] for k in path), posterior[np.arange(len(path)), path]


def _unit(rows: Rows) -> Rows:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _best_sequence(scores: Rows, cost: Rows) -> NDArray[np.int64]:
    """Viterbi where any change costs the same: only staying and leaving the best one need be compared."""
    count, chords = scores.shape
    best = scores[0]
    came = np.zeros((count, chords), np.int64)
    for k in range(1, count):
        leader = int(best.argmax())
        change = best[leader] - cost[k]
        came[k] = np.where(best >= change, np.arange(chords), leader)
        best = np.maximum(best, change) + scores[k]
    path = np.empty(count, np.int64)
    path[-1] = int(best.argmax())
    for k in range(count - 1, 0, -1):
        path[k - 1] = came[k, path[k]]
    return path


def _posteriors(scores: Rows, cost: Rows) -> Rows:
    """Probability of each chord at each beat given all beats (forward-backward), `[K, 24]`."""
    count, chords = scores.shape
    seen = np.exp(scores)
    leave = np.exp(-cost) / (chords - 1)
    stay = 1.0 - np.exp(-cost)
    forward, backward = np.empty_like(seen), np.ones_like(seen)
    forward[0] = seen[0] / seen[0].sum()
    for k in range(1, count):
        row = (forward[k - 1] * (stay[k] - leave[k]) + leave[k]) * seen[k]
        forward[k] = row / row.sum()
    for k in range(count - 2, -1, -1):
        coming = seen[k + 1] * backward[k + 1]
        row = coming * (stay[k + 1] - leave[k + 1]) + leave[k + 1] * coming.sum()
        backward[k] = row / row.sum()
    joint = forward * backward
    return joint / joint.sum(axis=1, keepdims=True)


def _log_softmax(rows: Rows) -> Rows:
    rows = rows - rows.max(axis=1, keepdims=True)
    return rows - np.log(np.exp(rows).sum(axis=1, keepdims=True))

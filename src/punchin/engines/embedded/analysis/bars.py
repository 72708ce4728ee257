"""Where bars begin and how many beats they have: Viterbi over metre and place in the bar.

Evidence for a downbeat is gathered per beat: harmony that changes, a bass note that changes, a kick, a snare
one beat later and not now, a cymbal, a change of sound. After Krebs, Böck & Widmer (ISMIR 2015) for the bar
as a hidden state that advances by one a beat, and Papadopoulos & Peeters, "Joint estimation of chords and
downbeats from an audio signal" (IEEE TASLP 2011) for harmony as evidence of bars.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets, flux_at
from punchin.engines.embedded.analysis.spectra import between
from punchin.engines.embedded.analysis.weights import weights

Rows = NDArray[np.float64]

METRES = (4, 3)

METRE_BONUS = (0.0, -0.05)
"""Log-probability a beat of each metre before anything is heard."""

OTHER_SHARE = 0.5
"""How much the places after the downbeat count: they tell styles apart more than metres."""

CAUTION = 0.4
"""Takes back some of the certainty of each beat: neighbours share what they have heard."""

SLIP_COST = 9.0
"""Negative log-probability of a beat that does not follow on in its bar: a bar cut short, a tracker's
mistake.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Bars over a grid of beats.

    Attributes:
        positions: `[K]`, place of each beat in its bar, 0 is the downbeat.
        beats_per_bar: 3 or 4.
        margin: mean log-odds a beat against the best other phase or metre.
    """

    positions: NDArray[np.int64]
    beats_per_bar: int
    margin: float


def beat_evidence(onsets: Onsets, beats_s: Rows, chroma: Rows, bass_chroma: Rows) -> Rows:
    """What each beat has to say about bars, standardised over the window, `[K, 6]`.

    Columns: change of harmony, change of bass, kick, snare, cymbal, change of sound.
    """
    beats = beats_s[:-1]
    hits = flux_at(onsets.flux, beats)
    sound = between(onsets.spectrum, FRAMES_HZ, beats_s)
    columns = [
        _change(chroma, 2) + _change(chroma, 1),
        _change(bass_chroma, 1),
        hits[:, 0],
        hits[:, 1] + hits[:, 2],
        hits[:, 3],
        _change(sound - sound.mean(axis=0), 4),
    ]
    rows = np.stack(columns, axis=1)
    return (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)


def _change(rows: Rows, reach: int) -> Rows:
    """One less the cosine of what `reach` beats before and from each beat on have in common, `[K, F]` →
    `[K]`.
    """
    count = len(rows)
    total = np.concatenate([np.zeros((1, rows.shape[1])), np.cumsum(rows, axis=0)])
    at = np.arange(count)
    before = total[at] - total[np.maximum(at - reach, 0)]
    after = total[np.minimum(at + reach, count)] - total[at]
    size = np.linalg.norm(before, axis=1) * np.linalg.norm(after, axis=1)
    change = 1.0 - (before * after).sum(axis=1) / np.maximum(size, 1e-9)
    return np.where(size > 1e-9, change, 0.0)


def place_scores(evidence: Rows, beats_per_bar: int) -> Rows:
    """Log-likelihood of each place in the bar for each beat, `[K, 6]` → `[K, beats_per_bar]`.

    Each beat is judged with its two neighbours on both sides by two logistic models: is it a downbeat, and,
    in bars of four, which of the other places is it. Both were fitted on made songs (`weights.json`).
    """
    learned = weights()
    around = _with_neighbours(np.clip(evidence, -3.0, 3.0), len(learned.downbeat) // evidence.shape[1] // 2)
    logit = around @ learned.downbeat + learned.downbeat_bias
    scores = np.empty((len(evidence), beats_per_bar))
    scores[:, 0] = -np.logaddexp(0.0, -logit)
    scores[:, 1:] = -np.logaddexp(0.0, logit)[:, None]
    if beats_per_bar == 4:
        other = around @ learned.place + learned.place_bias
        other -= np.log(np.exp(other).mean(axis=1, keepdims=True))
        scores[:, 1:] += OTHER_SHARE * other
    return CAUTION * scores


def _with_neighbours(rows: Rows, reach: int) -> Rows:
    """Each row beside the `reach` before it and after it, `[K, F]` → `[K, (2 reach + 1) F]`; zeros past the
    ends.
    """
    padded = np.pad(rows, ((reach, reach), (0, 0)))
    return np.concatenate([padded[k : k + len(rows)] for k in range(2 * reach + 1)], axis=1)


def find_bars(evidence: Rows) -> Bars:
    """The most probable metre and places, from what `beat_evidence` gathered `[K, 6]`."""
    fits: list[tuple[float, NDArray[np.int64], int]] = []
    straight: list[float] = []
    for metre, bonus in zip(METRES, METRE_BONUS, strict=True):
        scores = place_scores(evidence, metre)
        path, score = _best_places(scores)
        fits.append((score / len(evidence) + bonus, path, metre))
        straight += [_straight_score(scores, phase) + bonus for phase in range(metre)]
    _, positions, metre = max(fits, key=lambda fit: fit[0])
    best, second = sorted(straight, reverse=True)[:2]
    return Bars(positions, metre, best - second)


def _straight_score(scores: Rows, phase: int) -> float:
    """Mean score a beat of bars that never slip, the first beat at place `phase`."""
    count, metre = scores.shape
    return float(scores[np.arange(count), (np.arange(count) + phase) % metre].mean())


def _best_places(scores: Rows) -> tuple[NDArray[np.int64], float]:
    """Viterbi over places that advance by one a beat and rarely slip: path `[K]` and its score."""
    count, metre = scores.shape
    best = scores[0].copy()
    came = np.zeros((count, metre), np.int64)
    for k in range(1, count):
        leader = int(best.argmax())
        onward, slipped = np.roll(best, 1), best[leader] - SLIP_COST
        came[k] = np.where(onward >= slipped, (np.arange(metre) - 1) % metre, leader)
        best = np.maximum(onward, slipped) + scores[k]
    path = np.empty(count, np.int64)
    path[-1] = int(best.argmax())
    for k in range(count - 1, 0, -1):
        path[k - 1] = came[k, path[k]]
    return path, float(best.max())

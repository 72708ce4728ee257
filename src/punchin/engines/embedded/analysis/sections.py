"""Sections: where the song changes to another part, and where a part comes back.

Bars are compared with bars (two halves each, harmony, colour and rhythm). A part ends where the bars before
are alike, the bars after are alike, and these two are not: the checkerboard of Foote, "Automatic audio
segmentation using a measure of audio novelty" (ICME 2000). A part comes back where runs of bars are alike one
by one: distances averaged along diagonals, forward and backward, as in Müller, "Fundamentals of Music
Processing" (2nd ed., 2021, section 4.2.2.3). Parts that are alike like this get the same letter.
"""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.model import Form

Rows = NDArray[np.floating]
Distances = NDArray[np.float64]

RUN = 4
"""Bars that are compared one by one to say that a part comes back; the shortest part there is."""

KERNEL = 8
"""Bars on each side of a change that are heard to find it."""

FEWEST = 3 * RUN
"""With fewer bars than this there is no form to speak of."""

NEW = 0.12
"""How much farther two sides of a change are from each other than from themselves, against the typical
distance: noise reaches 0.08, parts that differ in little but their chords 0.14."""

NEW_RUNS = 0.2
"""The same for the nearest runs of bars: noise stays below 0, parts on the same drums reach 0.4."""

AGAIN = 0.67
"""Runs of bars nearer than this share of the typical distance are the same part: parts of made songs measure
0.2 to 0.3 when they come back with another melody, those of real songs up to 0.65; other parts on the same
drums measure 0.7 to 1.05."""

UNCLEAR, CLEAR = 0.05, 0.25
"""How much nearer a bar's nearest likeness in its own part is than in others: where confidence begins, and
where it is full. Noise measures 0.03 at most."""


def find_form(features: Rows, positions: NDArray[np.integer]) -> Form:
    """The part that each beat belongs to.

    Args:
        features: `[K, F]`, one row a beat, see `beat_features`.
        positions: `[K]`, place of each beat in its bar, 0 is the downbeat.

    Returns:
        One part and confidence 0 where the window is too short, or where nothing sets a part off.
    """
    starts = np.flatnonzero(np.asarray(positions) == 0)
    if starts.size < FEWEST:
        return Form.unknown(len(positions))
    # Beats before the first bar line belong to the first bar that is whole.
    bar_of_beat = np.maximum(np.searchsorted(starts, np.arange(len(positions)), side="right") - 1, 0)
    distances = _between_bars(np.asarray(features, dtype=np.float64), starts)
    paths = along_diagonals(distances)
    typical = max(float(np.median(paths[_apart(len(starts))])), 1e-6)
    edges = _changes(distances / typical, paths / typical)
    labels = _labelled(paths / typical, edges)
    return Form(labels[bar_of_beat], _confidence(paths, labels))


def _between_bars(features: Distances, starts: NDArray[np.intp]) -> Distances:
    """Root mean square over the halves of a bar of the distance of their means, `[B, B]`."""
    ends = np.append(starts[1:], len(features))
    halves: list[Distances] = []
    for first, end in zip(starts, ends, strict=True):
        middle = max(first + 1, (first + end) // 2)
        second = features[middle:end] if middle < end else features[first:end]
        halves.append(np.concatenate([features[first:middle].mean(axis=0), second.mean(axis=0)]))
    rows = np.array(halves)
    squares = np.square(rows).sum(axis=1)
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0.0) / 2)


def along_diagonals(distances: Distances) -> Distances:
    """How unlike two runs of `RUN` bars are: the mean of those that begin here or of those that end here,
    whichever is less, `[B, B]` → `[B, B]`; at the ends over as many as there are.
    """
    count = len(distances)
    runs: list[Distances] = []
    for offsets in (range(RUN), range(0, -RUN, -1)):
        total, bars = np.zeros_like(distances), np.zeros_like(distances)
        for offset in offsets:
            here = slice(max(0, -offset), count - max(0, offset))
            there = slice(max(0, offset), count - max(0, -offset))
            total[here, here] += distances[there, there]
            bars[here, here] += 1
        runs.append(total / bars)
    return np.minimum(*runs)


def _apart(bars: int) -> NDArray[np.bool_]:
    """The pairs of bars that do not share a run."""
    return np.abs(np.arange(bars)[:, None] - np.arange(bars)) >= RUN


def _changes(distances: Distances, paths: Distances) -> list[int]:
    """The bars at which a part begins, the first one and the end among them."""
    count = len(distances)
    novelty = np.zeros(count)
    for bar in range(RUN, count - RUN):
        reach = min(KERNEL, bar, count - bar)
        before, after = slice(bar - reach, bar), slice(bar, bar + reach)
        novelty[bar] = max(
            _checkerboard(distances, before, after) / NEW, _other_runs(paths, before, after) / NEW_RUNS
        )
    peaks = [
        bar
        for bar in range(RUN, count - RUN)
        if novelty[bar] > 1 and novelty[bar] == novelty[bar - RUN + 1 : bar + RUN].max()
    ]
    return [0, *peaks, count]


def _checkerboard(distances: Distances, before: slice, after: slice) -> float:
    """How much farther bars are from those on the other side of a change than from those on their own."""
    reach = after.stop - after.start
    own = distances[before, before].sum() + distances[after, after].sum()
    return float(distances[before, after].mean() - own / (2 * reach * (reach - 1)))


def _other_runs(paths: Distances, before: slice, after: slice) -> float:
    """The same for the nearest run of bars instead of all: chords that go round are alike a round later."""
    if after.stop - after.start < 2 * RUN:
        return 0.0
    own = np.where(_apart(after.stop - after.start), 0.0, np.inf)
    inside = [(paths[side, side] + own).min(axis=1).mean() for side in (before, after)]
    across = [paths[before, after].min(axis=axis).mean() for axis in (0, 1)]
    return float(np.mean(across) - np.mean(inside))


def _labelled(paths: Distances, edges: list[int]) -> NDArray[np.int64]:
    """The part of each bar, `[B]`: 0 for the first, a new number for each that is unlike all before."""
    labels = np.zeros(edges[-1], np.int64)
    known: list[list[slice]] = []
    for first, end in itertools.pairwise(edges):
        here = slice(first, end)
        unlike = [min(_nearest(paths[here, there]) for there in part) for part in known]
        best = int(np.argmin(unlike)) if unlike else 0
        if not unlike or unlike[best] > AGAIN:
            best = len(known)
            known.append([])
        known[best].append(here)
        labels[here] = best
    return labels


def _nearest(paths: Distances) -> float:
    """How near two parts come when one is laid along the other in the best place."""
    rows, columns = paths.shape
    shifts = range(-(rows - min(rows, columns)), columns - min(rows, columns) + 1)
    return min(float(np.diagonal(paths, shift).mean()) for shift in shifts)


def _confidence(paths: Distances, labels: NDArray[np.int64]) -> float:
    """How much nearer the nearest bars of the same part are than the nearest of other parts; 0..1."""
    same = labels[:, None] == labels[None, :]
    inside = np.where(same & _apart(len(labels)), paths, np.inf).min(axis=1)
    outside = np.where(same, np.inf, paths).min(axis=1)
    known = np.isfinite(inside) & np.isfinite(outside)
    if 2 * known.sum() < len(labels):
        return 0.0
    nearer = float(np.mean(1.0 - inside[known] / np.maximum(outside[known], 1e-9)))
    return float(np.clip((nearer - UNCLEAR) / (CLEAR - UNCLEAR), 0.0, 1.0))

"""How alike two beats are, alone and in what comes before and after them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

BEFORE = (-2, -1)
AFTER = (0, 1)
"""The context of a beat: the two before it; itself and the next (Perraudin et al. 2018 compare like this)."""

LEAST_TYPICAL = 1e-3
"""Songs whose beats differ by less than this are the same everywhere; what is left is not blown up."""


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """Distances between beats, 1 being the typical distance of two beats of this song; `[K, K]` each.

    Attributes:
        alone: between beat a and beat b.
        before: between what comes before a and what comes before b.
        after: between a with what follows it and b with what follows it.
    """

    alone: Floats
    before: Floats
    after: Floats


def likeness(features: NDArray[np.floating]) -> Likeness:
    """Compare all beats.

    Args:
        features: `[K, F]`, one row a beat.
    """
    alone = _distances(np.nan_to_num(np.asarray(features, dtype=np.float32)))
    count = len(alone)
    far = np.abs(np.arange(count)[:, None] - np.arange(count)) > 4
    others = alone[far] if far.any() else alone
    alone /= max(float(np.median(others)), LEAST_TYPICAL)
    return Likeness(alone, _shifted_mean(alone, BEFORE), _shifted_mean(alone, AFTER))


def _distances(rows: Floats) -> Floats:
    """Euclidean distance of every row to every row, `[K, F]` → `[K, K]`."""
    squares = np.sum(np.square(rows), axis=1)
    products = rows @ rows.T
    return np.sqrt(np.maximum(squares[:, None] + squares[None, :] - 2 * products, 0.0))


def _shifted_mean(alone: Floats, offsets: tuple[int, ...]) -> Floats:
    """Mean over offsets o of the distance between a + o and b + o; beyond the ends stand the last beats."""
    places = np.arange(len(alone))
    total = np.zeros_like(alone)
    for offset in offsets:
        near = np.clip(places + offset, 0, len(alone) - 1)
        total += alone[np.ix_(near, near)]
    total /= np.float32(len(offsets))
    return total

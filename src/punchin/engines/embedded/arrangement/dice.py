"""Chance: every player has dice of its own, so that another instrument leaves the others' notes alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


class Dice:
    """Reproducible chance for one score.

    Attributes:
        freedom: 0..1, how far the seed may lead away from the usual reading of a pattern; the square root of
            the variance, so that the middle of its range is already lively.
    """

    def __init__(self, seed: int, variance: float) -> None:
        self._seed = seed
        self.freedom = float(np.sqrt(min(1.0, max(0.0, variance))))

    def of(self, player: str) -> np.random.Generator:
        """Fresh dice for a player, the same for the same seed and name; without freedom for every seed."""
        return np.random.default_rng([self._seed if self.freedom else 0, crc32(player.encode())])

    def hands(self, player: str) -> np.random.Generator:
        """Dice for how a player's hands move: of the seed, whatever the freedom."""
        return np.random.default_rng([self._seed, crc32(f"hands {player}".encode())])

    def choose(self, among: Sequence[T], dice: np.random.Generator) -> T:
        """One of several readings: the first without freedom, any with all of it."""
        index = int(dice.integers(len(among)))
        return among[index] if dice.random() < self.freedom else among[0]

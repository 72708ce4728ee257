"""From readings to a score and a word. The limits come from `bench/seams.py` on real music: docs/seams.md."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.seam.hearing import Curve

WORDS = ((0.85, "seamless"), (0.6, "smooth"), (0.3, "audible"), (0.0, "rough"))
"""The least score for each word."""


@dataclass(frozen=True, slots=True)
class Absolute:
    """A limit that holds for all music: nothing below `free`, all of it from `sure` on, straight between."""

    free: float
    sure: float
    weight: float = 1.0

    def audible(self, excess: float) -> float:
        """0..`weight`."""
        return round(self.weight * min(max((excess - self.free) / (self.sure - self.free), 0.0), 1.0), 4)


@dataclass(frozen=True, slots=True)
class Relative:
    """A limit above what the song does by itself.

    Attributes:
        beyond: how far beyond it the value may go.
        usual: the share of places in the song below which all is usual; 0 takes no account of other places.
        signed: rises and falls are told apart: only what goes beyond the original's own step counts.
    """

    beyond: Absolute
    usual: float
    signed: bool = False


RELATIVE: Mapping[str, Relative] = {
    "click": Relative(Absolute(1.0, 8.0), 0.98),
    "dip": Relative(Absolute(1.5, 10.0), 0.98),
    "flux": Relative(Absolute(1.5, 9.0, 0.8), 0.98),
    "level_short": Relative(Absolute(1.5, 6.0, 0.7), 0.9, signed=True),
    "level_long": Relative(Absolute(1.3, 4.0), 0.0, signed=True),
    "timbre": Relative(Absolute(0.5, 4.0, 0.4), 0.98),
    "high": Relative(Absolute(3.0, 20.0, 0.5), 0.98),
    "stereo": Relative(Absolute(1.5, 7.0, 0.9), 0.98),
    "dc": Relative(Absolute(0.01, 0.05), 0.98),
}
ABSOLUTE: Mapping[str, Absolute] = {
    "switch": Absolute(-9.0, 0.0),
    "beat_ms": Absolute(30.0, 100.0, 0.6),
}


def audible_in(rule: Relative, value: float, original: float, usual: Curve) -> float:
    """How surely `value` gives a seam away.

    Args:
        rule: of this statistic.
        value: in the new song.
        original: at the same place of the original.
        usual: sizes of the same statistic at all places of the original, `[K]`.
    """
    if rule.signed:
        nearest = min(max(value, min(0.0, original)), max(0.0, original))
        excess, own = abs(value - nearest), 0.0
    else:
        excess, own = abs(value), abs(original)
    if rule.usual > 0:
        own = max(own, float(np.quantile(usual, rule.usual)))
    return rule.beyond.audible(excess - own)


def score_of(audible: Mapping[str, float]) -> tuple[float, str]:
    """The score of an edge, and the name of what costs most ("" if nothing does).

    Each statistic takes its share of what the others have left: several faint signs are a plain one together.
    """
    score = float(np.prod([1 - share for share in audible.values()]))
    worst = max(audible, key=lambda name: audible[name])
    return round(score, 4), worst if audible[worst] > 0 else ""


def word_for(score: float) -> str:
    """The word for a score."""
    return next(word for least, word in WORDS if score >= least)

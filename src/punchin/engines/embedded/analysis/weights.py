"""The fitted numbers of the analysis, read once from `weights.json`, which `scripts/train_analysis.py`
writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """Linear models of bars and chords.

    Attributes:
        downbeat: `[5 * 6]`, what the evidence of a beat and of two neighbours on both sides says for a
        downbeat. downbeat_bias: log-odds of a downbeat where nothing speaks. place: `[5 * 6, 3]`, the same
        for the second, third and fourth beat of a bar of four. place_bias: `[3]`. chords: for "maj" and "min"
        `[24]`: what chroma and bass chroma say at each interval above the root.
    """

    downbeat: NDArray[np.float64]
    downbeat_bias: float
    place: NDArray[np.float64]
    place_bias: NDArray[np.float64]
    chords: dict[str, NDArray[np.float64]]


@cache
def weights() -> Weights:
    """The weights that come with the package."""
    kept = json.loads(files("punchin.engines.embedded.analysis").joinpath("weights.json").read_text("utf-8"))
    return Weights(
        downbeat=np.array(kept["downbeat"]),
        downbeat_bias=float(kept["downbeat_bias"]),
        place=np.array(kept["place"]),
        place_bias=np.array(kept["place_bias"]),
        chords={quality: np.array(kept["chords"][quality]) for quality in ("maj", "min")},
    )

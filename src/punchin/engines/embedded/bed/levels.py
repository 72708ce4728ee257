"""Gives the bed the loudness that the original had, beat by beat, within bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from punchin.engines.embedded.bed.model import Beats
    from punchin.region import Frames

CLAMP_DB = 6.0
"""More than this is another part of the song, not another level of it."""

SILENT_LUFS = -60.0
"""An original below this gives no level to follow."""

Floats = NDArray[np.float64]


def gains_db(
    loudness_lufs: NDArray[np.floating], beats: Beats, donors: tuple[int, ...], bar_beats: int
) -> Floats:
    """What each donor needs to be as loud as what it replaces, `[len(beats)]`.

    Levels are compared over a bar around each beat: a snare is not made as loud as the kick it replaces.

    Args:
        loudness_lufs: `[K]`, of each beat of the window; -inf where silent.
        beats: those that are replaced.
        donors: what is played in their place.
        bar_beats: how many beats a bar has.
    """
    power = 10 ** (np.nan_to_num(np.asarray(loudness_lufs, dtype=np.float64), nan=-np.inf, posinf=0.0) / 10)
    wanted = _over_a_bar(power[beats.first : beats.end], bar_beats)
    played = _over_a_bar(power[list(donors)], bar_beats)
    silent = 10 ** (SILENT_LUFS / 10)
    known = (wanted > silent) & (played > silent)
    ratio_db = 10 * np.log10(np.where(known, wanted, 1.0) / np.where(known, played, 1.0))
    return np.clip(ratio_db, -CLAMP_DB, CLAMP_DB)


def _over_a_bar(power: Floats, bar_beats: int) -> Floats:
    """Mean over the `bar_beats` beats around each, fewer at the ends."""
    kernel = np.ones(min(bar_beats | 1, power.size - 1 + power.size % 2))
    counted = np.convolve(np.ones(power.size), kernel, "same")
    return np.convolve(power, kernel, "same") / counted


def apply_gains(
    samples: NDArray[np.float32], hole: Frames, centres: Floats, gains: Floats
) -> NDArray[np.float32]:
    """Multiply `samples` `[C, len(hole)]` by gains in dB, known at `centres` (frames of the window)."""
    if not np.any(gains):
        return samples
    # 64 frames are far finer than a gain that moves by a few dB in a beat.
    knots = np.linspace(0, len(hole), max(2, len(hole) // 64), endpoint=True)
    by_knot = 10 ** (np.interp(knots + hole.start, centres, gains) / 20)
    curve = np.interp(np.arange(len(hole)), knots, by_knot).astype(np.float32)
    return samples * curve

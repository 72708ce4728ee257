"""Lays the bed: which beats the hole takes, their donors, the splice, the level."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import Progress, no_progress
from punchin.engines.embedded.bed.donors import Freedom, Path, choose_donors
from punchin.engines.embedded.bed.levels import apply_gains, gains_db
from punchin.engines.embedded.bed.model import Beats, Bed
from punchin.engines.embedded.bed.splicing import beat_frames, splice
from punchin.engines.embedded.bed.taste import LOOSE, ON_THE_GRID, Taste
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis.model import Analysis, BeatGrid
    from punchin.region import Frames

TRUSTED_BEAT = 0.35
"""Below this confidence of beat or musicality the grid is not relied on."""


def lay_bed(
    window: Song,
    hole: Frames,
    analysis: Analysis,
    *,
    seed: int,
    variance: float,
    progress: Progress = no_progress,
) -> Bed:
    """Fill the hole with the song's own beats.

    Args:
        window: the song around the hole, the original inside it; finite.
        hole: where in `window`; not empty.
        analysis: of the whole window.
        seed: another one chooses other donors.
        variance: 0..1, how far from the original the donors may be.
        progress: told how far the bed is, 0..1; may raise `Cancelled`.
    """
    progress("choose bars", 0.0)
    grid = analysis.grid
    taste = taste_for(analysis)
    beats = beats_of(grid, hole, window.rate_hz)
    path = choose_donors(
        grid,
        analysis.features,
        beats,
        taste,
        Freedom.of(variance),
        seed,
        form=analysis.form,
        playing_db=analysis.playing_db,
    )
    progress("join bars", 0.4)
    spliced = splice(window, hole, grid, beats, path.donors, taste)
    progress("join bars", 0.8)
    gains = gains_db(analysis.loudness_lufs, beats, path.donors, grid.beats_per_bar)
    starts = beat_frames(grid, window.rate_hz)[beats.first : beats.end + 1].astype(np.float64)
    samples = apply_gains(spliced.samples, hole, (starts[:-1] + starts[1:]) / 2, gains)
    progress("join bars", 1.0)
    return Bed(
        song=Song(samples, window.rate_hz),
        beats=beats,
        donors=path.donors,
        pieces=spliced.pieces,
        warnings=tuple(_warnings(path, taste)),
    )


def taste_for(analysis: Analysis) -> Taste:
    """On the grid where there is one, loose where there is none to be sure of."""
    sure = min(analysis.grid.confidence, analysis.musicality)
    return ON_THE_GRID if sure >= TRUSTED_BEAT else LOOSE


def beats_of(grid: BeatGrid, hole: Frames, rate_hz: int) -> Beats:
    """The beats that the hole touches, one at least."""
    last = len(grid.times_s) - 2
    first = int(np.searchsorted(grid.times_s, hole.start / rate_hz, side="right")) - 1
    first = min(max(first, 0), last)
    end = int(np.searchsorted(grid.times_s, hole.end / rate_hz, side="left"))
    return Beats(first, min(max(end, first + 1), last + 1))


def _warnings(path: Path, taste: Taste) -> list[str]:
    warnings: list[str] = []
    if taste is LOOSE:
        warnings.append(
            "no steady beat was found: the region is filled with long stretches of the song, not bar by bar"
        )
    if path.from_hole:
        warnings.append(
            "there is little music outside the region: its own beats were used again in another order"
        )
    if not path.bar_place_kept:
        warnings.append(
            "too few bars to choose from: some beats stand at another place of the bar than before"
        )
    return warnings

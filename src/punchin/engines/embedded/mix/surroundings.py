"""How loud the song is around the hole: what the new part is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.mix.metering import Levels, loudness, measure

if TYPE_CHECKING:
    from punchin.region import Frames
    from punchin.song import Song

LISTEN_S = 10.0
"""How much music is heard on each side."""

EDGE_S = 3.0
"""At an edge so much music counts, near music more."""

SILENT_LUFS = -65.0

OWN_SHARE, OWN_LIMIT_LU = 0.5, 3.0
"""A passage that was softer or louder than its surroundings stays so by half, by 3 LU at most."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Loudnesses in LUFS; -inf where there is silence or nothing.

    Attributes:
        song_lufs: what the hole is to have on the whole.
        before_lufs: just before the hole.
        after_lufs: just after it.
        peak: the highest sample that the song has around it.
    """

    song_lufs: float
    before_lufs: float
    after_lufs: float
    peak: float

    @property
    def silent(self) -> bool:
        """There is no music around the hole nor in it."""
        return self.song_lufs == -np.inf


def listen_around(window: Song, hole: Frames) -> Surroundings:
    """Listen to both sides of the hole and to what was in it.

    Args:
        window: the song around the hole, the original inside it; finite.
        hole: where in `window`.
    """
    rate_hz = window.rate_hz
    listen = round(LISTEN_S * rate_hz)
    before = window.samples[:, max(0, hole.start - listen) : hole.start]
    after = window.samples[:, hole.end : hole.end + listen]
    own = window.samples[:, hole.start : min(hole.end, hole.start + 2 * listen)]
    ahead, inside, behind = (measure(part, rate_hz) for part in (before, own, after))
    return Surroundings(
        song_lufs=_wanted(_level(ahead.and_then(behind)), _level(inside), window),
        before_lufs=ahead.reversed().between(0, EDGE_S).near_lufs,
        after_lufs=behind.between(0, EDGE_S).near_lufs,
        peak=max(float(np.abs(part).max(initial=0.0)) for part in (before, own, after)),
    )


def _level(levels: Levels) -> float:
    level = levels.gated_lufs
    return level if level > SILENT_LUFS else float("-inf")


def _wanted(around: float, own: float, window: Song) -> float:
    """The loudness to aim at, from that around the hole and that of what was in it."""
    if np.isfinite(around) and np.isfinite(own):
        return around + float(np.clip(OWN_SHARE * (own - around), -OWN_LIMIT_LU, OWN_LIMIT_LU))
    if np.isfinite(around) or np.isfinite(own):
        return around if np.isfinite(around) else own
    whole = loudness(window.samples, window.rate_hz)
    return whole if whole > SILENT_LUFS else float("-inf")

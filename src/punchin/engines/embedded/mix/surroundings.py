"""How loud the song is around the hole: what the new part is measured by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.mix.balance import loudness
from punchin.loudness import k_power, lufs
from punchin.song import Song

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.region import Frames

LISTEN_S = 10.0
"""How much music is heard on each side."""

EDGE_S = 3.0
NEAR_S = 1.0
"""At an edge so much music counts, near music more by e^-t/NEAR_S: the same as where levels are matched."""

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
    listen, edge = round(LISTEN_S * rate_hz), round(EDGE_S * rate_hz)
    before = window.samples[:, max(0, hole.start - listen) : hole.start]
    after = window.samples[:, hole.end : hole.end + listen]
    own = window.samples[:, hole.start : min(hole.end, hole.start + 2 * listen)]
    around = np.concatenate([before, after], axis=1)
    heard = np.concatenate([before, own, after], axis=1)
    return Surroundings(
        song_lufs=_wanted(_level(around, rate_hz), _level(own, rate_hz), window),
        before_lufs=near_lufs(_power(before[:, -edge:], rate_hz)[::-1], rate_hz),
        after_lufs=near_lufs(_power(after[:, :edge], rate_hz), rate_hz),
        peak=float(np.abs(heard).max(initial=0.0)),
    )


def near_lufs(power: NDArray[np.floating], rate_hz: int) -> float:
    """Loudness of a K-weighted power `[N]`, what comes first counting most."""
    if not power.size:
        return float("-inf")
    weight = np.exp(np.arange(power.size) * (-1.0 / (NEAR_S * rate_hz)))
    return lufs(float(weight @ power / weight.sum()))


def _power(samples: NDArray[np.floating], rate_hz: int) -> NDArray[np.floating]:
    return k_power(Song(samples, rate_hz)) if samples.shape[1] else np.zeros(0)


def _level(samples: NDArray[np.floating], rate_hz: int) -> float:
    level = loudness(samples, rate_hz)
    return level if level > SILENT_LUFS else float("-inf")


def _wanted(around: float, own: float, window: Song) -> float:
    """The loudness to aim at, from that around the hole and that of what was in it."""
    if np.isfinite(around) and np.isfinite(own):
        return around + float(np.clip(OWN_SHARE * (own - around), -OWN_LIMIT_LU, OWN_LIMIT_LU))
    if np.isfinite(around) or np.isfinite(own):
        return around if np.isfinite(around) else own
    return _level(window.samples, window.rate_hz)

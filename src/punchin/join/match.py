"""Brings the level of new sound to that of the music on both sides.

At each edge three loudnesses are compared: the song beside the region, the original just inside it, and the
new sound just inside it. The first two are known to go together, so whatever lies between them is right, and
only what lies outside is corrected. An engine that has matched already is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.loudness import k_power, lufs
from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.song import Samples

SIDE_S = 3.0
"""How far from an edge its level is heard (the window of short-term loudness, EBU Tech 3341) ..."""
NEAR_S = 1.0
"""... and by which factor e^-t/NEAR_S nearer sound counts more."""
SHORT_S = 0.4
"""A hole shorter than one momentary window says little about level: the correction shrinks with it."""

CLAMP_DB = 6.0
"""Largest correction up or down; more than that is a different sound, not a wrong fader."""
TOLERANCE_DB = 0.5
"""Differences of this size are left."""

QUIET_LUFS = -60.0
"""Below this the song gives no level to match, and new sound is not lifted ..."""
FULL_LIFT_LUFS = -50.0
"""... and only from here on by as much as is asked: a lift of near silence is a lift of noise."""


@dataclass(frozen=True, slots=True)
class EdgeLevels:
    """Loudness next to one edge, ungated, near sound counting more; -inf where there is silence or nothing.

    Attributes:
        song_lufs: outside the region.
        original_lufs: inside, before the edit.
        new_lufs: inside, the new sound.
    """

    song_lufs: float
    original_lufs: float
    new_lufs: float

    def correction_db(self) -> float:
        """What the new sound needs at this edge; 0 if it is between the other two or if those are silent."""
        references = [level for level in (self.song_lufs, self.original_lufs) if level > QUIET_LUFS]
        if not references or self.new_lufs == -np.inf:
            return 0.0
        off = min(max(self.new_lufs, min(references)), max(references)) - self.new_lufs
        needed = float(np.sign(off)) * min(max(abs(off) - TOLERANCE_DB, 0.0), CLAMP_DB)
        if needed > 0:
            trust = (self.new_lufs - QUIET_LUFS) / (FULL_LIFT_LUFS - QUIET_LUFS)
            needed *= min(max(trust, 0.0), 1.0)
        return needed


@dataclass(frozen=True, slots=True)
class LevelMatch:
    """Gains at both edges in dB; between them the gain moves in a straight line of dB over the whole hole."""

    punch_in_db: float
    punch_out_db: float

    def applied(self, samples: Samples) -> Samples:
        """The samples `[C, N]` with the gains; the same array if there is nothing to do."""
        if self.punch_in_db == self.punch_out_db == 0:
            return samples
        ramp_db = np.linspace(self.punch_in_db, self.punch_out_db, samples.shape[1])
        return samples * (10 ** (ramp_db / 20)).astype(samples.dtype)


def match_level(
    window: Song, hole: Frames, new: Song, *, at_song_start: bool = False, at_song_end: bool = False
) -> LevelMatch:
    """Listen at both edges.

    Args:
        window: the song around the hole, the original inside it; finite.
        hole: where in `window`.
        new: the new sound of exactly the hole.
        at_song_start, at_song_end: the hole begins or ends with the song: there is no edge to match, and the
            other edge's gain holds for the whole hole.
    """
    scale = min(1.0, len(hole) / (SHORT_S * window.rate_hz))
    first = None if at_song_start else levels_at_start(window, hole, new).correction_db() * scale
    last = None
    if not at_song_end:
        mirrored = Frames(window.frames - hole.end, window.frames - hole.start)
        last = levels_at_start(_reversed(window), mirrored, _reversed(new)).correction_db() * scale
    known = [gain for gain in (first, last) if gain is not None] or [0.0]
    return LevelMatch(known[0] if first is None else first, known[-1] if last is None else last)


def levels_at_start(window: Song, hole: Frames, new: Song) -> EdgeLevels:
    """The three loudnesses at the hole's start; for its end give everything reversed in time."""
    side = round(SIDE_S * window.rate_hz)
    outside = window.samples[:, max(0, hole.start - side) : hole.start]
    original = window.samples[:, hole.start : min(hole.end, hole.start + side)]
    before = k_power(Song(np.concatenate([outside, original], axis=1), window.rate_hz))
    after = k_power(Song(np.concatenate([outside, new.samples[:, :side]], axis=1), window.rate_hz))
    edge = outside.shape[1]
    return EdgeLevels(
        _near_lufs(before[:edge][::-1], window.rate_hz),
        _near_lufs(before[edge:], window.rate_hz),
        _near_lufs(after[edge:], window.rate_hz),
    )


def _near_lufs(power: NDArray[np.float64], rate_hz: int) -> float:
    """Loudness of `power[N]`, what comes first counting most."""
    if not power.size:
        return float("-inf")
    weight = np.exp(np.arange(power.size) * (-1.0 / (NEAR_S * rate_hz)))
    return lufs(float(weight @ power / weight.sum()))


def _reversed(song: Song) -> Song:
    return Song(song.samples[:, ::-1], song.rate_hz)

"""How a song differs from the one it was made from: where, how much, and whether outside nothing does."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.desk.outline import FULL_SCALE, Bins, header
from punchin.errors import SongError
from punchin.region import Frames, Region
from punchin.splice import as_stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.desk.protocol import Answer, Difference
    from punchin.songfile import SongFile


def difference(song: SongFile, before: SongFile, question: Difference, answer: Answer) -> None:
    """Give |new - old| bin by bin; its first line tells of the sound outside the regions.

    Both are decoded whole, so that what is told is what is there, whoever made the file.

    Raises:
        SongError: the two are not alike in form, or one is damaged.
        RegionError: a region lies outside the song.
    """
    if (song.rate_hz, song.channels) != (before.rate_hz, before.channels):
        raise SongError(
            f"the two songs are not alike: {song.rate_hz} Hz with {song.channels} channels, and "
            f"{before.rate_hz} Hz with {before.channels}"
        )
    regions = [_frames_of(song, *region) for region in question.regions]
    bins = Bins(Frames(0, min(song.frames, before.frames)), question.per_s, song.rate_hz)
    found = Found(song, before, regions)
    pairs = b"".join(found.look(run).tobytes() for run in bins.runs())
    facts = {"per_s": question.per_s, "channels": 1, "count": len(bins), "outside": found.outside}
    answer.give(header(facts))
    answer.give(pairs)


def _frames_of(song: SongFile, start_s: float, end_s: float) -> Frames:
    end = min(end_s, song.duration_s)
    return Region.parse(start_s, "end" if end == song.duration_s else end).frames(song.rate_hz, song.frames)


@dataclass
class Found:
    """What has been found so far.

    Attributes:
        song, before: new and old.
        regions: where they may differ.
        changed: the first frame that differs, and the one after the last.
        outside_same: whether all that was seen outside the regions is equal, bit for bit.
        largest_outside: the largest difference there, of full scale.
    """

    song: SongFile
    before: SongFile
    regions: Sequence[Frames]
    changed: tuple[int, int] | None = None
    outside_same: bool = True
    largest_outside: float = 0.0
    _seen: int = field(default=0)

    @property
    def outside(self) -> dict[str, Any]:
        """For the page."""
        start, end = self.changed or (None, None)
        return {
            "equal": self.outside_same and self.song.frames == self.before.frames,
            "first_changed_s": None if start is None else start / self.song.rate_hz,
            "last_changed_s": None if end is None else end / self.song.rate_hz,
            "max_outside": self.largest_outside,
        }

    def look(self, run: Any) -> NDArray[np.int16]:
        """`[B, 2]`: zero, and the largest difference in each bin of a run."""
        old = as_stored(
            self.before.read_native(run.frames), self.before.sample_format, self.song.sample_format
        )
        new = self.song.read_native(run.frames)
        pairs = np.zeros((len(run.starts), 2), "<i2")
        if old.tobytes() == new.tobytes():
            return pairs
        apart = _apart(old, new, self.song.sample_format.full_scale)
        self._note(np.flatnonzero(_unequal(old, new)), apart, run.frames)
        pairs[:, 1] = np.ceil(np.clip(run.highest(apart), 0.0, 1.0) * FULL_SCALE)
        return pairs

    def _note(self, where: NDArray[np.int64], apart: NDArray[Any], frames: Frames) -> None:
        first, last = frames.start + int(where[0]), frames.start + int(where[-1]) + 1
        self.changed = (self.changed[0] if self.changed else first, last)
        outside = np.ones(len(frames), bool)
        for region in self.regions:
            outside[max(0, region.start - frames.start) : max(0, region.end - frames.start)] = False
        if outside[where].any():
            self.outside_same = False
            self.largest_outside = max(self.largest_outside, float(apart[:, outside].max()))


def _apart(old: NDArray[Any], new: NDArray[Any], full_scale: float) -> NDArray[np.float64]:
    """|new - old| of full scale, `[C, N]`; a sample that is no number is as far away as can be."""
    with np.errstate(invalid="ignore", over="ignore"):
        found = np.abs(new.astype(np.float64) - old.astype(np.float64)) / full_scale
    return np.nan_to_num(found, nan=1.0, posinf=1.0)


def _unequal(old: NDArray[Any], new: NDArray[Any]) -> NDArray[np.bool_]:
    """`[N]`: the frames that are not the same bit for bit."""
    bits = np.dtype(f"u{old.dtype.itemsize}")
    return (np.ascontiguousarray(old).view(bits) != np.ascontiguousarray(new).view(bits)).any(axis=0)

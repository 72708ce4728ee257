"""The outline of a song: for each bin of time its lowest and its highest sample, sent while it is decoded."""

from __future__ import annotations

import os
import queue
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from punchin.errors import RegionError
from punchin.region import Frames
from punchin.songfile import Container, open_song

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from punchin.desk.protocol import Answer, Peaks
    from punchin.songfile import Native, SongFile

    Pairs = NDArray[np.int16]
    """`[B, 2]`: lowest and highest of each of B bins; ±32767 is full scale."""
    Look = Callable[[SongFile, "Run"], Pairs]

BLOCK_FRAMES = 1 << 18
FIRST_FRAMES = 1 << 15
"""The first blocks are short, so that something is drawn at once."""
FULL_SCALE = 32767
MOMENTS, MOMENT_FRAMES = 500, 4096
"""Of a rough outline."""
MOST_AT_ONCE = 4
FORWARD_ONLY = (Container.OPUS, Container.M4A)
"""Decoded from their start: a second reader would decode everything again."""


def outline(song: SongFile, question: Peaks, answer: Answer) -> None:
    """Give the outline of a song: a line of JSON with the number of bins, then pairs of int16.

    Raises:
        RegionError: the part lies outside the song.
        SongError: it is damaged.
    """
    bins = Bins(part_of(song, question.start, question.frames), question.per_s, song.rate_hz)
    answer.give(header({"per_s": question.per_s, "channels": 1, "count": len(bins)}))
    look = glimpse_of if question.rough else pairs_of
    runs = bins.runs(len(bins) // MOMENTS + 1) if question.rough else bins.runs()
    for pairs in _in_order(song, look, list(runs)):
        answer.give(pairs.tobytes())


def _in_order(song: SongFile, look: Look, runs: list[Run]) -> Iterator[Pairs]:
    """The pairs of all bins, run by run; several processors decode several runs at once.

    Decoders let go of Python's lock, so threads are enough; each has the song open for itself.
    """
    count = 1 if song.container in FORWARD_ONLY else min(MOST_AT_ONCE, os.cpu_count() or 1, len(runs) // 2)
    if count <= 1:
        yield from (look(song, run) for run in runs)
        return
    songs: queue.SimpleQueue[SongFile] = queue.SimpleQueue()
    with ExitStack() as opened, ThreadPoolExecutor(count) as pool:
        songs.put(song)
        for _ in range(count - 1):
            songs.put(opened.enter_context(open_song(song.path)))
        yield from _ahead(pool, songs, look, runs, 2 * count)


def _ahead(
    pool: ThreadPoolExecutor, songs: queue.SimpleQueue[SongFile], look: Look, runs: list[Run], most: int
) -> Iterator[Pairs]:
    """The pairs of runs in their order, with at most so many on their way."""

    def looked(run: Run) -> Pairs:
        song = songs.get()
        try:
            return look(song, run)
        finally:
            songs.put(song)

    coming: deque[Future[Pairs]] = deque()
    try:
        for run in runs:
            coming.append(pool.submit(looked, run))
            if len(coming) >= most:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()
    finally:
        for future in coming:
            future.cancel()


def header(facts: dict[str, Any]) -> bytes:
    """The first line of an answer that goes on in bytes."""
    return msgspec.json.encode(facts) + b"\n"


def part_of(song: SongFile, start: int, frames: int) -> Frames:
    """A part of a song; 0 frames mean all the rest, and what lies past the end is left out.

    Raises:
        RegionError: it begins at or after the end.
    """
    if not 0 <= start < song.frames:
        raise RegionError(f"the part begins at frame {start}; the song has {song.frames}")
    return Frames(start, min(start + frames, song.frames) if frames else song.frames)


class Bins:
    """A part of a song in bins of equal time; bin `b` begins at frame `start + floor(b rate / per_s)`.

    Args:
        part: which frames.
        per_s: bins a second.
        rate_hz: frames a second.
    """

    def __init__(self, part: Frames, per_s: int, rate_hz: int) -> None:
        self.part, self.per_s, self.rate_hz = part, per_s, rate_hz

    def __len__(self) -> int:
        return (len(self.part) * self.per_s + self.rate_hz - 1) // self.rate_hz

    def runs(self, count: int = 0) -> Iterator[Run]:
        """Successive bins, `count` of them together; 0: in blocks, the first ones short."""
        first, size = 0, FIRST_FRAMES
        while first < len(self):
            last = min(first + (count or max(1, size * self.per_s // self.rate_hz)), len(self))
            edges = np.minimum(
                self.part.start + np.arange(first, last + 1) * self.rate_hz // self.per_s, self.part.end
            )
            yield Run(Frames(int(edges[0]), int(edges[-1])), edges[:-1] - edges[0])
            first, size = last, min(2 * size, BLOCK_FRAMES)


class Run:
    """Some bins that lie together.

    Args:
        frames: all of them.
        starts: `[B]`, where each begins, counted from the first.
    """

    def __init__(self, frames: Frames, starts: NDArray[np.int64]) -> None:
        self.frames, self.starts = frames, starts

    def lowest(self, samples: NDArray[Any]) -> NDArray[Any]:
        """`[C, N]` to `[B]`: the lowest sample of any channel in each bin."""
        return np.minimum.reduceat(samples.min(axis=0), self._inside(samples))

    def highest(self, samples: NDArray[Any]) -> NDArray[Any]:
        """`[C, N]` to `[B]`: the highest."""
        return np.maximum.reduceat(samples.max(axis=0), self._inside(samples))

    def _inside(self, samples: NDArray[Any]) -> NDArray[np.int64]:
        """Where bins are finer than frames, several begin at the last one."""
        return np.minimum(self.starts, samples.shape[1] - 1)


def pairs_of(song: SongFile, run: Run) -> Pairs:
    """Lowest and highest of each bin of a run."""
    native = song.read_native(run.frames)
    ends = np.stack([run.lowest(native), run.highest(native)], axis=1)
    return to_int16(song, ends)


def glimpse_of(song: SongFile, run: Run) -> Pairs:
    """Lowest and highest of a moment in the middle of a run, the same for each of its bins."""
    frames, half = run.frames, MOMENT_FRAMES // 2
    middle = (frames.start + frames.end) // 2
    part = Frames(max(frames.start, middle - half), min(frames.end, middle + half))
    native = song.read_native(part)
    pair = to_int16(song, np.array([native.min(), native.max()], native.dtype))
    return np.tile(pair, (len(run.starts), 1))


def to_int16(song: SongFile, native: Native) -> Pairs:
    """Native samples of any shape as 16-bit numbers."""
    sound = np.nan_to_num(song.sample_format.to_float(native), posinf=1.0, neginf=-1.0)
    return np.rint(np.clip(sound, -1.0, 1.0) * FULL_SCALE).astype("<i2")

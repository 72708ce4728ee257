"""From frame to frame through a whole file: where every frame is, and what stands between and behind them.

Every header is looked at, whatever an info tag claims: a header that lies about its length is common, and
only the frames themselves are the song. An hour (138,000 frames) takes about 0.1 s.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from punchin.errors import SongError
from punchin.songfile.mpeg.header import Header, stranger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from punchin.songfile.mpeg.header import Form

BLOCK_BYTES = 1 << 20
CHAIN = 3
"""So many headers in a row, each where the one before says, are frames and not chance."""
MOST_GAPS = 1_000
"""A file broken in more places than this is not a song."""

MOST_TAGS = 100
"""So many tags in a row are looked at; a song has three. What follows is searched for frames like junk."""

_HEADER = re.compile(rb"\xff[\xe2\xe3\xf2\xf3\xfa\xfb][\x10-\xef]", re.DOTALL)


@dataclass(frozen=True, slots=True, eq=False)
class FrameTable:
    """All frames of a file.

    Attributes:
        form: what they have in common.
        offsets: of each frame's first byte, `[n]`, rising.
        sizes: of each frame in bytes, `[n]`.
        end: where the last frame ends; tags, junk or half a frame may follow.
        truncated: the last frame is not whole; it is not among the frames.
        junk_bytes: bytes between frames that are neither frames nor tags.
    """

    form: Form
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    end: int
    truncated: bool
    junk_bytes: int

    def __len__(self) -> int:
        return len(self.offsets)


class _Bytes:
    """A file read in blocks, for looks at places that mostly follow each other."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self.size = size
        self._file = file
        self._at, self._block = 0, b""

    def block(self, at: int) -> bytes:
        """Some bytes from `at` on: a block, less only at the end of the file."""
        self._file.seek(at)
        self._at, self._block = at, self._file.read(BLOCK_BYTES)
        return self._block

    def peek(self, at: int, length: int) -> bytes:
        """`length` bytes from `at` on, less at the end of the file."""
        if not self._at <= at <= at + length <= self._at + len(self._block):
            self.block(at)
        return self._block[at - self._at : at - self._at + length]

    def headers(self, at: int) -> Iterator[int]:
        """Every place from `at` on that begins like a Layer III header."""
        while at + 4 <= self.size:
            block = self.block(at)
            for match in _HEADER.finditer(block):
                yield at + match.start()
            at += max(1, len(block) - 3)


def walk(file: BinaryIO, size: int, name: str = "the file") -> FrameTable:
    """Find all frames.

    Args:
        file: the file, anywhere.
        size: its length in bytes.
        name: what to call it in messages.

    Raises:
        SongError: if there are no Layer III frames, or frames of two kinds (another rate, mono and stereo).
    """
    source = _Bytes(file, size)
    begin = _after_tags(source, 0)
    first = _first_chain(source, begin)
    if first is None:
        what = stranger(source.peek(begin, 4))
        if what:
            raise SongError(f"{name} is {what}, which is not read here; convert it to WAV or FLAC first")
        raise SongError(f"{name} looks like an MP3 by its first bytes, but has no MP3 frames in it")
    walker = _Walker(source, first, name)
    walker.go_on_from(first)
    return walker.table()


class _Walker:
    def __init__(self, source: _Bytes, first: int, name: str) -> None:
        header = Header.parse(source.peek(first, 4))
        assert header is not None
        self._source, self._form, self._name = source, header.form, name
        self._mono = header.form.channels == 1
        self._sizes = _sizes_by_three_bytes(header.form)
        self._starts: list[NDArray[np.int64]] = []
        self._lengths: list[NDArray[np.int64]] = []
        self._end, self._junk, self._truncated = first, 0, False

    def table(self) -> FrameTable:
        return FrameTable(
            self._form,
            np.concatenate([np.zeros(0, np.int64), *self._starts]),
            np.concatenate([np.zeros(0, np.int64), *self._lengths]),
            self._end,
            self._truncated,
            self._junk,
        )

    def go_on_from(self, at: int) -> None:
        """Follow chains of frames, over tags and junk, to the end of the file."""
        source = self._source
        for _ in range(MOST_GAPS):
            self._end = self._follow(at)
            if self._end >= source.size or self._truncated:
                return
            behind = _after_tags(source, self._end)
            found = self._next_chain(behind)
            if found is None:
                return
            self._junk += found - behind
            at = found
        raise SongError(f"{self._name} is damaged in more than {MOST_GAPS} places; it cannot be edited")

    def _follow(self, at: int) -> int:
        """Take all frames that follow each other from `at` on; gives where the last one ends."""
        sizes, size = self._sizes, self._source.size
        while at + 4 <= size:
            block = self._source.block(at)
            limit = len(block) - 3
            offset = 0
            starts: list[int] = []
            append = starts.append
            try:
                while offset < limit:
                    step = sizes[block[offset : offset + 3]]
                    append(offset)
                    offset += step
                broken = False
            except KeyError:
                broken = True
            taken = self._take(at, block, starts, offset)
            if broken or taken < at + offset or self._truncated:
                return taken
            at = taken
        return at

    def _take(self, at: int, block: bytes, starts: list[int], end: int) -> int:
        """Add frames of one block, up to the first that changes its form or is cut by the end of the file."""
        if not starts:
            return at
        offsets = np.array(starts, np.int64)
        lengths = np.diff(offsets, append=end)
        mono = np.frombuffer(block, np.uint8)[offsets + 3] >> 6 == 3
        other = np.flatnonzero(mono != self._mono)
        count = int(other[0]) if len(other) else len(offsets)
        if count == len(offsets) and at + end > self._source.size:
            count -= 1
            self._truncated = True
        self._starts.append(offsets[:count] + at)
        self._lengths.append(lengths[:count])
        return at + (end if count == len(offsets) else starts[count])

    def _next_chain(self, at: int) -> int | None:
        """Where frames go on after a gap.

        Raises:
            SongError: if frames of another kind stand there: no decoder plays such a file as one song.
        """
        for start in self._source.headers(at):
            form = _chain_form(self._source, start)
            if form == self._form:
                return start
            if form is not None:
                now, then = (f"{form.rate_hz} Hz {_WORDS[form.channels]}" for form in (self._form, form))
                raise SongError(
                    f"{self._name} changes from {now} to {then} at byte {start}; give a file of one kind"
                )
        return None


_WORDS = {1: "mono", 2: "stereo"}


def _sizes_by_three_bytes(form: Form) -> dict[bytes, int]:
    """The length of a frame by the first three bytes of its header, for all headers of a form."""
    sizes: dict[bytes, int] = {}
    for protection in (0, 1):
        second = 0xE0 | form.version << 3 | 1 << 1 | protection
        for index in range(1, 15):
            for padding_and_private in range(4):
                third = index << 4 | form.rate_index << 2 | padding_and_private
                sizes[bytes((0xFF, second, third))] = form.frame_bytes(index, padding_and_private >> 1)
    return sizes


def _first_chain(source: _Bytes, at: int) -> int | None:
    for start in source.headers(at):
        if _chain_form(source, start) is not None:
            return start
    return None


def _chain_form(source: _Bytes, start: int) -> Form | None:
    """The form of the frames that begin at `start`: several in a row, or as many as the file has."""
    form: Form | None = None
    at = start
    for _ in range(CHAIN):
        header = Header.parse(source.peek(at, 4))
        if header is None or (form is not None and header.form != form):
            # A song of one or two frames ends with the file, or with its tags.
            ended = form is not None and (at == source.size or _tag_bytes(source, at) > 0)
            return form if ended else None
        form = header.form
        at += header.size
        if at > source.size:
            return None
    return form


def _after_tags(source: _Bytes, at: int) -> int:
    """Where the tags that stand at `at`, one after the other, end."""
    for _ in range(MOST_TAGS):
        length = _tag_bytes(source, at) if at < source.size else 0
        if length == 0:
            break
        at += length
    return min(at, source.size)


def _tag_bytes(source: _Bytes, at: int) -> int:
    """Length of the tag that begins at `at`; 0 if there is none.

    ID3v2 (id3.org, 3.1: a size of four times seven bits), APEv2 (little-endian size without its header),
    ID3v1 (128 bytes), Lyrics3 v2 (up to its end mark).
    """
    head = source.peek(at, 32)
    if head[:3] == b"ID3" and len(head) >= 10 and not any(byte & 0x80 for byte in head[6:10]):
        footer = 10 if head[5] & 0x10 else 0
        return 10 + (head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]) + footer
    if head[:8] == b"APETAGEX" and len(head) == 32:
        is_header = head[23] & 0x20
        return 32 + (int.from_bytes(head[12:16], "little") if is_header else 0)
    if head[:3] == b"TAG" and source.size - at >= 128:
        return 128
    if head[:11] == b"LYRICSBEGIN":
        found = source.peek(at, 1 << 16).find(b"LYRICS200")
        return found + 9 if found > 0 else 11
    return 0

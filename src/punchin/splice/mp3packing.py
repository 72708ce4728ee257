"""Lays coded frames out in containers, with a bit reservoir of their own, and leaves room at the end.

The frame behind the new ones looks back for main data that the new frames must carry at their very end.
Reading the frames' areas as one run of bytes, frame `i` whose area begins at `A[i]` may begin its main data
from `A[i] - reservoir` to `A[i]`, and must end it by the end of its area (11172-3, 2.4.3.1 and figure A.7).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fastcrc import crc16

from punchin.songfile.mpeg.sideinfo import with_begin

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.songfile.mpeg import Form
    from punchin.splice.mp3coding import CodedFrame


@dataclass(frozen=True, slots=True)
class Container:
    """A frame to be filled.

    Attributes:
        bitrate_index, padding: its size.
        second, third, fourth: bits of the source's header to be kept: protection, private, copyright,
            emphasis.
    """

    bitrate_index: int
    padding: int
    second: int
    third: int
    fourth: int

    @classmethod
    def like(cls, header: bytes) -> Container:
        """A container of the same size and kind as the frame with this header."""
        return cls(header[2] >> 4, (header[2] >> 1) & 1, header[1], header[2] & 0x0D, header[3] & 0x0F)

    @property
    def protected(self) -> bool:
        """Two bytes of CRC follow the header."""
        return not self.second & 1

    def area_bytes(self, form: Form) -> int:
        """Room for main data."""
        return form.frame_bytes(self.bitrate_index, self.padding) - self._overhead(form)

    def smallest(self) -> Container:
        """The same at the lowest bitrate."""
        return replace(self, bitrate_index=1, padding=0)

    def at_least(self, area_bytes: int, form: Form, highest: int) -> Container | None:
        """The smallest container, from this one up to index `highest`, with that room for main data."""
        overhead = self._overhead(form)
        for index in range(self.bitrate_index, highest + 1):
            for padding in (self.padding, 1) if index == self.bitrate_index else (0, 1):
                if form.frame_bytes(index, padding) - overhead >= area_bytes:
                    return replace(self, bitrate_index=index, padding=padding)
        return None

    def largest_area(self, form: Form, highest: int) -> int:
        """Room for main data in the largest container of index `highest`."""
        return form.frame_bytes(highest, 1) - self._overhead(form)

    def _overhead(self, form: Form) -> int:
        return 4 + 2 * self.protected + form.side_bytes

    def header(self, mode: int) -> bytes:
        """The four bytes of the header."""
        third = self.bitrate_index << 4 | self.third | self.padding << 1
        return bytes((0xFF, self.second, third, (mode & 0xF0) | self.fourth))


def fit(
    frames: Sequence[CodedFrame], least: Sequence[Container], tail: int, form: Form, highest: int
) -> list[Container] | None:
    """Choose containers, none below `least`, that hold the frames and leave `tail` bytes behind them.

    Args:
        frames: what is to be held.
        least: the smallest container of each frame.
        tail: bytes that must be free at the very end.
        form: of all frames.
        highest: the largest bitrate index of a container.

    Returns:
        As many containers as frames, or None if even the largest do not do.
    """
    needed = _needed_rooms(frames, least, tail, form, highest)
    if needed is None:
        return None
    chosen: list[Container] = []
    room = 0
    for frame, smallest, need in zip(frames, least, needed[1:], strict=True):
        room = min(room, form.reservoir_bytes) - len(frame.main)
        container = smallest.at_least(need - room, form, highest)
        assert container is not None, "the needed rooms say that there is one"
        chosen.append(container)
        room += container.area_bytes(form)
    return chosen


def _needed_rooms(
    frames: Sequence[CodedFrame], least: Sequence[Container], tail: int, form: Form, highest: int
) -> list[int] | None:
    """Free bytes needed in front of each frame, and behind the last, if all containers there are the largest.

    None if that is more than the reservoir holds, or if anything is needed in front of the first.
    """
    needed = [tail]
    for frame, smallest in zip(reversed(frames), reversed(least), strict=True):
        largest = smallest.largest_area(form, highest)
        needed.append(max(0, needed[-1] + len(frame.main) - largest))
        if needed[-1] > form.reservoir_bytes:
            return None
    return needed[::-1] if needed[-1] == 0 else None


def _room(frames: Sequence[CodedFrame], containers: Sequence[Container], form: Form) -> int:
    """Free bytes that can be left at the end, or -1 if the frames do not fit."""
    room = 0
    for frame, container in zip(frames, containers, strict=True):
        room = min(form.reservoir_bytes, room) + container.area_bytes(form) - len(frame.main)
        if room < 0:
            return -1
    return room


def lay_out(
    frames: Sequence[CodedFrame], containers: Sequence[Container], tail: bytes, form: Form
) -> list[bytes]:
    """Whole frames of these containers, with `tail` as the last bytes.

    Raises:
        ValueError: if they do not fit; `fit` gives containers that do.
    """
    if _room(frames, containers, form) < len(tail):
        raise ValueError("the frames do not fit into these containers")
    areas = bytearray(sum(container.area_bytes(form) for container in containers))
    begins: list[int] = []
    area_at = free_at = 0
    for frame, container in zip(frames, containers, strict=True):
        start = max(free_at, area_at - form.reservoir_bytes)
        areas[start : start + len(frame.main)] = frame.main
        begins.append(area_at - start)
        free_at = start + len(frame.main)
        area_at += container.area_bytes(form)
    if tail:
        areas[-len(tail) :] = tail
    whole: list[bytes] = []
    area_at = 0
    for frame, container, begin in zip(frames, containers, begins, strict=True):
        size = container.area_bytes(form)
        header = container.header(frame.mode)
        side = with_begin(frame.side, begin, form)
        check = b""
        if container.protected:
            # Over the header's second half and the side information (11172-3, 2.4.3.1).
            check = crc16.cms(header[2:] + side).to_bytes(2, "big")
        whole.append(header + check + side + bytes(areas[area_at : area_at + size]))
        area_at += size
    return whole

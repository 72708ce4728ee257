"""Coded frames of a FLAC stream: their headers, and where in the file the one lies that holds a given sample.

Sources: RFC 9639, section 9.1 (header) and 9.3 (CRC-16). A frame is believed only if its header fits
STREAMINFO, its CRC-8 and CRC-16 are right and the next frame follows it, so sound that looks like a header is
no danger.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from fastcrc import crc8, crc16

if TYPE_CHECKING:
    from punchin.songfile.flacblocks import FlacLayout, StreamInfo

_SYNC = re.compile(rb"\xff[\xf8\xf9]")
_RATES_HZ = (0, 88_200, 176_400, 192_000, 8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 96_000)
_BITS = (0, 8, 12, -1, 16, 20, 24, 32)
LONGEST_HEADER = 16
"""Bytes: 4, number up to 7, block size 2, rate 2, CRC-8 1."""
_NEAR_BYTES = 1 << 16
"""How close a bisection goes before it walks frame by frame."""


@dataclass(frozen=True, slots=True)
class FrameHeader:
    """A frame's header.

    Attributes:
        number: of the frame, or of its first sample if `by_sample`.
        by_sample: the stream has blocks of varying length.
        block: how many frames of sound it holds.
        channels_code: 0..7 independent channels - 1, 8 left/side, 9 side/right, 10 mid/side.
        length: of the header in bytes, with its CRC-8.
    """

    number: int
    by_sample: bool
    block: int
    channels_code: int
    length: int


@dataclass(frozen=True, slots=True)
class Frame:
    """A coded frame in a file: `length` bytes from `offset` hold sound from frame `start` of the song.

    `start` and `end` count frames of sound, `offset` and `length` bytes.
    """

    offset: int
    length: int
    start: int
    header: FrameHeader

    @property
    def end(self) -> int:
        """The frame of sound behind its last."""
        return self.start + self.header.block

    @property
    def end_offset(self) -> int:
        """The byte behind its last."""
        return self.offset + self.length


def parse_header(data: bytes | memoryview, info: StreamInfo) -> FrameHeader | None:
    """The header that these bytes begin with, or None if they do not begin with one that fits the stream."""
    if len(data) < 6 or data[0] != 0xFF or data[1] & 0xFE != 0xF8:
        return None
    block_code, rate_code = data[2] >> 4, data[2] & 15
    channels_code, bits_code = data[3] >> 4, data[3] >> 1 & 7
    if block_code == 0 or rate_code == 15 or channels_code > 10 or data[3] & 1:
        return None
    if (channels_code + 1 if channels_code < 8 else 2) != info.channels or _BITS[bits_code] not in (
        0,
        info.bits,
    ):
        return None
    number, at = _coded_number(data, 4)
    if number < 0:
        return None
    block_bytes = {6: 1, 7: 2}.get(block_code, 0)
    rate_bytes = {12: 1, 13: 2, 14: 2}.get(rate_code, 0)
    end = at + block_bytes + rate_bytes
    if end >= len(data) or crc8.smbus(bytes(data[:end])) != data[end]:
        return None
    extra = int.from_bytes(data[at : at + block_bytes], "big")
    rate_hz = _rate_hz(rate_code, int.from_bytes(data[at + block_bytes : end], "big"))
    block = _block_size(block_code, extra)
    if rate_hz not in (0, info.rate_hz) or block > info.longest_block:
        return None
    return FrameHeader(number, bool(data[1] & 1), block, channels_code, end + 1)


def _coded_number(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """A number coded like UTF-8 in 1 to 7 bytes (RFC 9639, 9.1.5), and where it ends; -1 if it is none."""
    first = data[at]
    if first < 0x80:
        return first, at + 1
    follow = 8 - (first ^ 0xFF).bit_length() - 1
    if not 1 <= follow <= 6 or at + 1 + follow > len(data):
        return -1, at
    number = first & (0x3F >> follow)
    for byte in data[at + 1 : at + 1 + follow]:
        if byte & 0xC0 != 0x80:
            return -1, at
        number = number << 6 | byte & 0x3F
    return number, at + 1 + follow


def _block_size(code: int, extra: int) -> int:
    if code == 1:
        return 192
    if code <= 5:
        return 144 << code
    return extra + 1 if code <= 7 else 1 << code


def _rate_hz(code: int, extra: int) -> int:
    return _RATES_HZ[code] if code < 12 else extra * (1000, 1, 10)[code - 12]


class FrameFinder:
    """Finds coded frames in an open FLAC file by bisection: a few small reads, however long the song."""

    def __init__(self, file: BinaryIO, layout: FlacLayout) -> None:
        self._file = file
        self._layout = layout
        info = layout.info
        # A frame is never longer than its samples kept verbatim (one bit more in a side channel).
        # What STREAMINFO says of frame lengths is not asked: it is wrong in files that others have cut.
        self._longest = info.longest_block * info.channels * (info.bits + 1) // 8 + 64 + 8 * info.channels
        self._fixed_block = 0
        self._first: Frame | None = None
        self._last: Frame | None = None

    def first(self) -> Frame | None:
        """The first frame, or None if no whole frame stands where the sound begins."""
        if self._first is None:
            data = self._read(self._layout.sound_offset, LONGEST_HEADER)
            header = parse_header(data, self._layout.info)
            self._fixed_block = header.block if header else 0
            self._first = self._confirmed(self._layout.sound_offset)
        return self._first

    def last(self) -> Frame | None:
        """The last whole frame of the file."""
        if self._last is None and (first := self.first()):
            last, reach = None, max(_NEAR_BYTES, 2 * self._longest)
            while last is None:
                begin = max(first.offset, self._layout.sound_end - reach)
                last = self._search(begin, self._layout.sound_end)
                reach *= 4
            while following := self.next(last):
                last = following
            self._last = last
        return self._last

    def next(self, frame: Frame) -> Frame | None:
        """The frame that follows, or None at the end (or where the file is damaged)."""
        following = self._confirmed(frame.end_offset)
        return following if following and following.start == frame.end else None

    def holding(self, sample: int) -> Frame | None:
        """The frame that holds frame `sample` of the song, or None if none is found."""
        low = self.first()
        high = self._layout.sound_end
        if low is None or low.start > sample:
            return None
        while high - low.offset > _NEAR_BYTES:
            middle = (low.offset + high) // 2
            frame = self._search(middle, high)
            if frame is None or frame.start > sample:
                high = middle
            else:
                low = frame
        while low.end <= sample:
            following = self.next(low)
            if following is None:
                return None
            low = following
        return low

    def bytes_of(self, frame: Frame) -> bytes:
        """The coded bytes of a frame."""
        return self._read(frame.offset, frame.length)

    def _search(self, begin: int, end: int) -> Frame | None:
        """The first whole frame that begins at or after byte `begin` and before `end`."""
        at = begin
        while at < end:
            data = self._read(at, _NEAR_BYTES + LONGEST_HEADER)
            for match in _SYNC.finditer(data):
                offset = at + match.start()
                if match.start() >= _NEAR_BYTES or offset >= end:
                    break
                header = parse_header(data[match.start() : match.start() + LONGEST_HEADER], self._layout.info)
                if header and (frame := self._confirmed(offset)):
                    return frame
            at += _NEAR_BYTES
        return None

    def _confirmed(self, offset: int) -> Frame | None:
        """The frame at this byte, if header and CRC-16 are right and a frame or the end follows it."""
        info = self._layout.info
        data = self._read(offset, self._longest + LONGEST_HEADER)
        header = parse_header(data[:LONGEST_HEADER], info)
        if header is None:
            return None
        start = header.number if header.by_sample else header.number * self._fixed_block
        length = self._length(data, header, at_end=offset + len(data) >= self._layout.sound_end)
        return Frame(offset, length, start, header) if length else None

    def _length(self, data: bytes, header: FrameHeader, *, at_end: bool) -> int:
        """How long the frame is with which the data begins: up to the next header, with a right CRC-16."""
        expected = header.number + (header.block if header.by_sample else 1)
        for match in _SYNC.finditer(data, header.length):
            at = match.start()
            following = parse_header(data[at : at + LONGEST_HEADER], self._layout.info)
            # The CRC-16 of a whole frame with its own CRC-16 behind it is 0.
            if following and following.number == expected and crc16.umts(data[:at]) == 0:
                return at
        if not at_end:
            return 0
        if crc16.umts(data) == 0:
            return len(data)
        return self._length_by_decoding(data, header)

    def _length_by_decoding(self, data: bytes, header: FrameHeader) -> int:
        """The length of a last frame with something behind it that is no frame (a tag, padding)."""
        from punchin.songfile.flacdecoding import DamagedFrame, decode_frame

        try:
            length = decode_frame(data, header, self._layout.info).length
        except DamagedFrame:
            return 0
        return length if crc16.umts(data[:length]) == 0 else 0

    def _read(self, offset: int, count: int) -> bytes:
        self._file.seek(offset)
        return self._file.read(max(0, min(count, self._layout.sound_end - offset)))

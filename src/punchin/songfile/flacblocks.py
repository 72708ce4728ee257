"""The metadata in front of FLAC's sound: which blocks there are, where they lie, and what STREAMINFO says.

Source: RFC 9639, section 8. Nothing but STREAMINFO and the seek table is read here, so a picture of 16 MB
costs nothing.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, BinaryIO

from punchin.errors import SongError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BLOCKS = 10_000
"""A file with more blocks than this is not a recording; walking on would only waste time."""
STREAMINFO_BYTES = 34
SEEK_POINT_BYTES = 18
UNUSED_SEEK_POINT = 2**64 - 1


class BlockKind(IntEnum):
    """The kinds of metadata block (RFC 9639, table 1)."""

    STREAMINFO = 0
    PADDING = 1
    APPLICATION = 2
    SEEKTABLE = 3
    VORBIS_COMMENT = 4
    CUESHEET = 5
    PICTURE = 6


@dataclass(frozen=True, slots=True)
class Block:
    """One metadata block: its kind (127 and unknown ones are kept as they are) and where its content lies."""

    kind: int
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class StreamInfo:
    """What STREAMINFO says (RFC 9639, 8.2).

    Attributes:
        shortest_block, longest_block: frames of sound in one coded frame; the last one may be shorter.
        shortest_frame, longest_frame: of one coded frame, in bytes; 0 is unknown.
        rate_hz, channels, bits: of the sound.
        total: length in frames of sound; 0 is unknown.
        md5: of the decoded samples; sixteen zeros are unknown.
    """

    shortest_block: int
    longest_block: int
    shortest_frame: int
    longest_frame: int
    rate_hz: int
    channels: int
    bits: int
    total: int
    md5: bytes

    @classmethod
    def parse(cls, body: bytes) -> StreamInfo:
        """Read the 34 bytes of the block."""
        packed = int.from_bytes(body[10:18], "big")  # 20 bits rate, 3 channels - 1, 5 bits - 1, 36 total
        return cls(
            *struct.unpack(">HH", body[:4]),
            int.from_bytes(body[4:7], "big"),
            int.from_bytes(body[7:10], "big"),
            packed >> 44,
            (packed >> 41 & 7) + 1,
            (packed >> 36 & 31) + 1,
            packed & ((1 << 36) - 1),
            body[18:34],
        )

    def to_bytes(self) -> bytes:
        """The 34 bytes of the block; the inverse of `parse`."""
        packed = self.rate_hz << 44 | (self.channels - 1) << 41 | (self.bits - 1) << 36 | self.total
        return (
            struct.pack(">HH", self.shortest_block, self.longest_block)
            + self.shortest_frame.to_bytes(3, "big")
            + self.longest_frame.to_bytes(3, "big")
            + packed.to_bytes(8, "big")
            + self.md5
        )


@dataclass(frozen=True, slots=True)
class FlacLayout:
    """Where everything lies in a FLAC file.

    Attributes:
        magic_offset: of `fLaC`; more than 0 where an ID3v2 tag stands in front.
        blocks: all metadata blocks in their order; the first is STREAMINFO.
        info: what STREAMINFO says.
        sound_offset: of the first coded frame.
        sound_end: behind the last byte that can belong to a coded frame (an ID3v1 tag is left out).
    """

    magic_offset: int
    blocks: tuple[Block, ...]
    info: StreamInfo
    sound_offset: int
    sound_end: int

    def of_kind(self, kind: BlockKind) -> Iterator[Block]:
        """The blocks of one kind, in their order."""
        return (block for block in self.blocks if block.kind == kind)


def id3v2_length(head: bytes) -> int:
    """Length of the ID3v2 tag that begins with these bytes, or 0 if there is none (ID3v2.4 structure,
    3.1).
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    length = sum((byte & 0x7F) << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
    return length + (20 if head[5] & 0x10 else 10)  # a footer repeats the header


def read_layout(file: BinaryIO, size: int) -> FlacLayout:
    """Walk the metadata blocks.

    Args:
        file: the file, anywhere.
        size: its length in bytes.

    Raises:
        SongError: if it is not FLAC, or its blocks are damaged.
    """
    name = getattr(file, "name", "the file")
    file.seek(0)
    magic_offset = id3v2_length(file.read(10))
    file.seek(magic_offset)
    if file.read(4) != b"fLaC":
        raise SongError(f"{name} is not FLAC: it does not begin with 'fLaC'")
    blocks: list[Block] = []
    at, last = magic_offset + 4, False
    while not last:
        file.seek(at)
        head = file.read(4)
        length = int.from_bytes(head[1:], "big")
        if len(head) < 4 or at + 4 + length > size or len(blocks) == MOST_BLOCKS:
            raise SongError(f"{name} is a damaged FLAC: its metadata does not end")
        blocks.append(Block(head[0] & 0x7F, at + 4, length))
        last = bool(head[0] & 0x80)
        at += 4 + length
    if blocks[0].kind != BlockKind.STREAMINFO or blocks[0].length != STREAMINFO_BYTES:
        raise SongError(f"{name} is a damaged FLAC: it does not begin with STREAMINFO")
    file.seek(blocks[0].offset)
    info = StreamInfo.parse(file.read(STREAMINFO_BYTES))
    if info.rate_hz == 0 or info.bits < 4 or info.longest_block < 16:
        raise SongError(
            f"{name} is a damaged FLAC: its STREAMINFO cannot be true ({info.rate_hz} Hz, {info.bits} bit)"
        )
    file.seek(max(at, size - 128))
    sound_end = size - 128 if size - 128 >= at and file.read(3) == b"TAG" else size
    return FlacLayout(magic_offset, tuple(blocks), info, at, sound_end)

"""The info tag after an edit: lengths, table of contents and checksums told anew, everything else kept.

A tag that lies keeps its lie: lengths are changed by what the edit changed, not set to what is there. (A tag
that counts only a part of the frames does so for a reason that is not ours to judge.)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from fastcrc import crc16

from punchin.songfile.mpeg import Header, InfoTagKind
from punchin.songfile.mpeg.infotag import TOC_ENTRIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.songfile.mpeg import MpegStream

_MUSIC_LENGTH, _MUSIC_CRC, _TAG_CRC = 28, 32, 34
"""Offsets in LAME's part (MP3 Info Tag revision 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class NewSizes:
    """The played frames as they are in the output.

    Attributes:
        sizes: of each frame in bytes, `[n]`.
        offsets: of each, from the first byte of the tag's frame, `[n]`.
        total: bytes from the tag's frame to the end of the last frame.
    """

    sizes: NDArray[np.int64]
    offsets: NDArray[np.int64]
    total: int

    @classmethod
    def of(cls, stream: MpegStream, sizes: NDArray[np.int64]) -> NewSizes:
        """From the source's frames and the new sizes; what stands between frames stays there."""
        grown = np.cumsum(sizes - stream.sizes)
        before = np.concatenate([np.zeros(1, np.int64), grown[:-1]])
        offsets = stream.offsets + before - stream.tag_offset
        return cls(sizes, offsets, int(stream.table.end - stream.tag_offset + grown[-1]))


def retold(stream: MpegStream, new: NewSizes, music_crc: int) -> bytes:
    """The bytes of the tag's frame for the output.

    Args:
        stream: the source, with a tag.
        new: where its frames are in the output.
        music_crc: CRC-16/ARC of everything from the first played frame to the end of the last.
    """
    tag = stream.tag
    assert tag is not None
    frame = bytearray(stream.tag_frame)
    delta = int((new.sizes - stream.sizes).sum())
    if tag.bytes_at is not None and tag.total_bytes:
        _put(frame, tag.bytes_at, 4, tag.total_bytes + delta)
    if tag.kind is InfoTagKind.VBRI:
        _retell_vbri(frame, stream, new)
        return bytes(frame)
    if tag.kind is InfoTagKind.INFO and len(stream.form.bitrates_of(new.sizes)) > 1:
        frame[tag.at : tag.at + 4] = b"Xing"
    if tag.toc_at is not None and not np.array_equal(new.sizes, stream.sizes):
        _retell_toc(frame, tag.toc_at, new)
    _protect(frame)
    if tag.lame_at is not None:
        _retell_lame(frame, tag.lame_at, stream, delta, music_crc)
    return bytes(frame)


def _put(frame: bytearray, at: int, length: int, number: int) -> None:
    number = min(max(0, number), 256**length - 1)
    frame[at : at + length] = number.to_bytes(length, "big")


def _retell_toc(frame: bytearray, at: int, new: NewSizes) -> None:
    """Entry i: at which 256th of the bytes lies i hundredths of the time (Xing, VBR header)."""
    numbers = np.arange(TOC_ENTRIES) * len(new.sizes) // TOC_ENTRIES
    entries = np.minimum(255, new.offsets[numbers] * 256 // max(1, new.total))
    frame[at : at + TOC_ENTRIES] = entries.astype(np.uint8).tobytes()


def _protect(frame: bytearray) -> None:
    """Tell the frame's own CRC anew where it has one; it covers the tag's first two bytes."""
    header = Header.parse(bytes(frame[:4]))
    if header is not None and header.protected:
        side = frame[header.side_offset : header.main_offset]
        _put(frame, 4, 2, crc16.cms(bytes(frame[2:4] + side)))


def _retell_lame(frame: bytearray, at: int, stream: MpegStream, delta: int, music_crc: int) -> None:
    length = int.from_bytes(frame[at + _MUSIC_LENGTH : at + _MUSIC_CRC], "big")
    if length:
        _put(frame, at + _MUSIC_LENGTH, 4, length + delta)
        _put(frame, at + _MUSIC_CRC, 2, music_crc)
    end = at + _TAG_CRC
    if int.from_bytes(stream.tag_frame[end : end + 2], "big") == crc16.arc(stream.tag_frame[:end]):
        _put(frame, end, 2, crc16.arc(bytes(frame[:end])))


def _retell_vbri(frame: bytearray, stream: MpegStream, new: NewSizes) -> None:
    """VBRI's table tells the bytes of every so many frames, in units of `scale` (Fraunhofer, VBRI header)."""
    entries, scale, width, per_entry = (int.from_bytes(frame[at : at + 2], "big") for at in (54, 56, 58, 60))
    if not (scale and per_entry and 1 <= width <= 4) or 62 + entries * width > len(frame):
        return
    grown = (new.sizes - stream.sizes)[1:]
    for group in range(min(entries, -(-len(grown) // per_entry))):
        delta = int(grown[group * per_entry : (group + 1) * per_entry].sum())
        if delta:
            at = 62 + group * width
            _put(frame, at, width, int.from_bytes(frame[at : at + width], "big") + round(delta / scale))

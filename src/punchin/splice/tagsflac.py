"""The metadata of a newly coded FLAC file: comments and pictures of the source (RFC 9639, section 8)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.songfile.flacblocks import BlockKind, read_layout
from punchin.splice.sink import Sink
from punchin.splice.tags import comment_bytes

if TYPE_CHECKING:
    from punchin.songfile import SongFile
    from punchin.songfile.flacblocks import FlacLayout
    from punchin.splice.recode import Coding
    from punchin.splice.tags import Tags

LONGEST_BLOCK = 2**24 - 1


@dataclass(frozen=True, slots=True)
class FlacHead:
    """What takes the place of libFLAC's own metadata behind STREAMINFO.

    Attributes:
        offset: where it begins.
        theirs: where libFLAC's own would end, and its sound begin.
        blocks: ours.
        lost: what does not fit, in words.
    """

    offset: int
    theirs: int
    blocks: bytes
    lost: tuple[str, ...]

    @property
    def room(self) -> int:
        """How many bytes more ours needs."""
        return self.offset + len(self.blocks) - self.theirs

    @classmethod
    def of(cls, coding: Coding, source: SongFile, tags: Tags) -> FlacHead:
        """Lay out the metadata; what libFLAC would write is learnt from a file of one frame that it
        writes.
        """
        trial = io.BytesIO()
        with coding.open(Sink(trial), source.rate_hz, source.channels) as sound:
            sound.write(np.zeros((1, source.channels), np.int16))
        layout = read_layout(trial, len(trial.getbuffer()))
        vendor = _vendor(trial.getvalue(), layout)
        bodies = [(BlockKind.VORBIS_COMMENT, comment_bytes(tags.comments, vendor))]
        bodies += [(BlockKind.PICTURE, picture) for picture in tags.pictures]
        fitting = [(kind, body) for kind, body in bodies if len(body) <= LONGEST_BLOCK] or [
            (BlockKind.PADDING, b"")
        ]
        lost = ("what is over 16 MB of tags and pictures",) if len(fitting) < len(bodies) else ()
        blocks = b"".join(
            bytes([kind | (0x80 if number == len(fitting) else 0)]) + len(body).to_bytes(3, "big") + body
            for number, (kind, body) in enumerate(fitting, 1)
        )
        return cls(layout.blocks[0].offset + layout.blocks[0].length, layout.sound_offset, blocks, lost)


def _vendor(file: bytes, layout: FlacLayout) -> str:
    """Who coded it, as libFLAC says: the first text of its own comment block."""
    for block in layout.of_kind(BlockKind.VORBIS_COMMENT):
        length = int.from_bytes(file[block.offset : block.offset + 4], "little")
        return file[block.offset + 4 : block.offset + 4 + length].decode("utf-8", "replace")
    return "libFLAC"

"""The tag in the first frame that tells how long the song is: Xing or Info with LAME's part, or VBRI.

Sources: Xing's VBR header (flags, frames, bytes, table of contents), the "MP3 Info Tag revision 1" of LAME
(encoder delay and padding, music length, CRCs), Fraunhofer's VBRI header. Decoders do not play a frame with
Xing or Info; libsndfile's (mpg123) does play one with VBRI, as silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from punchin.songfile.mpeg.header import Header

DECODER_DELAY = 529
"""Samples by which every decoder is late: 528 of the filter bank and one more (LAME, decoder delay)."""

_FRAMES, _BYTES, _TOC, _QUALITY = 1, 2, 4, 8
TOC_ENTRIES = 100


class InfoTagKind(StrEnum):
    """Which tag it is."""

    XING = "Xing"
    INFO = "Info"
    VBRI = "VBRI"


@dataclass(frozen=True, slots=True)
class InfoTag:
    """What the tag says, and where in its frame it says so (None: nowhere).

    Attributes:
        kind: see `InfoTagKind`; "Info" stands for constant bitrate.
        at: where in the frame the tag begins.
        frames: number of frames after this one; 0 if it is not told.
        total_bytes: length of all frames with this one; 0 if it is not told.
        delay, padding: samples that the encoder put in front and behind.
        frames_at, bytes_at, toc_at, lame_at: offsets in the frame of the fields and of LAME's part.
    """

    kind: InfoTagKind
    at: int
    frames: int = 0
    total_bytes: int = 0
    delay: int = 0
    padding: int = 0
    frames_at: int | None = None
    bytes_at: int | None = None
    toc_at: int | None = None
    lame_at: int | None = None

    @property
    def is_played(self) -> bool:
        """Whether decoders play the frame of this tag, as silence."""
        return self.kind is InfoTagKind.VBRI

    @property
    def skip(self) -> int:
        """Samples at the start that are not music: the delays of encoder and decoder.

        libsndfile takes them off wherever the tag tells a number of frames, also without LAME's part.
        """
        return self.delay + DECODER_DELAY if self.frames and not self.is_played else 0

    @property
    def end_trim(self) -> int:
        """Samples behind the music at the end of the last frame that the tag counts."""
        return max(0, self.padding - DECODER_DELAY) if self.frames and not self.is_played else 0

    @classmethod
    def parse(cls, frame: bytes) -> InfoTag | None:
        """Read the tag of a frame, or None if it has none."""
        header = Header.parse(frame[:4])
        if header is None:
            return None
        if frame[36:40] == b"VBRI" and len(frame) >= 62:
            total_bytes, frames = (int.from_bytes(frame[at : at + 4], "big") for at in (46, 50))
            return cls(InfoTagKind.VBRI, 36, frames, total_bytes, frames_at=50, bytes_at=46)
        # Xing's place does not depend on a CRC (LAME, VbrTag.c); look behind one all the same.
        for at in (4 + header.form.side_bytes, 6 + header.form.side_bytes):
            if frame[at : at + 4] in (b"Xing", b"Info"):
                return cls._xing(frame, at)
        return None

    @classmethod
    def _xing(cls, frame: bytes, at: int) -> InfoTag:
        flags = int.from_bytes(frame[at + 4 : at + 8], "big")
        place = at + 8
        offsets: dict[int, int] = {}
        for flag, length in ((_FRAMES, 4), (_BYTES, 4), (_TOC, TOC_ENTRIES), (_QUALITY, 4)):
            if flags & flag and place + length <= len(frame):
                offsets[flag] = place
                place += length
        frames_at, bytes_at = offsets.get(_FRAMES), offsets.get(_BYTES)
        # LAME's part is nine bytes of a name and 27 more; without a name there are zeros.
        has_lame = place + 36 <= len(frame) and frame[place] != 0
        gaps = int.from_bytes(frame[place + 21 : place + 24], "big") if has_lame else 0
        return cls(
            kind=InfoTagKind(frame[at : at + 4].decode("ascii")),
            at=at,
            frames=0 if frames_at is None else int.from_bytes(frame[frames_at : frames_at + 4], "big"),
            total_bytes=0 if bytes_at is None else int.from_bytes(frame[bytes_at : bytes_at + 4], "big"),
            delay=gaps >> 12,
            padding=gaps & 0xFFF,
            frames_at=frames_at,
            bytes_at=bytes_at,
            toc_at=offsets.get(_TOC),
            lame_at=place if has_lame else None,
        )

"""What goes through the pipes: a question is a line of JSON, an answer is pieces of bytes with their length.

    question   {"ask": "peaks", "path": "/songs/a.mp3", ...} newline
    answer     piece*, end | problem
    piece      length (4 bytes, little-endian, not 0), so many bytes
    end        0 (4 bytes)
    problem    FFFFFFFF (4 bytes), length (4 bytes), JSON {"code": ..., "message": ...}

The desk looks and never writes: all that it finds goes back through the pipe.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Literal

import msgspec

if TYPE_CHECKING:
    from typing import BinaryIO

PROBLEM = 0xFFFFFFFF
LARGEST_PIECE = 1 << 20

Form = Literal["source", "wav", "flac", "mp3", "ogg"]
Count = int
"""Frames, from 0."""


class Question(msgspec.Struct, frozen=True, kw_only=True, tag_field="ask", forbid_unknown_fields=True):
    """What is asked.

    Attributes:
        path: the song, on this machine.
        name: what people call it; messages use it and never the path.
    """

    path: str
    name: str


class About(Question, frozen=True, kw_only=True, tag="about"):
    """What the song is; answered in JSON."""


class Peaks(Question, frozen=True, kw_only=True, tag="peaks"):
    """Its outline: a line of JSON, then pairs of int16, the lowest and highest sample of each bin.

    Attributes:
        per_s: bins a second.
        start, frames: which part; 0 frames mean all the rest.
        rough: only a few hundred moments are looked at: of an hour in about a second.
    """

    per_s: int
    start: Count = 0
    frames: Count = 0
    rough: bool = False


class Beats(Question, frozen=True, kw_only=True, tag="beats"):
    """Beats, bars, key and chords; answered in JSON."""


class Sound(Question, frozen=True, kw_only=True, tag="sound"):
    """The samples themselves, as a WAV file of 32-bit floats.

    Attributes:
        start, frames: which part; what lies past the end is left out.
    """

    start: Count
    frames: Count


class Difference(Question, frozen=True, kw_only=True, tag="difference"):
    """How it differs from the song that it was made from; like `Peaks`, of |new - old|.

    Attributes:
        against: the song before, on this machine.
        per_s: bins a second.
        regions: `[start_s, end_s]` of each part that may differ.
    """

    against: str
    per_s: int
    regions: tuple[tuple[float, float], ...] = ()


class Render(Question, frozen=True, kw_only=True, tag="render"):
    """A file of it, or of a part, in another format.

    Attributes:
        form: the format; "source" is its own where that can be written, else FLAC.
        start, frames: which part; 0 frames mean all the rest.
        scratch: a folder for the file while it is made.
    """

    form: Form
    start: Count = 0
    frames: Count = 0
    scratch: str


AnyQuestion = About | Peaks | Beats | Sound | Difference | Render
_DECODER = msgspec.json.Decoder(AnyQuestion)


def read_question(line: bytes) -> AnyQuestion:
    """A question from its line.

    Raises:
        msgspec.DecodeError: it is none.
    """
    return _DECODER.decode(line)


class Answer:
    """The way back.

    Args:
        pipe: to whoever asked.
    """

    def __init__(self, pipe: BinaryIO) -> None:
        self._pipe = pipe

    def give(self, content: bytes | memoryview) -> None:
        """Some of the answer; sent at once."""
        whole = memoryview(content).cast("B")
        for start in range(0, len(whole), LARGEST_PIECE):
            piece = whole[start : start + LARGEST_PIECE]
            self._pipe.write(struct.pack("<I", len(piece)))
            self._pipe.write(piece)
        self._pipe.flush()

    def end(self) -> None:
        """That was all."""
        self._pipe.write(struct.pack("<I", 0))
        self._pipe.flush()

    def refuse(self, code: str, message: str) -> None:
        """It cannot be answered."""
        told = msgspec.json.encode({"code": code, "message": message})
        self._pipe.write(struct.pack("<II", PROBLEM, len(told)) + told)
        self._pipe.flush()

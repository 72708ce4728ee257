"""What every splicer answers to: where it can change the sound, and how it writes the result."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from punchin.region import Frames
    from punchin.songfile import Container, Native


class Method(StrEnum):
    """How the output was made, from the strongest form of the promise to the weakest."""

    BYTES = "bytes"
    """The file was copied; only the bytes of the new samples differ (WAV, AIFF)."""
    FRAMES = "frames"
    """Coded frames outside the edit were kept byte for byte; only those of the region are new (FLAC, MP3)."""
    LOSSLESS = "lossless"
    """Coded anew without loss: the decoded samples outside are the same, the bytes are not."""
    LOSSY = "lossy"
    """Coded anew with loss because it was asked for: the sound outside went through a codec once more."""


class CannotSplice(Exception):
    """The structure of this file does not allow splicing; the message says why."""


@dataclass(frozen=True, slots=True)
class KeptBytes:
    """A run of bytes that stands unchanged in the output: `length` bytes from each of the two offsets."""

    source_offset: int
    output_offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Splice:
    """How the output was written.

    Attributes:
        method: see `Method`.
        container: the output's format.
        changed: for each patch, the frames whose decoded samples may differ from the source's; each lies
            inside its region. Everything else decodes to the source's samples, unless `method` is LOSSY.
        kept: the runs of coded sound that were taken over byte for byte (empty for re-coded outputs).
        why: why not the strongest method, as a sentence; "" where it is the strongest.
        warnings: what the person should know: stale ReplayGain tags, lost pictures ...
    """

    method: Method
    container: Container
    changed: tuple[Frames, ...]
    kept: tuple[KeptBytes, ...] = ()
    why: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """New samples for a run of frames of one song.

    Attributes:
        frames: where they go, in frames of the song.
        samples: `[C, len(frames)]` in the song's native sample format; nothing outside `frames` is to change.
    """

    frames: Frames
    samples: Native

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] != len(self.frames):
            raise ValueError(f"samples {self.samples.shape} do not fill {self.frames}")


class Splicer(Protocol):
    """Writes a copy of one song with patches in it. Made for one open `SongFile` and one output format."""

    container: Container
    method: Method

    def writable(self, region: Frames) -> Frames:
        """The part of `region` in which the sound can change so that all outside `region` stays as it is.

        The whole region for PCM and FLAC; a few tens of milliseconds less for MP3, whose frames overlap.

        Raises:
            RegionError: if nothing is left; names the shortest region that works.
        """
        ...

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """Write the whole output.

        Args:
            patches: new samples in the source's native format, sorted, not overlapping, each inside a range
                that `writable` gave.
            output: an empty file open for reading and writing ("w+b"); the caller makes it whole and final.
            progress: called with 0..1 at least every half second; may raise `Cancelled`.
        """
        ...

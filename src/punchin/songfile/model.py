"""What a song on disk is, whatever its format: the base class that every format fills in."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from punchin.errors import SongError
from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STEADY_FRAMES = 20_000
"""More than a dozen frames of any coding: no decoder's memory is meant to be longer."""

Native = NDArray[Any]
"""Samples exactly as the file stores (or its codec decodes) them, `[C, N]`; see `SampleFormat`."""


class Container(StrEnum):
    """The file formats that are told apart."""

    WAV = "wav"
    FLAC = "flac"
    MP3 = "mp3"
    OGG = "ogg"
    OPUS = "opus"
    M4A = "m4a"
    AIFF = "aiff"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class SampleFormat:
    """How one decoded sample is kept: signed integers of `bits` (1..32), or IEEE floats of 32 or 64 bits.

    Integers are right-justified and signed, whatever the file does: an 8-bit WAV sample 0..255 becomes
    -128..127, a 24-bit sample -8388608..8388607. Full scale of an integer is 2^(bits-1), of a float 1.0.
    """

    bits: int
    is_float: bool = False

    @property
    def dtype(self) -> np.dtype[Any]:
        """int16 up to 16 bits, int32 above; float32 or float64. This is the dtype of every native array."""
        if self.is_float:
            return np.dtype(np.float64 if self.bits == 64 else np.float32)
        return np.dtype(np.int16 if self.bits <= 16 else np.int32)

    @property
    def full_scale(self) -> float:
        """The number that stands for ±1.0."""
        return 1.0 if self.is_float else float(2 ** (self.bits - 1))

    def to_float(self, native: Native, dtype: Any = np.float32) -> NDArray[Any]:
        """Native samples as floats of full scale ±1.0; exact up to 24 bits in float32, always in float64."""
        if self.is_float:
            return native.astype(dtype)
        return np.multiply(native, dtype(1.0 / self.full_scale), dtype=dtype)

    def __str__(self) -> str:
        return f"{self.bits}-bit {'float' if self.is_float else 'integer'}"


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether a file is still the one that it was: a device's number for it, length and time."""

    device: int
    number: int
    bytes: int
    changed_ns: int


def state_of(path: Path) -> FileState | None:
    """The state of a file now; None if it is gone."""
    try:
        found = path.stat()
    except OSError:
        return None
    return FileState(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


class SongFile(ABC):
    """A song on disk. Opening reads headers only; every read touches only what the window needs.

    Attributes:
        path: the file.
        container: its format.
        sample_format: how decoded samples are kept.
        rate_hz: frames a second.
        channels: C.
        frames: exact length in frames, as decoded (encoder delay and padding already taken off).
        lossless: whether decoding gives back what was recorded (WAV, FLAC, AIFF).
        codec: a short name for people: "16-bit PCM", "MP3, 192 kbit/s CBR".
        warnings: what is odd about the file, each a sentence.
        state: of the file when it was opened; None if it was not opened by `open_song`.
    """

    path: Path
    container: Container
    sample_format: SampleFormat
    rate_hz: int
    channels: int
    frames: int
    lossless: bool
    codec: str
    warnings: tuple[str, ...] = ()
    state: FileState | None = None

    @abstractmethod
    def read_native(self, frames: Frames) -> Native:
        """The samples `[C, len(frames)]` exactly as a decode of the whole file would give them.

        Raises:
            SongError: if the file is damaged there.
            ValueError: if `frames` lies outside the file.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the file; reading afterwards is an error."""

    def read(self, frames: Frames) -> Song:
        """The window as a `Song`, float32 `[C, len(frames)]`, full scale ±1.0."""
        return Song(self.sample_format.to_float(self.read_native(frames)), self.rate_hz)

    def blocks(self, frames: Frames, block_frames: int = 1 << 18) -> Iterator[Native]:
        """The samples of `frames` as successive native arrays `[C, <= block_frames]`; bounded memory."""
        for start in range(frames.start, frames.end, block_frames):
            yield self.read_native(Frames(start, min(start + block_frames, frames.end)))

    def insist_unchanged(self) -> None:
        """Make sure that the file is as it was when it was opened.

        Raises:
            SongError: if somebody has written to it, replaced or removed it.
        """
        if self.state is not None and state_of(self.path) != self.state:
            raise SongError(
                f"{self.path} was changed while it was read; try again when nobody is writing to it any more"
            )

    def is_steady(self, frame: int) -> bool:
        """Whether the sound from `frame` on is the same wherever reading begins.

        So it is in every sound file. In one whose coded frames make no sense, what a decoder gives can depend
        on all that it met before.
        """
        end = min(self.frames, frame + STEADY_FRAMES)
        alone = self.read_native(Frames(frame, end))
        return all(
            self.read_native(Frames(start, end))[:, frame - start :].tobytes() == alone.tobytes()
            for start in (max(0, frame - STEADY_FRAMES), max(0, frame - STEADY_FRAMES // 3))
        )

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

"""FLAC: any window without decoding the rest; libsndfile decodes, frames and metadata are found here."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import soundfile

from punchin.errors import SongError
from punchin.songfile.flacblocks import read_layout
from punchin.songfile.flacframes import FrameFinder
from punchin.songfile.model import Container, SampleFormat, SongFile

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.region import Frames
    from punchin.songfile.flacframes import Frame
    from punchin.songfile.model import Native

BITS_OF_LIBSNDFILE = (8, 16, 24)
"""The depths that libsndfile 1.2 decodes; 4 to 32 are allowed (RFC 9639, 8.2)."""


class FlacFile(SongFile):
    """A FLAC file.

    Attributes:
        layout: its metadata blocks and where the sound lies.
        frame_finder: finds its coded frames.
        decodes_fast: through libsndfile; else by our own decoder, at about ten times the speed of playing.
    """

    container = Container.FLAC
    lossless = True

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            self._open()
        except BaseException:
            self._file.close()
            raise

    def _open(self) -> None:
        self.layout = read_layout(self._file, os.fstat(self._file.fileno()).st_size)
        info = self.layout.info
        self.frame_finder = FrameFinder(self._file, self.layout)
        self.rate_hz, self.channels = info.rate_hz, info.channels
        self.sample_format = SampleFormat(info.bits)
        self.codec = f"FLAC, {info.bits}-bit"
        self.frames, self.warnings = self._length()
        self.decodes_fast = info.bits in BITS_OF_LIBSNDFILE
        self._decoder: _SndfileDecoder | _FrameDecoder
        self._decoder = _SndfileDecoder(self) if self.decodes_fast else _FrameDecoder(self)

    def _length(self) -> tuple[int, tuple[str, ...]]:
        """The exact length, by the last frame that is whole, and what is odd about it."""
        said = self.layout.info.total
        last = self.frame_finder.last()
        if last is None:
            raise SongError(f"{self.path} is a damaged FLAC: no whole frame of sound was found in it")
        if said == 0:
            return last.end, ("its header does not tell its length; it was taken from the last frame",)
        if last.end < said:
            return last.end, (
                f"the file ends early: its header says {said} frames of sound, {last.end} are there",
            )
        return said, ()

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        return self._decoder.read(frames)

    def close(self) -> None:
        """See `SongFile.close`."""
        self._decoder.close()
        self._file.close()


class _SndfileDecoder:
    """Reads windows through libsndfile, whose seek is exact."""

    def __init__(self, song: FlacFile) -> None:
        self._path, self._bits = song.path, song.sample_format.bits
        info, layout = song.layout.info, song.layout
        self._file: BinaryIO | _Retold = song.path.open("rb")
        try:
            if info.total != song.frames:
                # libsndfile cannot end a stream whose length is unknown, or where it does not lie: it is shown
                # one that says the truth.
                true = replace(info, total=song.frames).to_bytes()
                end = last.end_offset if (last := song.frame_finder.last()) else layout.sound_end
                self._file = _Retold(self._file, layout.blocks[0].offset, true, end)
            # Typed as a path, but any file object is read.
            self._sound = soundfile.SoundFile(cast("BinaryIO", self._file))
        except soundfile.LibsndfileError as error:
            self._file.close()
            raise SongError(f"{song.path} cannot be read as FLAC: {error.error_string}") from error

    def read(self, frames: Frames) -> Native:
        sound = self._sound
        try:
            if sound.tell() != frames.start:
                sound.seek(frames.start)
            samples: Native = sound.read(
                len(frames), "int16" if self._bits <= 16 else "int32", always_2d=True
            )
        except soundfile.LibsndfileError as error:
            raise SongError(
                f"{self._path} is damaged near frame {frames.start}: {error.error_string}"
            ) from error
        if len(samples) != len(frames):
            raise SongError(
                f"{self._path} is damaged near frame {frames.start + len(samples)}: it ends there"
            )
        # libsndfile left-justifies integers in the type that is asked for.
        return np.ascontiguousarray(samples.T) >> (samples.dtype.itemsize * 8 - self._bits)

    def close(self) -> None:
        self._sound.close()
        self._file.close()


class _Retold(io.RawIOBase):
    """A file that reads as if other bytes stood at one place, and as if it ended at `end`."""

    def __init__(self, file: BinaryIO, offset: int, instead: bytes, end: int) -> None:
        self._file, self._offset, self._instead, self._end = file, offset, instead, end

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        at = self._file.tell()
        data = bytearray(self._file.read(max(0, min(len(buffer), self._end - at))))
        begin, end = max(at, self._offset), min(at + len(data), self._offset + len(self._instead))
        if begin < end:
            data[begin - at : end - at] = self._instead[begin - self._offset : end - self._offset]
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:
            offset, whence = self._end + offset, os.SEEK_SET
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def close(self) -> None:
        self._file.close()
        super().close()


class _FrameDecoder:
    """Reads windows through our own decoder, frame by frame; remembers the frame that it read last."""

    def __init__(self, song: FlacFile) -> None:
        self._song = song
        self._at: Frame | None = None
        self._samples: Native = np.zeros((song.channels, 0), song.sample_format.dtype)

    def read(self, frames: Frames) -> Native:
        out = np.empty((self._song.channels, len(frames)), self._song.sample_format.dtype)
        at = frames.start
        while at < frames.end:
            frame = self._load(at)
            end = min(frame.end, frames.end)
            out[:, at - frames.start : end - frames.start] = self._samples[
                :, at - frame.start : end - frame.start
            ]
            at = end
        return out

    def _load(self, sample: int) -> Frame:
        from punchin.songfile.flacdecoding import DamagedFrame, decode_frame

        frame, song = self._at, self._song
        if frame and frame.start <= sample < frame.end:
            return frame
        finder = song.frame_finder
        frame = finder.next(frame) if frame and frame.end == sample else finder.holding(sample)
        if frame is None:
            raise SongError(f"{song.path} is damaged near frame {sample}: no whole frame of sound holds it")
        try:
            decoded = decode_frame(finder.bytes_of(frame), frame.header, song.layout.info)
        except DamagedFrame:
            raise SongError(
                f"{song.path} is damaged near frame {sample}: what is coded there is not sound"
            ) from None
        self._at, self._samples = frame, decoded.samples.astype(song.sample_format.dtype)
        return frame

    def close(self) -> None:
        self._at = None

"""FLAC: any window without decoding the rest; libsndfile decodes, frames and metadata are found here."""

from __future__ import annotations

import io
import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import soundfile

from punchin.errors import SongError
from punchin.songfile.flacblocks import STREAMINFO_BYTES, StreamInfo, read_layout
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
        self._file: _BareFlac | None = None
        try:
            # libsndfile cannot end a stream whose length is unknown, or that does not have the length it
            # tells.
            self._sound = self._bare(song) if song.layout.info.total != song.frames else _opened(song.path)
        except soundfile.LibsndfileError:
            # libFLAC gives up at metadata that is not as it should be; the sound may be all right.
            try:
                self._sound = self._bare(song)
            except soundfile.LibsndfileError as error:
                raise SongError(f"{song.path} cannot be read as FLAC: {error.error_string}") from error

    def _bare(self, song: FlacFile) -> soundfile.SoundFile:
        last = song.frame_finder.last()
        end = last.end_offset if last else song.layout.sound_end
        info = replace(song.layout.info, total=song.frames)
        self._file = _BareFlac(song.path.open("rb"), info, song.layout.sound_offset, end)
        return _opened(self._file)

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
        if self._file:
            self._file.close()


def _opened(file: Any) -> soundfile.SoundFile:
    return soundfile.SoundFile(file)


class _BareFlac(io.RawIOBase):
    """A FLAC file that reads as if a STREAMINFO were all its metadata, and as if it ended at `end`."""

    def __init__(self, file: BinaryIO, info: StreamInfo, sound_offset: int, end: int) -> None:
        self._file = file
        self._head = b"fLaC" + bytes([0x80, 0, 0, STREAMINFO_BYTES]) + info.to_bytes()
        self._shift = sound_offset - len(self._head)
        self._size = end - self._shift
        self._at = 0

    def readinto(self, buffer: memoryview) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]
        data = self._head[self._at : self._at + len(buffer)]
        wanted = min(len(buffer), self._size - self._at) - len(data)
        if wanted > 0:
            self._file.seek(self._at + len(data) + self._shift)
            data += self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._size)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

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

"""M4A: AAC and ALAC in an MP4 file, through PyAV (FFmpeg), which is an extra: `pip install 'punchin[m4a]'`.

FFmpeg gets an open file and the one format it may use: by name it would open other files that a file
mentions.
"""

from __future__ import annotations

import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from punchin.errors import SongError
from punchin.songfile.model import Container, SampleFormat, SongFile
from punchin.songfile.mp4boxes import is_protected, sample_entries

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from av.container import InputContainer

    from punchin.region import Frames
    from punchin.songfile.model import Native

MISSING = "needs PyAV to be read: pip install 'punchin[m4a]'"
_FORMAT = "mov,mp4,m4a,3gp,3g2,mj2"
_CODECS = {"aac": "AAC", "alac": "Apple Lossless"}
_TAIL_PACKETS = 16


class M4aFile(SongFile):
    """A song in an MP4 file.

    ALAC windows are found by seeking. AAC is always decoded from the start, forwards: its noise substitution
    (ISO/IEC 14496-3, 4.6.13) draws from a generator whose state depends on all sound before, so that after a
    seek FFmpeg decodes other noise (measured: up to 0.45 of full scale at 48 kbit/s). A window at the end of
    an hour takes some seconds; windows that follow each other cost nothing more.
    """

    container = Container.M4A

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        self._media: InputContainer | None = None
        try:
            self._refuse_protected()
            self._media = _open_media(path, self._file)
            self._describe(self._media)
        except BaseException:
            self.close()
            raise
        self._decoder: Iterator[Native] = iter(())
        self._held: Native = np.zeros((self.channels, 0), self.sample_format.dtype)
        self._at = self.frames + 1  # where `_held` begins; nothing is decoded yet

    def _refuse_protected(self) -> None:
        try:
            protected = is_protected(sample_entries(self._file, os.fstat(self._file.fileno()).st_size))
        except SongError as error:
            raise SongError(f"{self.path} cannot be read: {error}") from None
        if protected:
            raise SongError(f"{self.path} is copy-protected (DRM), so its sound cannot be read")

    def _describe(self, media: InputContainer) -> None:
        from av.error import FFmpegError

        if not media.streams.audio:
            raise SongError(f"{self.path} has no sound in it")
        stream = media.streams.audio[0]
        # FFmpeg makes no context for what it cannot decode; the stubs do not know that.
        context: Any = stream.codec_context
        codec = context.name if context else "an unknown coding"
        if codec not in _CODECS:
            raise SongError(f"{self.path} holds {codec}; of MP4 files, AAC and ALAC are read")
        self.lossless = codec == "alac"
        try:
            # What the header says of rate and channels is that of the core, without band replication (HE-
            # AAC).
            first = next(media.decode(stream))
        except (FFmpegError, StopIteration) as error:
            raise SongError(f"{self.path} is a damaged M4A: nothing in it can be decoded") from error
        self.rate_hz, self.channels = first.sample_rate, len(first.layout.channels)
        self.sample_format = (
            _alac_format(stream.codec_context.extradata) if self.lossless else SampleFormat(32, True)
        )
        self.codec = _CODECS[codec] + (
            f", {self.sample_format.bits}-bit" if self.lossless else _bit_rate(stream)
        )
        self._ticks_hz = stream.time_base or Fraction(1, self.rate_hz)
        self._start = stream.start_time or 0
        self.frames = self._length(media, stream)

    def _length(self, media: InputContainer, stream: Any) -> int:
        """Frames of sound by the header, or by the last packet if that ends sooner."""
        said = stream.duration or 0
        packet = stream.codec_context.frame_size or 1024
        reach = round(_TAIL_PACKETS * Fraction(packet, self.rate_hz) / self._ticks_hz)
        media.seek(max(self._start, self._start + said - reach), stream=stream)
        ends = [
            packet.pts + packet.duration
            for packet in media.demux(stream)
            if packet.pts is not None and packet.duration and not packet.is_discard
        ]
        there = max(ends, default=0) - self._start
        return int((min(said, there) if said else there) * self._ticks_hz * self.rate_hz)

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        out = np.zeros((self.channels, len(frames)), self.sample_format.dtype)
        if not self._at <= frames.start or (self.lossless and frames.start > self._at + 10 * self.rate_hz):
            self._restart(frames.start)
        while self._at < frames.end:
            begin, end = max(frames.start, self._at), min(frames.end, self._at + self._held.shape[1])
            if begin < end:
                out[:, begin - frames.start : end - frames.start] = self._held[
                    :, begin - self._at : end - self._at
                ]
            if end == frames.end:
                break
            following = next(self._decoder, None)
            if following is None:
                break  # a length that was rounded up: what the decoder does not give is silence
            self._at += self._held.shape[1]
            self._held = following
        return out

    def _restart(self, frame: int) -> None:
        """Decode anew from the start (AAC) or from the packet that holds `frame` (ALAC)."""
        if self._media:
            self._media.close()
        self._file.seek(0)
        # A new decoder, not a seek back: the state of its noise generator must be new as well.
        self._media = _open_media(self.path, self._file)
        self._held = np.zeros((self.channels, 0), self.sample_format.dtype)
        self._decoder, self._at = self._decoded(self._media, frame if self.lossless else 0)

    def _decoded(self, media: InputContainer, frame: int) -> tuple[Iterator[Native], int]:
        from av.error import FFmpegError

        stream = media.streams.audio[0]
        if frame:
            media.seek(self._start + int(frame / self.rate_hz / self._ticks_hz), stream=stream)
        sounds = media.decode(stream)
        first: Any = next(sounds, None)
        at = 0
        if frame and first is not None and first.pts is not None:
            at = round((first.pts - self._start) * self._ticks_hz * self.rate_hz)

        def natives() -> Iterator[Native]:
            sound = first
            while sound is not None:
                yield self._native(sound)
                try:
                    sound = next(sounds, None)
                except FFmpegError as error:
                    raise SongError(f"{self.path} is damaged: {error.strerror}") from error

        return natives(), at

    def _native(self, sound: Any) -> Native:
        samples: Native = sound.to_ndarray()
        if not sound.format.is_planar:
            samples = samples.reshape(-1, self.channels).T
        if not self.lossless:
            return samples.astype(np.float32, copy=False)
        # FFmpeg left-justifies integers in 16 or 32 bits.
        shift = samples.dtype.itemsize * 8 - self.sample_format.bits
        return (samples >> shift).astype(self.sample_format.dtype)

    def read_tags(self) -> tuple[dict[str, str], list[bytes]]:
        """The tags by FFmpeg's names, and the cover pictures as they lie in the file."""
        from av.stream import Disposition

        with self.path.open("rb") as file, _open_media(self.path, file) as media:
            covers: list[bytes] = []
            for stream in media.streams.video:
                if Disposition.attached_pic in stream.disposition:
                    covers += [bytes(packet) for packet in media.demux(stream) if packet.size][:1]
            return dict(media.metadata), covers

    def close(self) -> None:
        """See `SongFile.close`."""
        if self._media:
            self._media.close()
            self._media = None
        self._file.close()


def _open_media(path: Path, file: BinaryIO) -> InputContainer:
    try:
        import av
        from av.error import FFmpegError
    except ImportError:
        raise SongError(f"{path} is an M4A file, which {MISSING}") from None
    try:
        return av.open(
            file, mode="r", format=_FORMAT, options={"enable_drefs": "0", "use_absolute_path": "0"}
        )
    except FFmpegError as error:
        raise SongError(f"{path} cannot be read as M4A: {error.strerror}") from error


def _alac_format(cookie: bytes | None) -> SampleFormat:
    """Bits of a sample, from ALAC's magic cookie: byte 5 of what stands behind a box header of 12 bytes."""
    bits = cookie[17] if cookie and len(cookie) >= 36 else 16
    return SampleFormat(bits if bits in (16, 20, 24, 32) else 16)


def _bit_rate(stream: Any) -> str:
    rate = stream.codec_context.bit_rate or 0
    return f", {round(rate / 1000)} kbit/s" if rate else ""

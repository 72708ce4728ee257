"""What libsndfile reads and we do not take apart ourselves: Ogg Vorbis, Opus, AIFF, CAF, W64, coded WAV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import soundfile

from punchin.errors import SongError
from punchin.songfile.model import Container, SampleFormat, SongFile

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.region import Frames
    from punchin.songfile.model import Native

_CONTAINERS = {"OGG": Container.OGG, "AIFF": Container.AIFF, "WAV": Container.WAV, "WAVEX": Container.WAV}
_INTEGERS = {
    "PCM_S8": 8,
    "PCM_U8": 8,
    "PCM_16": 16,
    "PCM_24": 24,
    "PCM_32": 32,
    "ALAC_16": 16,
    "ALAC_20": 20,
    "ALAC_24": 24,
    "ALAC_32": 32,
}
_FLOATS = {"FLOAT": 32, "DOUBLE": 64}
_LOSSY_INTEGERS = {"ULAW": 16, "ALAW": 16, "IMA_ADPCM": 16, "MS_ADPCM": 16}
"""Coded with loss, but decoded to whole numbers, which FLAC then holds without rounding."""
_REOPENED = ("VORBIS",)
"""libsndfile 1.2.2 lands wrong in a Vorbis file whose handle has been read from before (2 to 19 of 150 random
windows differed, by up to 0.5 of full scale), and also in the last page of one whose end is trimmed. The
first seek of a fresh handle to any earlier place was right in all of 3,000."""
_FORWARD_ONLY = ("OPUS",)
"""A window of Opus equals that of a whole decode only if the state of its decoder does, and the linear
prediction of its speech mode forgets slowly: after a pre-roll of a second (RFC 7845, 4.6, asks for 80 ms) 57
of 150 windows still differed. So it is decoded from the start, at some thousand times the speed of
playing."""
_LARGEST_PAGE = 27 + 255 + 255 * 255
"""Bytes of an Ogg page (RFC 3533, section 6)."""
_SKIP_FRAMES = 1 << 16


class SndFile(SongFile):
    """A song through libsndfile; windows are exact, read-only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._sound = self._opened()
        sound = self._sound
        self.rate_hz, self.channels, self.frames = sound.samplerate, sound.channels, sound.frames
        subtype = sound.subtype
        self.container = _CONTAINERS.get(sound.format, Container.OTHER)
        if subtype == "OPUS":
            self.container = Container.OPUS
        bits = _INTEGERS.get(subtype) or _LOSSY_INTEGERS.get(subtype)
        self.sample_format = SampleFormat(bits) if bits else SampleFormat(_FLOATS.get(subtype, 32), True)
        self.lossless = subtype in _INTEGERS or subtype in _FLOATS
        in_ogg = self.container in (Container.OGG, Container.OPUS)
        self.codec = sound.subtype_info if in_ogg else f"{sound.format}, {sound.subtype_info}"
        self._forward_only = subtype in _FORWARD_ONLY or not sound.seekable()
        self._reopened = self._forward_only or subtype in _REOPENED
        # The last frame that may be sought; what lies behind is reached by reading on.
        self._last_seek = self.frames - _last_page_frames(path) if subtype == "VORBIS" else self.frames
        self._at = -1  # where the decoder stands; nothing is decoded yet

    def _opened(self) -> soundfile.SoundFile:
        try:
            return soundfile.SoundFile(self.path)
        except soundfile.LibsndfileError as error:
            raise SongError(f"{self.path} cannot be read as music: {error.error_string}") from error

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        try:
            if self._at != frames.start:
                self._go_to(frames.start)
            samples = self._read(len(frames))
        except soundfile.LibsndfileError as error:
            self._at = -1
            raise SongError(
                f"{self.path} is damaged near frame {frames.start}: {error.error_string}"
            ) from error
        self._at = frames.start + len(samples)
        if len(samples) != len(frames):
            raise SongError(f"{self.path} ends {len(frames) - len(samples)} frames before its header says")
        return np.ascontiguousarray(samples.T)

    def _go_to(self, frame: int) -> None:
        if not (self._forward_only and 0 <= self._at <= frame):
            if self._reopened:
                self._sound.close()
                self._sound = self._opened()
            self._at = 0 if self._forward_only else max(0, min(frame, self._last_seek))
            if self._sound.seekable():
                # To the start as well: without it, libsndfile has decoded the first packet of Opus twice.
                self._sound.seek(self._at)
        while self._at < frame:
            read = len(self._read(min(_SKIP_FRAMES, frame - self._at)))
            if read == 0:
                raise SongError(f"{self.path} ends at frame {self._at}, before its header says")
            self._at += read

    def _read(self, count: int) -> Native:
        """The next frames `[<= count, C]`, in the native format."""
        fmt = self.sample_format
        samples: Native
        if fmt.is_float:
            return self._sound.read(count, dtype="float64" if fmt.bits == 64 else "float32", always_2d=True)
        samples = self._sound.read(count, dtype="int16" if fmt.bits <= 16 else "int32", always_2d=True)
        # libsndfile left-justifies integers in the type that is asked for.
        return samples >> (samples.dtype.itemsize * 8 - fmt.bits)

    def close(self) -> None:
        """See `SongFile.close`."""
        self._sound.close()


def _last_page_frames(path: Path) -> int:
    """How many frames the last page of an Ogg file holds at most, by the positions that pages tell."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 2 * _LARGEST_PAGE))
        tail = file.read()
    ends: list[int] = []
    at = tail.find(b"OggS")
    while at >= 0 and at + 14 <= len(tail):
        position = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True)
        if position >= 0:  # -1: no packet ends in this page
            ends.append(position)
        at = tail.find(b"OggS", at + 4)
    # One page of room, as "OggS" may also stand in the sound; with too few pages, read from the start.
    return max(0, ends[-1] - ends[-3]) if len(ends) >= 3 and ends == sorted(ends) else 1 << 62

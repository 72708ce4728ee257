"""Everything that libsndfile reads and that we do not take apart ourselves: Ogg Vorbis, Opus, AIFF, CAF, W64 ..."""

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
_INTEGERS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}
_LOSSLESS_FLOATS = {"FLOAT": 32, "DOUBLE": 64}
PREROLL_FRAMES = {"OPUS": 48_000, "VORBIS": 16_384}
"""Sound decoded and thrown away in front of a window: Opus needs 80 ms until its predictors agree with a decode
from the start (RFC 7845, 4.6), often more for bit-exactness; Vorbis needs the previous block."""


class SndFile(SongFile):
    """A song through libsndfile; windows are exact, read-only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._sound = soundfile.SoundFile(path)
        except soundfile.LibsndfileError as error:
            raise SongError(f"{path} cannot be read as music: {error.error_string}") from error
        sound = self._sound
        self.rate_hz, self.channels, self.frames = sound.samplerate, sound.channels, sound.frames
        self.container = Container.OPUS if sound.subtype == "OPUS" else _CONTAINERS.get(sound.format, Container.OTHER)
        bits = _INTEGERS.get(sound.subtype)
        self.sample_format = SampleFormat(bits) if bits else SampleFormat(_LOSSLESS_FLOATS.get(sound.subtype, 32), True)
        self.lossless = bits is not None or sound.subtype in _LOSSLESS_FLOATS
        self.codec = sound.subtype_info if self.container in (Container.OGG, Container.OPUS) else f"{sound.format}, {sound.subtype_info}"
        self._preroll = PREROLL_FRAMES.get(sound.subtype, 0)

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        skip = min(frames.start, self._preroll)
        try:
            if self._sound.tell() != frames.start:
                self._sound.seek(frames.start - skip)
            else:
                skip = 0
            samples = self._read(skip + len(frames))
        except soundfile.LibsndfileError as error:
            raise SongError(f"{self.path} is damaged near frame {frames.start}: {error.error_string}") from error
        if len(samples) != skip + len(frames):
            raise SongError(f"{self.path} ends {skip + len(frames) - len(samples)} frames before its header says")
        return np.ascontiguousarray(samples[skip:].T)

    def _read(self, count: int) -> Native:
        fmt = self.sample_format
        if fmt.is_float:
            return self._sound.read(count, dtype="float64" if fmt.bits == 64 else "float32", always_2d=True)
        # libsndfile left-justifies integers in the type that is asked for.
        if fmt.bits <= 16:
            return self._sound.read(count, dtype="int16", always_2d=True) >> (16 - fmt.bits)
        return self._sound.read(count, dtype="int32", always_2d=True) >> (32 - fmt.bits)

    def close(self) -> None:
        """See `SongFile.close`."""
        self._sound.close()

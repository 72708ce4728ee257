"""MP3: frames found by our own walk, sound by libsndfile's decoder (mpg123), exact to the sample."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from punchin.errors import SongError
from punchin.songfile.model import Container, SampleFormat, SongFile
from punchin.songfile.mpeg import MpegStream, walk

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.region import Frames
    from punchin.songfile.model import Native


class Mp3File(SongFile):
    """An MP3 file; windows are exact and cost what they hold.

    Attributes:
        stream: its frames.
        skip: samples that decoders give before the song begins: delays of encoder and decoder,
            0 if no tag tells.

    Raises:
        SongError: if it holds no Layer III frames, free-format frames, or frames of several kinds.
    """

    container = Container.MP3
    sample_format = SampleFormat(32, is_float=True)
    lossless = False

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("rb")
        try:
            size = os.fstat(self._file.fileno()).st_size
            self.stream = MpegStream(self._file, walk(self._file, size, str(path)), str(path))
            if len(self.stream) == 0:
                raise SongError(f"{path} holds an MP3 info tag, but no sound")
        except BaseException:
            self._file.close()
            raise
        form = self.stream.form
        self.rate_hz, self.channels = form.rate_hz, form.channels
        self.skip, self.frames = _place(self.stream)
        self.codec = _codec(self.stream)
        self.warnings = tuple(_oddities(self.stream))

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        if len(frames) == 0:
            return np.zeros((self.channels, 0), np.float32)
        return np.ascontiguousarray(self.decoded(frames.start + self.skip, frames.end + self.skip).T)

    def decoded(self, start: int, end: int) -> Native:
        """Samples `[end - start, C]`, counted from the very first that a decoder gives.

        Outside of what the file holds there are zeros.

        Raises:
            SongError: if the file is damaged there.
        """
        per_frame = self.stream.form.frame_samples
        first = min(max(0, start // per_frame), len(self.stream))
        last = min(max(first, -(-end // per_frame)), len(self.stream))
        window = np.zeros((end - start, self.channels), np.float32)
        if first < last:
            sound = self.stream.decode(first, last)
            at = first * per_frame - start
            a, b = max(0, at), min(len(window), at + len(sound))
            window[a:b] = sound[a - at : b - at]
        return window

    def close(self) -> None:
        """See `SongFile.close`."""
        self._file.close()


def _place(stream: MpegStream) -> tuple[int, int]:
    """How many decoded samples come before the song, and how long the song is.

    As libsndfile has it, except where a tag counts fewer frames than there are: then all of them are the
    song, and nothing is taken off at the end, because where that would be is not known.
    """
    decoded = len(stream) * stream.form.frame_samples
    tag = stream.tag
    if tag is None or tag.skip == 0:
        return 0, decoded
    end = tag.frames * stream.form.frame_samples - tag.end_trim if tag.frames >= len(stream) else decoded
    skip = min(tag.skip, decoded)
    return skip, max(0, min(decoded, end) - skip)


def _codec(stream: MpegStream) -> str:
    rates = stream.form.bitrates_of(stream.sizes)
    if len(rates) == 1:
        return f"MP3, {rates[0]} kbit/s"
    seconds = len(stream) * stream.form.frame_samples / stream.form.rate_hz
    return f"MP3, VBR, {int(stream.sizes.sum()) * 8 / seconds / 1000:.0f} kbit/s on average"


def _oddities(stream: MpegStream) -> list[str]:
    odd: list[str] = []
    table, tag = stream.table, stream.tag
    told = tag.frames if tag else 0
    there = len(stream)
    if told and told != there:
        odd.append(f"its header tells of {told} frames, the file has {there}; all that are there are used")
    if table.truncated:
        odd.append("its last frame is cut off and is not played")
    if table.junk_bytes:
        odd.append(f"{table.junk_bytes} bytes between its frames are not sound; players skip them")
    return odd

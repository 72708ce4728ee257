"""A part of a song that is read like a song of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.region import Frames
from punchin.songfile import SongFile

if TYPE_CHECKING:
    from punchin.songfile import Native


class Window(SongFile):
    """Some frames of a song, with its tags. Closing it leaves the song open.

    Args:
        song: the whole.
        part: which frames.
    """

    def __init__(self, song: SongFile, part: Frames) -> None:
        self._song, self._part = song, part
        self.path, self.container, self.codec = song.path, song.container, song.codec
        self.sample_format, self.lossless = song.sample_format, song.lossless
        self.rate_hz, self.channels, self.frames = song.rate_hz, song.channels, len(part)

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of this part")
        return self._song.read_native(Frames(self._part.start + frames.start, self._part.start + frames.end))

    def close(self) -> None:
        """The song is not ours to close."""

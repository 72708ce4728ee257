"""The frames of one file as sound: any run of frames decoded exactly as a decode of the whole file gives it.

libsndfile's own seeking is not used (soundfile seeks after every read): after a seek its samples differ from
those of a decode from the start, in the last bit or, where the reservoir is missed, by much.
Instead a run of frames is put into a small file in memory, with frames of silence in front that bring the
decoder into the state it would be in: the bit reservoir holds what the frames look back for, and the filter
bank has heard what it remembers.
"""

from __future__ import annotations

import io
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
import soundfile

from punchin.errors import SongError
from punchin.songfile.mpeg.header import MPEG1, Header
from punchin.songfile.mpeg.infotag import InfoTag
from punchin.songfile.mpeg.sideinfo import SideInfo, with_begin

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.songfile.mpeg.header import Form
    from punchin.songfile.mpeg.walk import FrameTable

_PHASES = 8
"""The decoder's filter bank (a ring of 16 slots, 36 or 18 steps a frame) comes round after so many frames."""


class MpegStream:
    """The frames that are played, by their number, as bytes and as sound.

    Attributes:
        form: what all frames have in common.
        table: where the played frames are; the frame of a Xing or Info tag is not among them.
        tag: the info tag, or None.
        tag_offset: where its frame begins in the file.
        tag_frame: the bytes of its frame, b"" if there is none.
    """

    def __init__(self, file: BinaryIO, table: FrameTable, name: str) -> None:
        self._file, self._name = file, name
        self.form: Form = table.form
        self.table = table
        self.tag_offset = int(table.offsets[0])
        first = self._at(self.tag_offset, int(table.sizes[0]))
        self.tag = InfoTag.parse(first)
        self.tag_frame = first if self.tag else b""
        self._skipped = 1 if self.tag and not self.tag.is_played else 0
        self.offsets = table.offsets[self._skipped :]
        self.sizes = table.sizes[self._skipped :]

    def __len__(self) -> int:
        return len(self.offsets)

    @property
    def sound_offset(self) -> int:
        """Where the first played frame begins, or would begin."""
        return int(self.offsets[0]) if len(self) else self.table.end

    def frames(self, first: int, last: int) -> list[bytes]:
        """The bytes of the frames `first` to `last`, without the last."""
        if first >= last:
            return []
        start = int(self.offsets[first])
        run = self._at(start, int(self.offsets[last - 1] + self.sizes[last - 1]) - start)
        places = (self.offsets[first:last] - start).tolist()
        return [run[at : at + size] for at, size in zip(places, self.sizes[first:last].tolist(), strict=True)]

    def side(self, frame: bytes) -> SideInfo:
        """The side information of a frame."""
        begin = 4 if frame[1] & 1 else 6
        return SideInfo.parse(frame[begin : begin + self.form.side_bytes], self.form)

    def main_area(self, frame: bytes) -> bytes:
        """What a frame carries behind its side information."""
        return frame[(4 if frame[1] & 1 else 6) + self.form.side_bytes :]

    def main_before(self, number: int) -> bytes:
        """The bytes that frame `number` can look back for: `form.reservoir_bytes`, less near the start."""
        limit = self.form.reservoir_bytes
        found = b""
        while len(found) < limit and number > 0:
            first = max(0, number - 4)
            found = b"".join(map(self.main_area, self.frames(first, number))) + found
            number = first
        return found[-limit:]

    def decode(self, first: int, last: int) -> NDArray[np.float32]:
        """The frames `first` to `last` (without it) as sound, `[(last - first) * form.frame_samples, C]`.

        Raises:
            SongError: if libsndfile cannot decode them.
        """
        settle = 2 if self.form.version == MPEG1 else 4
        begin = max(0, first - settle)
        frames = self.frames(begin, last)
        for number, there in self.starved.items():
            if begin <= number < last:
                frames[number - begin] = _silenced(frames[number - begin], there, self.form)
        if Header.parse(frames[0][:4]) is None:  # it was there when the file was opened
            raise SongError(f"{self._name} was changed while it was read")
        kind = frames[0][1], frames[0][3]
        # In a decode of the whole, frames that are wholly delay do not turn the filter bank's ring.
        unheard = self.tag.skip // self.form.frame_samples if self.tag else 0
        lead = silence(self.form, kind, _PHASES + (begin - unheard) % _PHASES, self.main_before(begin))
        piece = b"".join((_length_frame(self.form, kind, lead, len(frames)), *lead, *frames))
        wanted = (last - first) * self.form.frame_samples
        try:
            with soundfile.SoundFile(io.BytesIO(piece)) as sound:
                most = (len(lead) + len(frames)) * self.form.frame_samples
                decoded = np.asarray(sound.read(most, "float32", always_2d=True), np.float32)
        except soundfile.LibsndfileError as error:
            where = int(self.offsets[first])
            raise SongError(f"{self._name} is damaged near byte {where}: {error.error_string}") from error
        if len(decoded) < wanted or decoded.shape[1] != self.form.channels:
            raise SongError(
                f"{self._name} is damaged near byte {int(self.offsets[first])}: it cannot be decoded"
            )
        # The start is less sure than the end: some decoders take a delay off where the tag tells of none.
        return decoded[len(decoded) - wanted :]

    @cached_property
    def starved(self) -> dict[int, int]:
        """Frames at the start of a cut file whose main data began before the cut; decoders play silence.

        For each the number of bytes in front of it that later frames can look back for.
        """
        starved: dict[int, int] = {}
        there = number = 0
        while there < self.form.reservoir_bytes and number < len(self):
            (frame,) = self.frames(number, number + 1)
            if self.side(frame).main_data_begin > there:
                starved[number] = there
            there += len(self.main_area(frame))
            number += 1
        return starved

    def _at(self, offset: int, length: int) -> bytes:
        self._file.seek(offset)
        found = self._file.read(length)
        if len(found) != length:
            raise SongError(f"{self._name} got shorter while it was read")
        return found


def _silenced(frame: bytes, there: int, form: Form) -> bytes:
    """The frame without sound of its own; later frames can still look back through it.

    It must itself look back as far as it can: mpg123 hands on no more than each frame asked for.
    """
    begin = 4 if frame[1] & 1 else 6
    side = with_begin(bytes(form.side_bytes), there, form)
    return frame[:begin] + side + frame[begin + form.side_bytes :]


def _empty_frame(form: Form, kind: tuple[int, int], kbps: int) -> bytearray:
    """A frame of silence: all of its side information is 0, so no main data is read."""
    index = form.bitrates_kbps.index(kbps)
    second, fourth = kind
    frame = bytearray(form.frame_bytes(index, 0))
    frame[:4] = bytes((0xFF, second | 1, index << 4 | form.rate_index << 2, fourth))
    return frame


def silence(form: Form, kind: tuple[int, int], count: int, reservoir: bytes) -> list[bytes]:
    """Frames of silence that leave the reservoir filled with these bytes."""
    largest = form.bitrates_kbps[-1]
    frames = [_empty_frame(form, kind, largest) for _ in range(count)]
    if reservoir:
        # The largest frame's area is more than the reservoir holds, at every rate.
        frames[-1][-len(reservoir) :] = reservoir
    return [bytes(frame) for frame in frames]


def _length_frame(form: Form, kind: tuple[int, int], lead: list[bytes], frames: int) -> bytes:
    """A Xing frame that tells the decoder how many frames there are; it would guess from the bitrate."""
    frame = _empty_frame(form, kind, 128 if form.version == MPEG1 else 64)
    at = 4 + form.side_bytes
    frame[at : at + 12] = b"Xing" + (1).to_bytes(4, "big") + (len(lead) + frames).to_bytes(4, "big")
    assert Header.parse(bytes(frame[:4])) is not None
    return bytes(frame)

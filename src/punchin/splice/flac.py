"""FLAC into FLAC: coded frames outside the patches are copied, those that a patch touches are coded anew.

A frame that is touched in part is decoded, patched and coded again, without loss, so its other samples stay
what they were; it keeps its number and block size, so no other frame changes. Metadata stays byte for byte
but for the frame sizes and the MD5 of STREAMINFO and the offsets of the seek table (RFC 9639, 8.2 and 8.5).
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container
from punchin.songfile.flacblocks import SEEK_POINT_BYTES, UNUSED_SEEK_POINT, BlockKind
from punchin.splice.copying import copy_bytes
from punchin.splice.flacencoding import encode_frame
from punchin.splice.model import CannotSplice, KeptBytes, Method, Splice
from punchin.splice.recode import patched, patched_blocks
from punchin.splice.tags import stale_tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punchin.songfile import Native
    from punchin.songfile.flac import FlacFile
    from punchin.songfile.flacframes import Frame
    from punchin.splice.model import Patch

MD5_UP_TO_S = 900.0
"""Longer songs get no MD5 of their decoded sound (sixteen zeros: not known, which every player and `flac -t`
accept): to have it, all of the song would have to be decoded, which for an hour takes ten times as long as
all the rest of the edit."""
UNKNOWN_MD5 = bytes(16)
_MD5_LEFT_OUT = (
    "the FLAC's MD5 of its decoded sound was left out, because all of the song would have to be decoded "
    "for it; `punchin verify` compares all of the sound"
)


@dataclass(slots=True)
class _Run:
    """Neighbouring coded frames that patches touch, from `first` to `last`.

    Attributes:
        first, last: the first and the last of them, as they lie in the source.
        new_offset: where the first one lies in the output.
        lengths: of the new frames, in bytes.
        starts: the frame of sound that each begins with.
    """

    first: Frame
    last: Frame
    new_offset: int = 0
    lengths: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)

    @property
    def grown(self) -> int:
        """By how many bytes the new frames are longer than the old."""
        return sum(self.lengths) - (self.last.end_offset - self.first.offset)


class FlacSplicer:
    """Writes a patched copy of a FLAC file.

    Raises:
        CannotSplice: if the frames do not say plainly which samples they hold.
    """

    container = Container.FLAC
    method = Method.FRAMES

    def __init__(self, source: FlacFile) -> None:
        self._source = source
        finder = source.frame_finder
        first, last = finder.first(), finder.last()
        if first is None or last is None or first.start != 0:
            raise CannotSplice("its first frame is not frame 0: it was cut out of a longer stream")
        if last.end != source.frames:
            raise CannotSplice("its frames do not add up to the length that its header tells")

    def writable(self, region: Frames) -> Frames:
        """All of the region: frames are coded without loss."""
        return region

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """See `Splicer.write`."""
        source, layout = self._source, self._source.layout
        runs = self._runs(patches)
        with source.path.open("rb") as file:
            size = file.seek(0, 2)
            at = 0

            def report(done: int) -> None:
                progress(0.5 * (at + done) / size)

            for run in runs:
                copy_bytes(file, output, at, run.first.offset - at, report)
                at = run.first.offset
                self._code(run, patches, output)
                at = run.last.end_offset
            copy_bytes(file, output, at, size - at, report)
        md5, warnings = self._md5(patches, lambda done: progress(0.5 + 0.5 * done))
        self._mend_streaminfo(output, runs, md5)
        self._mend_seek_tables(output, runs)
        progress(1.0)
        return Splice(
            method=self.method,
            container=self.container,
            changed=tuple(patch.frames for patch in patches),
            kept=tuple(_kept(runs, layout.sound_offset, layout.sound_end)),
            warnings=(*warnings, *stale_tags(source)),
        )

    def _runs(self, patches: Sequence[Patch]) -> list[_Run]:
        runs: list[_Run] = []
        for patch in patches:
            if not len(patch.frames):
                continue
            first, last = self._frame(patch.frames.start), self._frame(patch.frames.end - 1)
            if runs and first.offset <= runs[-1].last.end_offset:
                runs[-1].last = last
            else:
                runs.append(_Run(first, last))
        return runs

    def _frame(self, sample: int) -> Frame:
        frame = self._source.frame_finder.holding(sample)
        if frame is None:
            raise SongError(
                f"{self._source.path} is damaged near frame {sample}: no whole frame of sound holds it"
            )
        return frame

    def _code(self, run: _Run, patches: Sequence[Patch], output: BinaryIO) -> None:
        """Write the frames of a run anew, one by one."""
        source = self._source
        info, finder = source.layout.info, source.frame_finder
        run.new_offset = output.tell()
        frame: Frame | None = run.first
        while frame and frame.offset <= run.last.offset:
            held = Frames(frame.start, frame.end)
            sound = source.read_native(held)
            coded = encode_frame(patched(sound, held, patches), finder.bytes_of(frame), frame.header, info)
            output.write(coded)
            run.lengths.append(len(coded))
            run.starts.append(frame.start)
            frame = finder.next(frame)

    def _md5(
        self, patches: Sequence[Patch], progress: Callable[[float], None]
    ) -> tuple[bytes, tuple[str, ...]]:
        """The MD5 of all decoded samples of the output, and a warning if it is left unknown."""
        source = self._source
        info = source.layout.info
        if info.md5 == UNKNOWN_MD5:
            return UNKNOWN_MD5, ()
        if source.duration_s > MD5_UP_TO_S or not source.decodes_fast:
            return UNKNOWN_MD5, (_MD5_LEFT_OUT,)
        digest = hashlib.md5(usedforsecurity=False)
        for block, native in patched_blocks(source, patches):
            digest.update(_md5_bytes(native, info.bits))
            progress(block.end / source.frames)
        return digest.digest(), ()

    def _mend_streaminfo(self, output: BinaryIO, runs: Sequence[_Run], md5: bytes) -> None:
        layout = self._source.layout
        info = layout.info
        lengths = [length for run in runs for length in run.lengths]
        shortest = min([info.shortest_frame, *lengths]) if info.shortest_frame else 0
        longest = max([info.longest_frame, *lengths]) if info.longest_frame else 0
        output.seek(layout.blocks[0].offset)
        output.write(replace(info, shortest_frame=shortest, longest_frame=longest, md5=md5).to_bytes())

    def _mend_seek_tables(self, output: BinaryIO, runs: Sequence[_Run]) -> None:
        layout = self._source.layout
        for block in layout.of_kind(BlockKind.SEEKTABLE):
            output.seek(block.offset)
            table = bytearray(output.read(block.length))
            for at in range(0, len(table) - SEEK_POINT_BYTES + 1, SEEK_POINT_BYTES):
                sample, offset = struct.unpack_from(">QQ", table, at)
                if sample != UNUSED_SEEK_POINT:
                    moved = _moved(sample, offset + layout.sound_offset, runs) - layout.sound_offset
                    struct.pack_into(">Q", table, at + 8, moved)
            output.seek(block.offset)
            output.write(table)


def _moved(sample: int, offset: int, runs: Sequence[_Run]) -> int:
    """Where a seek point's frame lies in the output."""
    shift = 0
    for run in runs:
        if offset < run.first.offset:
            break
        if offset < run.last.end_offset:
            before = sum(
                length for length, start in zip(run.lengths, run.starts, strict=True) if start < sample
            )
            return run.new_offset + min(before, sum(run.lengths[:-1]))
        shift += run.grown
    return offset + shift


def _kept(runs: Sequence[_Run], begin: int, end: int) -> Iterator[KeptBytes]:
    at = shift = 0
    at = begin
    for run in runs:
        if at < run.first.offset:
            yield KeptBytes(at, at + shift, run.first.offset - at)
        at = run.last.end_offset
        shift += run.grown
    if at < end:
        yield KeptBytes(at, at + shift, end - at)


def _md5_bytes(native: Native, bits: int) -> bytes:
    """Samples as STREAMINFO's MD5 wants them: interleaved, little-endian, in whole bytes (RFC 9639, 8.2)."""
    interleaved = np.ascontiguousarray(native.T)
    sample_bytes = -(-bits // 8)
    if sample_bytes == 1:
        return interleaved.astype(np.int8).tobytes()
    if sample_bytes == 3:
        four = interleaved.astype("<i4").reshape(-1, 1).view(np.uint8)
        return four.reshape(-1, 4)[:, :3].tobytes()
    return interleaved.astype(f"<i{sample_bytes}").tobytes()

"""MP3 into MP3: only the frames of the edit are coded anew, all others are kept byte for byte.

Others cut MP3s at frame borders without repairing the bit reservoir and the overlap of frames, or code the
whole song again. Here the new frames carry what the next kept frame looks back for, and the song's own sound
is coded where they meet kept frames, so that every decoder gives the same samples as before outside the edit.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

import soundfile
from fastcrc import crc16

from punchin.songfile import Container
from punchin.splice import mp3joints
from punchin.splice.copying import copy_bytes
from punchin.splice.model import CannotSplice, KeptBytes, Method, Splice
from punchin.splice.mp3making import NewFrames, make_frames
from punchin.splice.mp3tag import NewSizes, retold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punchin.region import Frames
    from punchin.songfile.mp3 import Mp3File
    from punchin.splice.model import Patch

CRC_BLOCK_BYTES = 1 << 22
LEAST_FRAMES = 3
"""A song of fewer frames has no room for a joint."""
_STALE_NAMES = (b"replaygain", b"r128_", b"rva2")


class Mp3Splicer:
    """Writes a patched copy of an MP3 file.

    Raises:
        CannotSplice: if the file's structure does not allow it.
    """

    container = Container.MP3
    method = Method.FRAMES

    def __init__(self, source: Mp3File) -> None:
        if "MP3" not in soundfile.available_formats():
            raise CannotSplice("this libsndfile was built without MP3")
        if len(source.stream) < LEAST_FRAMES:
            raise CannotSplice(f"it has only {len(source.stream)} frames")
        self._source = source

    def writable(self, region: Frames) -> Frames:
        """See `Splicer.writable`; some 30 to 60 ms less than the region at each side, at 44.1 kHz."""
        return mp3joints.writable(self._source, region)

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """See `Splicer.write`.

        Raises:
            OutputError: if this libsndfile cannot code the new frames.
            ValueError: if a patch is not inside a range that `writable` gave, or two are too close.
        """
        source = self._source
        made = _made(source, patches, lambda part: progress(0.7 * part))
        with source.path.open("rb") as file:
            kept = _write_frames(source, file, made, output, lambda part: progress(0.7 + 0.3 * part))
            warnings = _stale(file, source)
        progress(1.0)
        return Splice(
            method=self.method,
            container=self.container,
            changed=tuple(mp3joints.changed(source, new.span) for new in made),
            kept=tuple(kept),
            warnings=warnings,
        )


def _made(source: Mp3File, patches: Sequence[Patch], report: Callable[[float], None]) -> list[NewFrames]:
    spans = [mp3joints.edit_span(source, patch.frames) for patch in patches]
    for before, after in pairwise(spans):
        if before.last >= after.first:
            raise ValueError("two patches are too close to each other to have come from separate regions")
    made: list[NewFrames] = []
    for number, (patch, span) in enumerate(zip(patches, spans, strict=True)):
        made.append(
            make_frames(source, patch, span, lambda part, n=number: report((n + part) / len(patches)))
        )
    return made


def _write_frames(
    source: Mp3File,
    file: BinaryIO,
    made: Sequence[NewFrames],
    output: BinaryIO,
    report: Callable[[float], None],
) -> list[KeptBytes]:
    """Write everything in the order of the file, then tell the info tag anew; gives the kept runs."""
    stream = source.stream
    size = file.seek(0, 2)
    kept: list[KeptBytes] = []

    def keep(start: int, end: int) -> None:
        if start < end:
            kept.append(KeptBytes(start, output.tell(), end - start))
            copy_bytes(file, output, start, end - start, lambda done: report(0.9 * (start + done) / size))

    at = 0
    if stream.tag is not None:
        keep(0, stream.tag_offset)
        output.write(stream.tag_frame)
        at = stream.tag_offset + len(stream.tag_frame)
    for new in made:
        for number, frame in enumerate(new.frames, new.span.first):
            # Whatever stands between two frames (the tag of a second file, junk) stays between them.
            keep(at, int(stream.offsets[number]))
            output.write(frame)
            at = int(stream.offsets[number] + stream.sizes[number])
    keep(at, size)
    if stream.tag is not None:
        _retell_tag(source, made, output)
    return kept


def _retell_tag(source: Mp3File, made: Sequence[NewFrames], output: BinaryIO) -> None:
    stream = source.stream
    sizes = stream.sizes.copy()
    for new in made:
        sizes[new.span.first : new.span.last] = [len(frame) for frame in new.frames]
    placed = NewSizes.of(stream, sizes)
    crc = 0
    for block in _blocks(output, stream.sound_offset, stream.tag_offset + placed.total):
        crc = crc16.arc(block, crc)
    output.seek(stream.tag_offset)
    output.write(retold(stream, placed, crc))
    output.seek(0, 2)


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    file.flush()
    file.seek(start)
    while start < end:
        block = file.read(min(CRC_BLOCK_BYTES, end - start))
        if not block:
            return
        start += len(block)
        yield block


def _stale(file: BinaryIO, source: Mp3File) -> tuple[str, ...]:
    """Warn of loudness tags: they were measured on the original."""
    stream = source.stream
    end = file.seek(0, 2)
    for start, stop in ((0, stream.tag_offset), (stream.table.end, end)):
        before = b""
        for block in _blocks(file, start, stop):
            # Text in UTF-16 has a zero behind (or in front of) every letter.
            text = (before + block).replace(b"\0", b"").lower()
            if any(name in text for name in _STALE_NAMES):
                return ("its loudness tags (ReplayGain or R128) were kept and still describe the original",)
            before = block[-64:]
    return ()

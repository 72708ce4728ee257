"""Boxes of an MP4 file, as far as is needed to know that it is not encrypted.

Source: ISO/IEC 14496-12, 4.2 (boxes), 8.5.2 (sample descriptions) and 8.12 (protection).
FFmpeg decodes the cipher of protected songs as if it were sound, so they must be recognised before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from punchin.errors import SongError

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BOXES = 10_000
MOST_MOOV_BYTES = 1 << 28
_PROTECTED = (b"drms", b"drmi", b"enca", b"encv")
"""Sample entries of protected sound and pictures: Apple's FairPlay, and 14496-12, 8.12."""
_PATH = (b"trak", b"mdia", b"minf", b"stbl", b"stsd")


def sample_entries(file: BinaryIO, size: int) -> list[bytes]:
    """The four-letter names of all sample entries of all tracks: `mp4a`, `alac`, `drms` ...

    Raises:
        SongError: if there is no `moov` box, or it is larger than any song's.
    """
    moov = b""
    for name, offset, length in _file_boxes(file, size):
        if name == b"moov":
            if length > MOST_MOOV_BYTES:
                raise SongError(f"the MP4 has an index of {length >> 20} MB; no song needs so much")
            file.seek(offset)
            moov = file.read(length)
            break
    if not moov:
        raise SongError("the MP4 has no index (moov box); it is cut off, or was never finished")
    return [entry for table in _inside(moov, _PATH) for entry in _entries(table)]


def is_protected(entries: list[bytes]) -> bool:
    """Whether any track is encrypted."""
    return any(entry in _PROTECTED for entry in entries)


def _file_boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset and length of the content of each box at the top of the file."""
    at = 0
    for _ in range(MOST_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        length, header = int.from_bytes(head[:4], "big"), 8
        if length == 1:
            length, header = int.from_bytes(head[8:16], "big"), 16
        if length == 0:
            length = size - at
        if length < header:
            return
        yield head[4:8], at + header, length - header
        at += length
        if at >= size:  # a length of 64 bits may be beyond what a file can be asked for
            return


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 0
    while at + 8 <= len(body):
        length = int.from_bytes(body[at : at + 4], "big") or len(body) - at
        if length < 8:
            return
        yield body[at + 4 : at + 8], body[at + 8 : at + length]
        at += length


def _inside(body: bytes, path: tuple[bytes, ...]) -> Iterator[bytes]:
    """The content of every box that lies at this path."""
    if not path:
        yield body
        return
    for name, content in _boxes(body):
        if name == path[0]:
            yield from _inside(content, path[1:])


def _entries(table: bytes) -> Iterator[bytes]:
    """Names of the entries of a sample description box, whose content begins with version and count."""
    for name, content in _boxes(table[8:]):
        # A protected entry may keep its old name; the box `sinf` in it tells.
        yield b"enca" if b"sinf" in content else name

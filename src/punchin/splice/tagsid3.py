"""ID3v2 tags of MP3 files, versions 2.2 to 2.4: text and pictures.

Sources: the informal standards at id3.org, "ID3 tag version 2.2.0", "2.3.0" and "2.4.0 - Main Structure" and
"- Native Frames". Compressed and encrypted frames are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.songfile.flacblocks import id3v2_length
from punchin.splice.tags import MOST_BYTES, Tags, picture_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_NAMES = {
    "TIT2": "TITLE",
    "TT2": "TITLE",
    "TPE1": "ARTIST",
    "TP1": "ARTIST",
    "TALB": "ALBUM",
    "TAL": "ALBUM",
    "TPE2": "ALBUMARTIST",
    "TP2": "ALBUMARTIST",
    "TCOM": "COMPOSER",
    "TCM": "COMPOSER",
    "TCON": "GENRE",
    "TCO": "GENRE",
    "TRCK": "TRACKNUMBER",
    "TRK": "TRACKNUMBER",
    "TPOS": "DISCNUMBER",
    "TPA": "DISCNUMBER",
    "TDRC": "DATE",
    "TYER": "DATE",
    "TYE": "DATE",
    "TBPM": "BPM",
    "TBP": "BPM",
    "TCOP": "COPYRIGHT",
    "TCR": "COPYRIGHT",
    "TSRC": "ISRC",
}
_ENCODINGS = ("latin-1", "utf-16", "utf-16-be", "utf-8")


def id3_tags(path: Path) -> Tags:
    """The text frames and pictures of the ID3v2 tag in front of a file."""
    with path.open("rb") as file:
        length = id3v2_length(file.read(10))
        if not 10 < length <= MOST_BYTES:
            return Tags()
        file.seek(0)
        tag = file.read(length)
    comments: list[tuple[str, str]] = []
    pictures: list[bytes] = []
    for name, body in _frames(tag):
        if not body:
            continue
        if name in ("APIC", "PIC"):
            pictures.append(_picture(name, body))
        elif name in ("TXXX", "TXX"):
            label, _, value = _text(body[0], body[1:]).partition("\0")
            comments.append((label.upper(), value.strip("\0")))
        elif name in ("COMM", "COM", "USLT", "ULT"):
            value = _text(body[0], body[4:]).partition("\0")[2].strip("\0")
            comments.append(("COMMENT" if name.startswith("COM") else "LYRICS", value))
        elif name in _NAMES:
            values = _text(body[0], body[1:]).strip("\0").split("\0")
            comments += [(_NAMES[name], value) for value in values]
    return Tags(tuple(pair for pair in comments if all(pair)), tuple(pictures))


def _frames(tag: bytes) -> Iterator[tuple[str, bytes]]:
    """Name and content of each frame."""
    version, flags = tag[3], tag[5]
    body = tag[10:]
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")  # unsynchronisation of the whole tag
    at = 0
    if flags & 0x40 and version >= 3:
        size = _size(body[:4], syncsafe=version == 4)
        at = size if version == 4 else size + 4  # an extended header
    name_bytes, head_bytes = (3, 6) if version == 2 else (4, 10)
    while at + head_bytes <= len(body) and body[at]:
        name = body[at : at + name_bytes].decode("latin-1")
        size = _size(body[at + name_bytes : at + 2 * name_bytes], syncsafe=version == 4)
        content = body[at + head_bytes : at + head_bytes + size]
        coding = body[at + 9] if version > 2 else 0
        at += head_bytes + size
        if coding & (0x0C if version == 4 else 0xC0):
            continue
        if version == 4 and coding & 0x01:
            content = content[4:]  # a length in front
        if version == 4 and coding & 0x02:
            content = content.replace(b"\xff\x00", b"\xff")
        yield name, content


def _size(four: bytes, *, syncsafe: bool) -> int:
    size = 0
    for byte in four:
        size = size << (7 if syncsafe else 8) | byte
    return size


def _text(coding: int, body: bytes) -> str:
    """Text in one of ID3's four encodings; zeros separate several values."""
    text = body.decode(_ENCODINGS[coding & 3], "replace")
    return text.replace("\ufeff", "")


def _picture(name: str, body: bytes) -> bytes:
    if name == "PIC":
        mime, at = f"image/{body[1:4].decode('latin-1').lower().replace('jpg', 'jpeg')}", 4
    else:
        end = body.index(0, 1)
        mime, at = body[1:end].decode("latin-1"), end + 1
    kind, start = body[at], at + 1
    step = 2 if body[0] in (1, 2) else 1  # UTF-16 ends with two zeros on a whole place
    end = start
    while body[end : end + step].strip(b"\0"):
        end += step
    return picture_bytes(kind, mime, _text(body[0], body[start:end]), body[end + step :])

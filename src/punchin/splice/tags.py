"""What a song says about itself, title to cover picture, brought from one format into another.

The common form is that of Vorbis comments and of FLAC's PICTURE block (RFC 9639, 8.6 and 8.8; also the
content of METADATA_BLOCK_PICTURE in Ogg): names in capitals, several values of one name allowed.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

import soundfile

from punchin.songfile import Container
from punchin.songfile.flacblocks import BlockKind

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.songfile import SongFile

MOST_BYTES = 1 << 26
"""More tags than this are not read: 64 MB."""
_STALE = ("REPLAYGAIN_", "R128_", "ACOUSTID_FINGERPRINT", "ACCURATERIP")
_OF_THE_CODER = ("ENCODER", "ENCODER_OPTIONS", "SOFTWARE")
_OF_LIBSNDFILE = {
    "title": "TITLE",
    "artist": "ARTIST",
    "album": "ALBUM",
    "date": "DATE",
    "genre": "GENRE",
    "tracknumber": "TRACKNUMBER",
    "comment": "COMMENT",
    "copyright": "COPYRIGHT",
    "license": "LICENSE",
}
"""The names that libsndfile writes into every format that has a place for them."""


@dataclass(frozen=True, slots=True)
class Tags:
    """Text and pictures.

    Attributes:
        comments: pairs of name (in capitals) and value.
        pictures: each the content of a FLAC PICTURE block.
    """

    comments: tuple[tuple[str, str], ...] = ()
    pictures: tuple[bytes, ...] = ()

    def without_coder(self) -> Tags:
        """The same without what tells by which program the sound was coded: that will be another one."""
        kept = tuple((name, value) for name, value in self.comments if name not in _OF_THE_CODER)
        return Tags(kept, self.pictures)

    def for_libsndfile(self) -> dict[str, str]:
        """What libsndfile can write of the comments, by its names; several values are joined by
        semicolons.
        """
        found: dict[str, str] = {}
        for ours, name in _OF_LIBSNDFILE.items():
            values = [value for key, value in self.comments if key == name and value]
            if values:
                found[ours] = "; ".join(values)
        return found

    def beyond_libsndfile(self) -> tuple[str, ...]:
        """The names that it cannot write."""
        known = {*_OF_LIBSNDFILE.values()}
        return tuple(dict.fromkeys(key for key, _ in self.comments if key not in known))


def tags_of(source: SongFile) -> Tags:
    """The tags of a song, as far as they are understood; damaged ones are left out, never an error."""
    try:
        if source.container is Container.FLAC:
            return _flac_tags(source)
        if source.container in (Container.OGG, Container.OPUS):
            from punchin.splice.tagsogg import ogg_tags

            return ogg_tags(source.path)
        if source.container is Container.MP3:
            from punchin.splice.tagsid3 import id3_tags

            return id3_tags(source.path)
        if source.container is Container.M4A:
            return _m4a_tags(source)
        return _sndfile_tags(source.path)
    except (struct.error, ValueError, IndexError):
        return Tags()


def stale_tags(source: SongFile) -> tuple[str, ...]:
    """A warning if the song has tags that describe its sound and are no longer quite true after an edit."""
    names = [key for key, _ in tags_of(source).comments if key.startswith(_STALE)]
    if not names:
        return ()
    return (f"these tags still describe the original sound: {', '.join(dict.fromkeys(names))}",)


def parse_comments(body: bytes) -> tuple[tuple[str, str], ...]:
    """The content of a VORBIS_COMMENT block: little-endian lengths and UTF-8 (RFC 9639, 8.6)."""
    at = 4 + struct.unpack_from("<I", body, 0)[0]
    count = struct.unpack_from("<I", body, at)[0]
    at += 4
    comments: list[tuple[str, str]] = []
    for _ in range(min(count, len(body) // 4)):
        length = struct.unpack_from("<I", body, at)[0]
        if at + 4 + length > len(body):
            break
        name, equals, value = body[at + 4 : at + 4 + length].decode("utf-8", "replace").partition("=")
        if equals:
            comments.append((name.upper(), value))
        at += 4 + length
    return tuple(comments)


def comment_bytes(comments: tuple[tuple[str, str], ...], vendor: str) -> bytes:
    """The content of a VORBIS_COMMENT block; the inverse of `parse_comments`."""
    texts = [vendor.encode(), *(f"{name}={value}".encode() for name, value in comments)]
    vendor_text, *rest = [struct.pack("<I", len(text)) + text for text in texts]
    return vendor_text + struct.pack("<I", len(rest)) + b"".join(rest)


def picture_bytes(kind: int, mime: str, description: str, body: bytes) -> bytes:
    """The content of a PICTURE block; width, height and colours are left unknown (RFC 9639, 8.8)."""
    type_text, about = mime.encode("ascii", "replace"), description.encode()
    return (
        struct.pack(">II", kind, len(type_text))
        + type_text
        + struct.pack(">I", len(about))
        + about
        + struct.pack(">IIIII", 0, 0, 0, 0, len(body))
        + body
    )


def _flac_tags(source: SongFile) -> Tags:
    from punchin.songfile.flac import FlacFile

    if not isinstance(source, FlacFile):
        return _sndfile_tags(source.path)
    comments: list[tuple[str, str]] = []
    pictures: list[bytes] = []
    with source.path.open("rb") as file:
        for block in source.layout.blocks:
            if block.kind in (BlockKind.VORBIS_COMMENT, BlockKind.PICTURE):
                file.seek(block.offset)
                body = file.read(block.length)
                if block.kind == BlockKind.PICTURE and sum(map(len, pictures)) + len(body) <= MOST_BYTES:
                    pictures.append(body)
                elif block.kind == BlockKind.VORBIS_COMMENT:
                    comments += parse_comments(body)
    return Tags(tuple(comments), tuple(pictures))


def _m4a_tags(source: SongFile) -> Tags:
    from punchin.songfile.m4a import M4aFile

    if not isinstance(source, M4aFile):
        return Tags()
    found, covers = source.read_tags()
    technical = ("MAJOR_BRAND", "MINOR_VERSION", "COMPATIBLE_BRANDS", "CREATION_TIME")
    comments = tuple((name, value) for name, value in _named(found).comments if name not in technical)
    mime = ["image/png" if cover.startswith(b"\x89PNG") else "image/jpeg" for cover in covers]
    # MP4 does not say what a picture shows; 3 is the front cover.
    return Tags(
        comments, tuple(picture_bytes(3, kind, "", cover) for kind, cover in zip(mime, covers, strict=True))
    )


def _sndfile_tags(path: Path) -> Tags:
    try:
        with soundfile.SoundFile(path) as sound:
            return _named(sound.copy_metadata())
    except soundfile.LibsndfileError:
        return Tags()


def _named(found: dict[str, str]) -> Tags:
    """Tags by names in small letters, as libsndfile and FFmpeg give them."""
    aliases = {"track": "TRACKNUMBER", "disc": "DISCNUMBER", "album_artist": "ALBUMARTIST"}
    comments = [(aliases.get(name, name.upper()), value) for name, value in found.items()]
    return Tags(tuple((name, value) for name, value in comments if value))

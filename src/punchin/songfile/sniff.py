"""What a file is, by its first bytes; its name is never asked."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What the first bytes say."""

    WAV = "WAV"
    FLAC = "FLAC"
    OGG = "Ogg"
    M4A = "MP4"
    MP3 = "MP3"
    SNDFILE = "AIFF, CAF or W64"


HEAD_BYTES = 4096
"""How much of a file is looked at."""

_WAV_MAGIC = (b"RIFF", b"RIFX", b"RF64", b"BW64")

_STRANGERS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"MThd", "a MIDI file: notes, not sound"),
    (b"#EXTM3U", "a playlist"),
    (b"[playlist]", "a playlist"),
    (b"ffconcat", "an FFmpeg script"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (b"0&\xb2u", "a Windows Media file"),
    (b"MAC ", "Monkey's Audio"),
    (b"wvpk", "WavPack"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
)


def kind_of(head: bytes) -> Kind | None:
    """The kind of file that begins with these bytes, or None if it is not one that can be music for us."""
    if head[:4] in _WAV_MAGIC and head[8:12] == b"WAVE":
        return Kind.WAV
    if head[:4] == b"fLaC":
        return Kind.FLAC
    if head[:4] == b"OggS":
        return Kind.OGG
    if head[4:8] == b"ftyp":
        return Kind.M4A
    if (
        (head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"))
        or head[:4] == b"caff"
        or head[:4] == b"riff"
    ):
        return Kind.SNDFILE
    if head[:3] == b"ID3" or _mpeg_sync(head):
        return Kind.MP3
    return None


def _mpeg_sync(head: bytes) -> bool:
    """An MPEG audio frame header: eleven set bits, then no reserved version, layer, bitrate or rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = (head[1] >> 3) & 3, (head[1] >> 1) & 3
    return version != 1 and layer != 0 and head[2] >> 4 != 15 and (head[2] >> 2) & 3 != 3


def looks_like(head: bytes) -> str:
    """What a file that is not music seems to be, for the error message."""
    for magic, name in _STRANGERS:
        if head.startswith(magic):
            return name
    start = head[:512].lstrip().lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return "a web page"
    if start.startswith((b"{", b"[")):
        return "JSON"
    if head and all(byte >= 32 or byte in b"\t\r\n" for byte in head[:512]):
        return "text"
    return "something unknown"

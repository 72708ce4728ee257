"""What a song is, as the page shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from punchin.proof import file_sha256
from punchin.splice.tags import tags_of

if TYPE_CHECKING:
    from punchin.desk.protocol import About, Answer
    from punchin.songfile import SongFile

SHOWN = ("TITLE", "ARTIST", "ALBUM", "DATE", "GENRE")
LONGEST = 200


def about(song: SongFile, question: About, answer: Answer) -> None:
    """Give what there is to say of a song, in JSON."""
    answer.give(msgspec.json.encode(facts(song, question.name)))


def facts(song: SongFile, name: str) -> dict[str, Any]:
    """Format, length, size, hash of its bytes, and what it says of itself."""
    return {
        "name": name,
        "format": str(song.container),
        "codec": song.codec,
        "sample_format": str(song.sample_format),
        "lossless": song.lossless,
        "rate_hz": song.rate_hz,
        "channels": song.channels,
        "frames": song.frames,
        "duration_s": song.duration_s,
        "bytes": song.path.stat().st_size,
        "sha256": file_sha256(song.path),
        "tags": _tags(song),
        "warnings": list(song.warnings),
    }


def _tags(song: SongFile) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in tags_of(song).comments:
        if name in SHOWN and value.strip():
            found.setdefault(name.lower(), value.strip()[:LONGEST])
    return found

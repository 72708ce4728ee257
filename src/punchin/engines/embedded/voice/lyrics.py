"""Lyrics as people type them: sections and lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

from punchin.engines.embedded.voice.recognising import language_of

INSTRUMENTAL = frozenset({"inst", "instrumental", "no vocals", "music only"})
"""Section tags that ask for no singing where there are no words at all."""

_SECTION = re.compile(r"\[[^\]\n]*\]")
_HEADING = re.compile(
    r"^[ \t]*\(?(?:pre-?|post-?)?(?:verse|chorus|bridge|hook|refrain|intro|outro|interlude|strophe|estribillo"
    r"|estrofa|strofa|ritornello|coro|couplet|puente|ponte)[ \t]*\d*[ \t]*(?:\)|:|:\))[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""A section that is named without square brackets, on a line of its own: `Verse 2:` or `(Chorus)`."""


@dataclass(frozen=True, slots=True)
class Lyrics:
    """Words to sing.

    Attributes:
        lines: as they were written, one a line, without section tags and empty lines.
        instrumental: nobody shall sing: `[inst]` and no words.
    """

    lines: tuple[str, ...]
    instrumental: bool = False


def parse_lyrics(text: str) -> Lyrics:
    """Read lyrics: a line is a phrase; section tags like `[verse]` are not sung.

    `[inst]` or `[instrumental]` without words asks for no vocals. Text without any word gives no lines.
    """
    tags = {" ".join(tag[1:-1].lower().split()) for tag in _SECTION.findall(text)}
    lines = [" ".join(line.split()) for line in _HEADING.sub("", _SECTION.sub("\n", text)).splitlines()]
    lines = [line for line in lines if any(c.isalnum() for c in line)]
    return Lyrics(tuple(lines), instrumental=not lines and bool(tags & INSTRUMENTAL))


def check_language(lyrics: Lyrics, language: str | None) -> None:
    """Refuse what the voice cannot pronounce, as `language_of` does."""
    language_of(lyrics.lines, language)

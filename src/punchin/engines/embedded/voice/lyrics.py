"""Lyrics as people type them: sections, lines, and the words that the voice can pronounce."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from punchin.engines.embedded.voice.numbers import in_words
from punchin.errors import EditError

INSTRUMENTAL = frozenset({"inst", "instrumental", "no vocals", "music only"})
"""Section tags that ask for no singing where there are no words at all."""

LANGUAGES = {"en": "English"}
"""What the voice can sing."""

_SECTION = re.compile(r"\[[^\]\n]*\]")
_ASIDE = re.compile(r"[()]")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?|'[a-z]+")
_PLAIN = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "–": "-", "—": "-", "&": " and "})
_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l"}
)


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
    lines = [" ".join(line.split()) for line in _SECTION.sub("\n", text).splitlines()]
    lines = [line for line in lines if any(c.isalnum() for c in line)]
    return Lyrics(tuple(lines), instrumental=not lines and bool(tags & INSTRUMENTAL))


def check_language(lyrics: Lyrics, language: str | None) -> None:
    """Refuse what the voice cannot pronounce.

    Args:
        lyrics: what is to be sung.
        language: as the person named it, "en" or "en-US"; None takes it for English.

    Raises:
        EditError: if the language or a letter is foreign to the voice; names what it has.
    """
    known = ", ".join(LANGUAGES.values())
    if language is not None and language.lower().replace("_", "-").split("-")[0] not in LANGUAGES:
        raise EditError(f"lyrics in language {language!r} cannot be sung; the voice sings {known}")
    for line in lyrics.lines:
        for letter in line:
            if letter.isalpha() and not _is_latin(letter):
                script = unicodedata.name(letter, "unknown").split()[0].title()
                raise EditError(
                    f"the lyrics have {letter!r} ({script} script), which the voice cannot pronounce; "
                    f"it sings {known}, written in Latin letters"
                )


def words_of(line: str) -> tuple[str, ...]:
    """The words of a line as the dictionary writes them: lower case, numbers in words, accents off.

    >>> words_of("Twenty-4 cafés, rockin' & rollin'!")
    ('twenty', 'four', 'cafes', "rockin'", 'and', "rollin'")
    """
    plain = in_words(_ASIDE.sub(" ", line.translate(_PLAIN))).translate(_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    found = _WORD.findall(plain.lower())
    return tuple(word.rstrip("'") if word.endswith("s'") else word for word in found)


def _is_latin(letter: str) -> bool:
    return "LATIN" in unicodedata.name(letter, "") or letter in "ªºʼ"

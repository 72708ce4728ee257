"""Which language lyrics are in: what the person says, or by words and letters that hardly another has."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from punchin.engines.embedded.voice.counting import MOST, in_words
from punchin.engines.embedded.voice.languages import ENGLISH, LANGUAGES, NOT_UNDERSTOOD
from punchin.engines.embedded.voice.spelling import without_asides
from punchin.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.embedded.voice.languages import Language

LEAST_TELLING = 2
"""How many words must speak for a language other than English."""

TELLING_SHARE = 0.2
"""Which share of all words they must be."""

AHEAD = 2.0
"""How many times as many they must be as those of English."""

_WORD = re.compile(r"[^\W\d_]+'?")
_WITH_DIGITS = re.compile(r"\S*\d\S*")


def language_of(lines: Sequence[str], asked: str | None) -> Language:
    """The language that lyrics are sung in.

    It is English unless the words clearly speak for another one: English that is read as Spanish is worse
    than a few Spanish words that are read as English.

    Args:
        lines: what is to be sung.
        asked: as the person named it, "es" or "es-MX"; None has it told from the words.

    Raises:
        EditError: if the voice does not have the language or the script, or would have to read digits that
            are no whole number in another language than English; says what it has.
    """
    for line in lines:
        _check_script(line)
    language = _recognised(lines) if asked is None else _named(asked)
    left = (in_words(line, language.code) for line in lines)
    digits = next((found[0] for line in left if (found := _WITH_DIGITS.search(line))), None)
    if digits and language is not ENGLISH:
        raise EditError(
            f"write {digits!r} in words: in {language.name} only whole numbers up to {MOST} are read"
        )
    return language


def _named(asked: str) -> Language:
    code = asked.lower().replace("_", "-").split("-")[0]
    if code not in LANGUAGES:
        raise EditError(f"lyrics in language {asked!r} cannot be sung; the voice sings {_all_names()}")
    return LANGUAGES[code]


def _recognised(lines: Sequence[str]) -> Language:
    words = [word for line in lines for word in _WORD.findall(_plain(line))]
    if not words:
        return ENGLISH
    known = {**LANGUAGES, **NOT_UNDERSTOOD}
    votes = {code: _telling(words, language) for code, language in known.items()}
    english = votes.pop(ENGLISH.code)
    best = max(votes, key=lambda code: votes[code])
    enough = max(LEAST_TELLING, TELLING_SHARE * len(words), AHEAD * english)
    if votes[best] < enough:
        return ENGLISH
    if best in NOT_UNDERSTOOD:
        raise EditError(
            f"the lyrics are {known[best].name}, in which the voice is not understood yet; "
            f"it sings {_all_names()}"
        )
    return LANGUAGES[best]


def _telling(words: Sequence[str], language: Language) -> int:
    """How much speaks for a language: words of its own, and words with letters of its own."""
    known, letters = language.telling()
    return sum((word in known) + bool(letters & set(word)) for word in words)


def _plain(line: str) -> str:
    return unicodedata.normalize("NFC", without_asides(line)).lower()


def _check_script(line: str) -> None:
    for letter in line:
        if letter.isalpha() and not _is_latin(letter):
            script = unicodedata.name(letter, "unknown").split()[0].title().replace("Cjk", "Chinese")
            raise EditError(
                f"the lyrics have {letter!r} ({script} script), which the voice cannot pronounce; "
                f"it sings {_all_names()}, written in Latin letters"
            )


def _is_latin(letter: str) -> bool:
    return "LATIN" in unicodedata.name(letter, "") or letter in "ªºʼ"


def _all_names() -> str:
    *most, last = (language.name for language in LANGUAGES.values())
    return f"{', '.join(most)} and {last}" if most else last

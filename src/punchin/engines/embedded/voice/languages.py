"""The languages that can be sung, and which one some lyrics are in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.embedded.voice import pronouncing
from punchin.engines.embedded.voice.aligning import models_of
from punchin.engines.embedded.voice.counting import in_words
from punchin.engines.embedded.voice.spelling import spelling_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punchin.engines.embedded.voice.aligning import PhoneModel
    from punchin.engines.embedded.voice.sounds import Word


@dataclass(frozen=True, slots=True)
class Language:
    """A language that the singer has.

    Attributes:
        code: ISO 639-1.
        name: in English.
        voice: which of Pico's voices speaks it.
    """

    code: str
    name: str
    voice: str

    def words(self, line: str) -> tuple[str, ...]:
        """The words of a line, as `pronounce` takes them."""
        return spelling_of(self.name.lower()).words(in_words(line, self.code))

    def pronounce(self, word: str) -> Word:
        """How one of them is said by itself."""
        return spelling_of(self.name.lower()).pronounce(word)

    def pronounced(self, words: Sequence[str]) -> tuple[Word, ...]:
        """How they are said one after the other."""
        return spelling_of(self.name.lower()).pronounced(words)

    def telling(self) -> tuple[frozenset[str], frozenset[str]]:
        """Words and letters that hardly another language has."""
        spelling = spelling_of(self.name.lower())
        return spelling.telling_words, spelling.telling_letters

    def models(self) -> Mapping[str, PhoneModel]:
        """What its sounds are like in its voice."""
        return models_of(self.code)


class _English(Language):
    """English, whose spelling tells little: it has a dictionary."""

    def words(self, line: str) -> tuple[str, ...]:
        return pronouncing.words_of(line)

    def pronounce(self, word: str) -> Word:
        return pronouncing.pronounce(word)

    def pronounced(self, words: Sequence[str]) -> tuple[Word, ...]:
        return tuple(pronouncing.pronounce(word) for word in words)

    def telling(self) -> tuple[frozenset[str], frozenset[str]]:
        return pronouncing.rules().telling_words, frozenset()


ENGLISH: Language = _English("en", "English", "en-US")

LANGUAGES: dict[str, Language] = {
    language.code: language
    for language in (
        ENGLISH,
        Language("es", "Spanish", "es-ES"),
        Language("it", "Italian", "it-IT"),
        Language("de", "German", "de-DE"),
    )
}
"""What is sung: where a recogniser gets most words of the sung voice (bench/languages.py)."""

NOT_UNDERSTOOD: Mapping[str, Language] = {"fr": Language("fr", "French", "fr-FR")}
"""What can be read and spoken, but not sung so that it is understood: recognised, and refused."""

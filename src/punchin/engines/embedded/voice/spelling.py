"""From letters to sounds by rule, for languages whose spelling tells how words are said.

The rules of a language are one file, `spanish.txt` and so on, each with its source; sections in brackets, an
entry a line. A pattern is a regular expression in which a capital stands for one of the letters that
`[classes]` gives it; after `~` it holds only where a vowel came before. Sounds are IPA, `1` after a vowel is
stress. They are told from one another only as far as the aligner needs it: long consonants count as short.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import TYPE_CHECKING

from punchin.engines.embedded.voice.sounds import VOWELS, Word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LATER = "~"
"""Before a pattern: it holds only after the word's first vowel."""

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*'?")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'", "ʼ": "'", "(": " ", ")": " "})
_CLASS = re.compile(r"[A-Z]")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")


@dataclass(frozen=True, slots=True, eq=False)
class Spelling:
    """How one language is read.

    Attributes:
        function_words: words that carry no beat.
        telling_words: words that hardly any other language has: by them it is recognised.
        telling_letters: the same for letters.
        known: words that the rules get wrong, and how they are said.
        rules: what letters sound like, whether that holds only after the word's first vowel, and the sounds;
            the first that fits.
        links: silent endings that are heard before a vowel: a pattern of words, and the sound.
        unlinked: words that begin with a vowel and are not linked to the one before.
        stresses: which syllable is stressed, counted from the front (1) or the back (-1): the first pattern
            that is found in a word and names a syllable that it has.
    """

    function_words: frozenset[str]
    telling_words: frozenset[str]
    telling_letters: frozenset[str]
    known: Mapping[str, tuple[str, ...]]
    rules: tuple[tuple[re.Pattern[str], bool, tuple[str, ...]], ...]
    stresses: tuple[tuple[re.Pattern[str], int], ...]
    links: tuple[tuple[re.Pattern[str], str], ...]
    unlinked: frozenset[str]

    def words(self, line: str) -> tuple[str, ...]:
        """The words of a line as the rules read them: lower case, accents kept, drawn out letters as one.

        >>> spelling_of("spanish").words("¡Corazón! (Amooor)")
        ('corazón', 'amor')
        """
        plain = unicodedata.normalize("NFC", without_asides(line)).lower()
        return tuple(_DRAWN_OUT.sub(r"\1", word) for word in _WORD.findall(plain))

    def pronounced(self, words: Sequence[str]) -> tuple[Word, ...]:
        """How words are said one after the other: what links two of them begins the second."""
        said = [self.pronounce(word) for word in words]
        for number, (before, word) in enumerate(pairwise(said), 1):
            sound = next((sound for pattern, sound in self.links if pattern.search(before.text)), None)
            if sound and word.text not in self.unlinked and word.phones[:1] and word.phones[0] in VOWELS:
                said[number] = replace(word, phones=(sound, *word.phones))
        return tuple(said)

    def pronounce(self, word: str) -> Word:
        """How a word is said by itself; never fails. Only a word without any vowel may have none."""
        marked = self.known.get(word) or self._read(word)
        phones = tuple(phone.rstrip("1") for phone in marked)
        spoken = [phone for phone in marked if phone.rstrip("1") in VOWELS]
        if word in self.function_words:
            return Word(word, phones, (0,) * len(spoken))
        stresses = [int(phone.endswith("1")) for phone in spoken]
        if stresses and not any(stresses):
            stresses[self._stressed(word, len(stresses))] = 1
        elif sum(stresses) > 1:  # an accent may mark quality only: the last one is where the stress is
            last = len(stresses) - 1 - stresses[::-1].index(1)
            stresses = [int(k == last) for k in range(len(stresses))]
        return Word(word, phones, tuple(stresses))

    def _read(self, word: str) -> tuple[str, ...]:
        sounds: list[str] = []
        at = 0
        while at < len(word):
            begun = any(sound.rstrip("1") in VOWELS for sound in sounds)
            found, heard = self._first_rule(word, at, begun=begun)
            sounds.extend(heard)
            at += max(1, found)
        return tuple(sounds)

    def _first_rule(self, word: str, at: int, *, begun: bool) -> tuple[int, tuple[str, ...]]:
        for pattern, later, heard in self.rules:
            if (begun or not later) and (found := pattern.match(word, at)):
                return found.end() - at, heard
        # A letter of another language: what it is without its accent.
        plain = unicodedata.normalize("NFKD", word[at])[0]
        return (1, self._first_rule(plain, 0, begun=begun)[1]) if plain != word[at] else (1, ())

    def _stressed(self, word: str, syllables: int) -> int:
        for pattern, place in self.stresses:
            index = place - 1 if place > 0 else syllables + place
            if 0 <= index < syllables and pattern.search(word):
                return index
        return 0


@cache
def spelling_of(name: str) -> Spelling:
    """The rules of a shipped language, "spanish"."""
    text = resources.files("punchin.engines.embedded.voice").joinpath(f"{name}.txt").read_text("utf-8")
    sections = read_sections(text)
    classes = dict(_pairs(sections.get("classes", ())))
    return Spelling(
        function_words=_words(sections["function words"]),
        telling_words=_words(sections["telling words"]),
        telling_letters=frozenset("".join(sections.get("telling letters", ()))) - {" "},
        known={word: tuple(sounds.split()) for word, sounds in _pairs(sections.get("words", ()))},
        rules=tuple(
            (_pattern(left.removeprefix(LATER), classes), left.startswith(LATER), tuple(right.split()))
            for left, right in _pairs(sections["spellings"])
        ),
        stresses=tuple(
            (_pattern(left, classes), int(right)) for left, right in _pairs(sections.get("stress", ()))
        ),
        links=tuple((_pattern(left, classes), right) for left, right in _pairs(sections.get("links", ()))),
        unlinked=_words(sections.get("unlinked", ())),
    )


def without_asides(line: str) -> str:
    """A line without brackets, and with one kind of apostrophe."""
    return line.translate(_QUOTES)


def read_sections(text: str) -> dict[str, list[str]]:
    """The lines of each section of a rule file, without comments."""
    sections: dict[str, list[str]] = {}
    for line in (line.strip() for line in text.splitlines()):
        if line.startswith("[") and line.endswith("]"):
            sections[line[1:-1]] = []
        elif line and not line.startswith("#"):
            list(sections.values())[-1].append(line)
    return sections


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    return ((left, right.strip()) for left, _, right in (line.partition(" ") for line in lines))


def _words(lines: Iterable[str]) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


def _pattern(text: str, classes: Mapping[str, str]) -> re.Pattern[str]:
    return re.compile(_CLASS.sub(lambda capital: f"[{classes[capital[0]]}]", text))

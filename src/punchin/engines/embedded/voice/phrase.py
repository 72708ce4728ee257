"""A phrase: words that are sung in one breath, how they are said, and where each sound lies in the speech."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.embedded.voice.aligning import SILENCE, Floats, Phone, align
from punchin.engines.embedded.voice.languages import ENGLISH
from punchin.engines.embedded.voice.sounds import VOWELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.engines.embedded.voice.languages import Language
    from punchin.engines.embedded.voice.sounds import Word

MOST_SYLLABLES = 16
"""A written line of more is sung as several phrases; nobody has so much breath, and no bar so much room."""

_CLAUSE = re.compile(r"(?<=[,;:.!?])\s+")


@dataclass(frozen=True, slots=True)
class Verse:
    """Words of one phrase before they are spoken.

    Attributes:
        text: as written.
        words: as said.
        language: by whose rules.
    """

    text: str
    words: tuple[Word, ...]
    language: Language = ENGLISH

    @property
    def stresses(self) -> tuple[int, ...]:
        """One a syllable: 1 primary, 2 secondary, 0 none."""
        return tuple(stress for word in self.words for stress in word.stresses)

    @property
    def word_of(self) -> tuple[int, ...]:
        """For each syllable, which word it belongs to."""
        return tuple(k for k, word in enumerate(self.words) for _ in word.stresses)


@dataclass(frozen=True, slots=True)
class Syllable:
    """A vowel and the consonants around it, as indices into the phrase's phones.

    Attributes:
        lead: consonants before the vowel, which are said before the beat.
        vowel: what falls on the beat.
        tail: consonants after the vowel that belong to the same word or end the phrase.
        stress: 1, 2 or 0.
    """

    lead: range
    vowel: int
    tail: range
    stress: int


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A spoken phrase.

    Attributes:
        verse: what is said.
        speech: `[N]` at 16 kHz.
        phones: where each sound lies, without silences.
        syllables: in order; together their leads, vowels and tails are all of `phones`.
    """

    verse: Verse
    speech: Floats
    phones: tuple[Phone, ...]
    syllables: tuple[Syllable, ...]

    def length_s(self, phones: range) -> float:
        """How long some phones last in speech."""
        return sum(self.phones[k].end_s - self.phones[k].start_s for k in phones)


def verses_of(line: str, language: Language = ENGLISH) -> Iterator[Verse]:
    """A written line as one phrase, or several where it is too long for one: cut at clauses, then evenly."""
    whole = _verse(line, language)
    if len(whole.stresses) <= MOST_SYLLABLES:
        if whole.words:
            yield whole
        return
    clauses = _CLAUSE.split(line)
    if len(clauses) > 1:
        for clause in _merged(clauses, language):
            yield from verses_of(clause, language)
        return
    words = line.split()
    if len(words) == 1:
        yield whole
        return
    lengths = [len(_verse(word, language).stresses) for word in words]
    half, cut = sum(lengths) / 2, 1
    while cut < len(words) - 1 and sum(lengths[:cut]) < half:
        cut += 1
    yield from verses_of(" ".join(words[:cut]), language)
    yield from verses_of(" ".join(words[cut:]), language)


def heard(verse: Verse, speech: Floats) -> Phrase:
    """A phrase with its sounds found in the speech, `[N]` at 16 kHz."""
    found = align(speech, [word.phones for word in verse.words], verse.language.models())
    phones = tuple(phone for phone in found if phone.name != SILENCE)
    return Phrase(verse, speech, phones, syllables_of(phones, verse.stresses))


def _verse(line: str, language: Language) -> Verse:
    return Verse(line, language.pronounced(language.words(line)), language)


def _merged(clauses: list[str], language: Language) -> list[str]:
    """Short clauses together, so that phrases are as long as they may be."""
    merged = clauses[:1]
    for clause in clauses[1:]:
        together = f"{merged[-1]} {clause}"
        if len(_verse(together, language).stresses) <= MOST_SYLLABLES:
            merged[-1] = together
        else:
            merged.append(clause)
    return merged if len(merged) > 1 else clauses


def syllables_of(phones: tuple[Phone, ...], stresses: tuple[int, ...]) -> tuple[Syllable, ...]:
    """Consonants between two vowels: a word's own ending stays with it, all others lead to the next vowel."""
    vowels = [k for k, phone in enumerate(phones) if phone.name in VOWELS]
    found: list[Syllable] = []
    free = 0
    for number, vowel in enumerate(vowels):
        following = vowels[number + 1] if number + 1 < len(vowels) else len(phones)
        end = vowel + 1
        while end < following and (following == len(phones) or phones[end].word == phones[vowel].word):
            end += 1
        if following < len(phones) and end == following:  # inside a word: all consonants lead on
            end = vowel + 1
        found.append(Syllable(range(free, vowel), vowel, range(vowel + 1, end), stresses[number]))
        free = end
    return tuple(found)

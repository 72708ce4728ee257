"""From what people type to terms: "dark lofi piano without drums" is three terms and one left out."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.embedded.tags.vocabulary import canonical

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punchin.engines.embedded.tags.vocabulary import Term, Vocabulary

LIKENESS = 0.86
"""How alike (`difflib` ratio) a misspelt word must be to stand for a known one."""

NEAR = 0.6
"""How alike a name must be to be suggested for an unknown word."""

_NOT = frozenset({"no", "not", "without", "minus", "remove", "exclude", "except", "less", "w/o"})
_AGAIN = frozenset({"but", "with", "plus", "only", "just", "add"})
_FILLERS = frozenset({
    "a", "an", "the", "and", "or", "of", "in", "on", "with", "by", "for", "to", "from", "at", "as",
    "very", "really", "quite", "more", "some", "like", "style", "styled", "vibe", "vibes", "feel",
    "feeling", "mood", "sound", "sounds", "sounding", "music", "song", "songs", "track", "tracks", "tune",
    "inspired", "influenced", "influences", "based", "type", "kind", "genre", "subgenre", "elements",
    "instrument", "instruments", "tempo", "vocals", "flavor", "flavour", "touch", "accompaniment",
    "featuring", "features", "full", "tinged", "infused", "driven", "heavy", "laden", "plus", "rhythm",
    "performance", "it", "its", "is", "are", "be", "that", "this", "while", "including", "evokes",
})  # fmt: skip

_BPM = re.compile(
    r"(?:bpm|tempo)\s*:?\s*\d{2,3}(?:\s*bpm)?|\d{2,3}(?:\s*(?:-|–|to)\s*\d{2,3})?\s*bpm", re.IGNORECASE
)
_KEY = re.compile(
    r"(?:(?:in|key)\s+(?:of\s+)?)?(?:the\s+key\s+of\s+)?[a-g](?:\s*(?:#|♯|♭|sharp|flat|b))?\s*(?:major|minor|maj|min)"
    r"|(?:in\s+)?(?:the\s+)?key\s*:?\s+(?:of\s+)?[a-g](?:\s*(?:#|♯|♭|sharp|flat|b))?",
    re.IGNORECASE,
)
_MINUS = re.compile(r"(?:^|(?<=\s))[-−!](?=\w)")  # "rock -drums", as in search boxes
_SHORT_KEY = re.compile(r"(?:in |key )?[A-G][#♯♭b]?m(?=$|\s)")


@dataclass(frozen=True, slots=True)
class Found:
    """A term in what was typed.

    Attributes:
        said: the words it was found in, as typed (in comparable spelling).
        term: what they mean.
        negated: it is to be left out.
    """

    said: str
    term: Term
    negated: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Words that mean nothing here, and the names that come nearest."""

    said: str
    near: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """Something that the song itself decides, a tempo or a key, with the reason why it is not used."""

    said: str
    why: str


def split_tags(tags: Sequence[str]) -> Iterator[str]:
    """Single tags: commas, semicolons, bars and line breaks inside one separate as well."""
    for tag in tags:
        for part in re.split(r"[,;|\n]", tag):
            if part.strip():
                yield " ".join(part.split())


def read_tag(tag: str, vocabulary: Vocabulary) -> Iterator[Found | Lost | Settled]:
    """What one tag says: the longest known names in it, from left to right.

    Args:
        tag: "dark lofi piano", "no drums", "90 bpm" ...
        vocabulary: the known terms.

    Yields:
        A `Found` for each known name, a `Settled` for a tempo or key, a `Lost` for the rest.
    """
    rest = tag
    for pattern, why in (
        (_BPM, "the song's own tempo wins"),
        (_KEY, "the song's own key wins"),
        (_SHORT_KEY, "the song's own key wins"),
    ):
        if (
            canonical(rest) not in vocabulary.by_name
            and (match := pattern.search(rest))
            and _stands_alone(match, rest)
        ):
            yield Settled(match[0].strip(), why)
            rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    yield from _read_words(canonical(_MINUS.sub(" not ", rest)).split(), vocabulary)


def _stands_alone(match: re.Match[str], text: str) -> bool:
    """Not in the middle of a word: "a min" is no key in "a minimal beat"."""
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    return not before.isalnum() and not after.isalnum()


def _read_words(words: list[str], vocabulary: Vocabulary) -> Iterator[Found | Lost]:
    lost: list[str] = []
    negated = False
    i = 0
    while i < len(words):
        hit = _longest_name(words, i, vocabulary)
        if hit is not None:
            length, term = hit
            yield Found(" ".join(words[i : i + length]), term, negated)
            i += length
            continue
        if words[i] in _NOT:
            negated = True
        elif words[i] in _AGAIN:
            negated = False
        elif words[i] not in _FILLERS and not words[i].isdigit():
            lost.append(words[i])
        i += 1
    if lost:
        text = " ".join(lost)
        yield Lost(text, near_names(text, vocabulary))


def _longest_name(words: Sequence[str], start: int, vocabulary: Vocabulary) -> tuple[int, Term] | None:
    """The most words from `start` on that name a term: exactly, in the plural, or slightly misspelt."""
    most = min(vocabulary.longest_name_words, len(words) - start)
    for length in range(most, 0, -1):
        text = " ".join(words[start : start + length])
        for spelling in (text, text.removesuffix("s"), text + "s"):
            if spelling in vocabulary.by_name:
                return length, vocabulary.by_name[spelling]
    if words[start] in _NOT | _AGAIN | _FILLERS:
        return None
    for length in range(min(3, most), 0, -1):
        text = " ".join(words[start : start + length])
        if len(text) >= 4 and (close := _alike(text, vocabulary, 1, LIKENESS)):
            return length, vocabulary.by_name[close[0]]
    return None


def near_names(text: str, vocabulary: Vocabulary) -> tuple[str, ...]:
    """Up to three names that look like `text`, the nearest first."""
    return tuple(dict.fromkeys(vocabulary.by_name[name].name for name in _alike(text, vocabulary, 3, NEAR)))


def _alike(text: str, vocabulary: Vocabulary, most: int, likeness: float) -> list[str]:
    # A ratio of r needs lengths within a factor of r / (2 - r) of each other: most names are out at once.
    shortest = len(text) * likeness / (2 - likeness)
    longest = len(text) * (2 - likeness) / likeness
    names = [name for name in vocabulary.by_name if shortest <= len(name) <= longest]
    return difflib.get_close_matches(text, names, most, likeness)

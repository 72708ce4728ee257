"""The vocabulary: every tag that is understood, read from `vocabulary.txt`, one term a line."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Kind(StrEnum):
    """The sections of the vocabulary, in the order in which their terms shape a style."""

    GENRES = "genres"
    DRUMS = "drums"
    INSTRUMENTS = "instruments"
    MOODS = "moods"
    PRODUCTION = "production"
    VOCALS = "vocals"
    IGNORED = "ignored"


@dataclass(frozen=True, slots=True)
class Setting:
    """One musical decision as written: a word and what follows it, "swing .60"."""

    word: str
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " ".join((self.word, *self.arguments))


@dataclass(frozen=True, slots=True)
class Term:
    """One line: a tag, its other names, and what it decides.

    Attributes:
        kind: the section it stands in.
        names: as written; the first is the one that lists and messages use.
        settings: what it does, in order; empty for ignored terms.
        reason: why an ignored term cannot be heard.
    """

    kind: Kind
    names: tuple[str, ...]
    settings: tuple[Setting, ...]
    reason: str = ""

    @property
    def name(self) -> str:
        """The tag's first name."""
        return self.names[0]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """All terms, and the way from any of their names to them."""

    terms: tuple[Term, ...]
    by_name: Mapping[str, Term]
    longest_name_words: int

    def of(self, kind: Kind) -> Iterator[Term]:
        """The terms of one section, in the file's order."""
        return (term for term in self.terms if term.kind is kind)


def canonical(text: str) -> str:
    """How names are compared: small letters without accents, and single spaces for what joins words.

    >>> canonical("Lo-Fi  Hip_Hop")
    'lo fi hip hop'
    >>> canonical("Guitarra Clásica")
    'guitarra clasica'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^\w&#/+]|_", " ", plain.lower().replace("'", "").replace("’", "")).split())


def parse(text: str) -> Vocabulary:
    """Read a vocabulary.

    Args:
        text: sections `[kind]` of lines `name | other name = setting, setting`; `#` starts a comment line.

    Raises:
        ValueError: on a line that is none of these, a name used twice, a `like` that names no earlier genre.
    """
    terms: list[Term] = []
    by_name: dict[str, Term] = {}
    kind: Kind | None = None
    for number, raw in enumerate(text.splitlines(), 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            kind = Kind(line.strip("[]"))
            continue
        if kind is None:
            raise ValueError(f"vocabulary line {number}: a section, [genres] or another, comes first")
        try:
            term = _term(kind, line, by_name)
        except ValueError as error:
            raise ValueError(f"vocabulary line {number}: {error}") from None
        for key in {canonical(name) for name in term.names}:
            if key in by_name:
                raise ValueError(
                    f"vocabulary line {number}: {key!r} already belongs to {by_name[key].name!r}"
                )
            by_name[key] = term
        terms.append(term)
    longest = max((len(name.split()) for name in by_name), default=1)
    return Vocabulary(tuple(terms), MappingProxyType(by_name), longest)


def _term(kind: Kind, line: str, known: Mapping[str, Term]) -> Term:
    left, sign, right = line.partition(" = ")
    names = tuple(name.strip() for name in left.split("|"))
    if not sign or not all(names) or not right.strip():
        raise ValueError(f"expected 'name | other name = setting, setting', not {line!r}")
    if kind is Kind.IGNORED:
        return Term(kind, names, (), reason=right.strip())
    settings: list[Setting] = []
    for words in (part.split() for part in right.split(",")):
        if not words:
            raise ValueError("an empty setting between two commas")
        if words[0] == "like":
            base = known.get(canonical(" ".join(words[1:])))
            if base is None:
                raise ValueError(f"'like {' '.join(words[1:])}' names no term before this line")
            settings += base.settings
        else:
            settings.append(Setting(words[0], tuple(words[1:])))
    return Term(kind, names, tuple(settings))


@cache
def vocabulary() -> Vocabulary:
    """The vocabulary that comes with the engine."""
    here = resources.files("punchin.engines.embedded.tags")
    return parse(here.joinpath("vocabulary.txt").read_text(encoding="utf-8"))

"""From English words to phonemes: the CMU pronouncing dictionary, and rules for words it does not have.

Phonemes are ARPAbet without stress; stress is told syllable by syllable: 1 primary, 2 secondary, 0 none.
`cmudict.gz` is the dictionary (one `word PH ON EM1 ES` a line, sorted, first pronunciations only; BSD licence
beside it), built by `scripts/build_dictionary.py`; `english.txt` has the rules.
"""

from __future__ import annotations

import gzip
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from punchin.engines.embedded.voice.numbers import in_words
from punchin.engines.embedded.voice.sounds import UNVOICED, VOWELS, Word
from punchin.engines.embedded.voice.spelling import read_sections, without_asides

if TYPE_CHECKING:
    from collections.abc import Iterator

_MAGIC_E = {"a": "EY", "i": "AY", "o": "OW", "u": "UW", "e": "IY"}


_LETTERS = str.maketrans(
    {"ß": "ss", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe", "ø": "o", "Ø": "o", "ł": "l"}
)
_PLAIN = str.maketrans({"–": "-", "—": "-", "&": " and "})
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*'?|'[a-z]+")


def words_of(line: str) -> tuple[str, ...]:
    """The words of a line as the dictionary writes them: lower case, numbers in words, accents off.

    >>> words_of("Twenty-4 cafés, rockin' & rollin'!")
    ('twenty', 'four', 'cafes', "rockin'", 'and', "rollin'")
    """
    plain = in_words(without_asides(line).translate(_PLAIN)).translate(_LETTERS)
    plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    found = _WORD.findall(plain.lower())
    return tuple(word.rstrip("'") if word.endswith("s'") else word for word in found)


def said(text: str, pronunciation: str) -> Word:
    """A word from `"T AH0 N AY1 T"`. Function words lose their stress, other words have one at least."""
    marked = pronunciation.split()
    phones = tuple(phone.rstrip("012") for phone in marked)
    stresses = [
        int(phone[-1]) if phone[-1].isdigit() else 0 for phone in marked if phone.rstrip("012") in VOWELS
    ]
    if text in rules().function_words:
        stresses = [0] * len(stresses)
    elif stresses and 1 not in stresses:
        stresses[0] = 1
    return Word(text, phones, tuple(stresses))


class Dictionary:
    """Sorted lines in one piece of memory; a word is found by halving."""

    def __init__(self, text: bytes) -> None:
        self._text = text

    def words(self) -> list[str]:
        """All of them, sorted."""
        return [line.split(" ", 1)[0] for line in self._text.decode().splitlines()]

    def get(self, word: str) -> str | None:
        """The pronunciation, or None."""
        key = word.encode() + b" "
        low, high = 0, len(self._text)
        while low < high:
            middle = (low + high) // 2
            start = self._text.rfind(b"\n", 0, middle) + 1
            end = self._text.find(b"\n", middle)
            line = self._text[start:end]
            if line.startswith(key):
                return line[len(key) :].decode()
            if line < key:
                low = end + 1
            else:
                high = start
        return None


@cache
def dictionary() -> Dictionary:
    """The shipped dictionary, unpacked once."""
    packed = resources.files("punchin.engines.embedded.voice").joinpath("cmudict.gz").read_bytes()
    return Dictionary(gzip.decompress(packed))


@dataclass(frozen=True, slots=True)
class Rules:
    """What English does where the dictionary has nothing to say.

    Attributes:
        function_words: words that carry no beat: said without stress in a phrase.
        telling_words: words that hardly another language has.
        endings: an ending of words, and how it sounds.
        letters: how each letter is named.
        spellings: groups of letters, the longest first, and how they sound.
    """

    function_words: frozenset[str]
    telling_words: frozenset[str]
    endings: tuple[tuple[str, str], ...]
    letters: dict[str, str]
    spellings: tuple[tuple[str, str], ...]


@cache
def rules() -> Rules:
    """The shipped rules, `english.txt`: sections in brackets, an entry a line."""
    text = resources.files("punchin.engines.embedded.voice").joinpath("english.txt").read_text("utf-8")
    sections = read_sections(text)
    pairs = {
        name: tuple((k, v) for k, _, v in (line.partition(" ") for line in lines))
        for name, lines in sections.items()
    }
    function_words, telling = (
        frozenset(word for line in sections[name] for word in line.split())
        for name in ("function words", "telling words")
    )
    return Rules(function_words, telling, pairs["endings"], dict(pairs["letters"]), pairs["spellings"])


def pronounce(word: str) -> Word:
    """How a word of lower-case Latin letters and apostrophes is said; never fails, always has a vowel."""
    known = dictionary()
    found = known.get(word) or known.get(word.strip("'"))
    if not found:
        word = _shortened(word, known)
    pronunciation = found or known.get(word) or next(_guesses(word.strip("'"), known))
    spoken = said(word, pronunciation)
    return spoken if spoken.stresses else said(word, pronunciation + " AH1")


def _shortened(word: str, known: Dictionary) -> str:
    """Drawn out words as they are meant: "sooo" is so, "freeee" free, "yeahhh" yeah."""
    double, single = (re.sub(r"(.)\1{2,}", letters, word) for letters in (r"\1\1", r"\1"))
    return double if len(double) > 3 and known.get(double) else single


def _guesses(word: str, known: Dictionary) -> Iterator[str]:
    """From the surest to the last resort: an ending on a known word, two known words, letters, spelling."""
    for ending, sound in rules().endings:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) >= 3:
            doubled = stem[:-1] if stem[-1] == stem[-2] else ""
            base = (
                known.get(stem) or known.get(stem + "e") or known.get(doubled) or known.get(stem[:-1] + "y")
            )
            if base:
                yield f"{base} {_voiced_like(base, sound)}"
    for cut in range(len(word) - 3, 2, -1):
        first, second = known.get(word[:cut]), known.get(word[cut:])
        if first and second:
            yield f"{first} {second.replace('1', '2')}"
    letters = [c for c in word if c.isalpha()]
    if len(letters) <= 5 and not any(c in "aeiouy" for c in letters):
        yield " ".join(rules().letters[c] for c in letters)
    yield _by_spelling("".join(letters))


def _voiced_like(base: str, sound: str) -> str:
    """Plural and past tense follow the last sound: cats S, buses IH Z, walked T, wanted IH D."""
    last = base.split()[-1]
    if sound == "Z":
        return "IH0 Z" if last in {"S", "Z", "SH", "ZH", "CH", "JH"} else "S" if last in UNVOICED else "Z"
    if sound == "D":
        return "IH0 D" if last in {"T", "D"} else "T" if last in UNVOICED else "D"
    return sound


def _by_spelling(word: str) -> str:
    """Letter by letter, groups first; a silent final e lengthens the vowel before it."""
    magic = len(word) > 3 and word[-1] == "e" and word[-2] not in "aeiouy" and word[-3] in "aeiou"
    body = word[:-1] if len(word) > 3 and word[-1] == "e" and word[-2] not in "aeiou" else word
    phones: list[str] = []
    at = 0
    while at < len(body):
        if at and body[at] == body[at - 1] and body[at] not in "aeiou":
            at += 1
            continue
        if magic and at == len(body) - 2:
            phones.append(_MAGIC_E[body[at]])
            at += 1
            continue
        if at == 0 and body[0] == "y":
            phones.append("Y")
            at += 1
            continue
        letters, sound = next(pair for pair in rules().spellings if body.startswith(pair[0], at))
        phones.extend(sound.split())
        at += len(letters)
    stressed = next((k for k, phone in enumerate(phones) if phone in VOWELS), None)
    marked = [p + ("1" if k == stressed else "0") if p in VOWELS else p for k, p in enumerate(phones)]
    return " ".join(marked) or "AH1"

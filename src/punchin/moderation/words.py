"""Whether tags and lyrics contain unsafe words: a word list, and nothing that understands.

The list and the reading of disguises (leetspeak, look-alike letters, letters drawn apart or masked) are those
of glin-profanity (MIT); `lists` says what is changed for music. It reads English unless told otherwise. It
knows no irony, no quotation, no threat without a listed word, and does not hear the sound; a flag is a hint
for listeners, not a judgement, and no flag is no promise.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from punchin.moderation.lists import ADDED, INNOCENT, PHRASES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_BLOCK_CHARACTERS = 500
"""What is read at once. The library's time grows with the square of some texts (10,000 times "4": 3.3 s)."""
_OVERLAP = 40
_RUN = re.compile(r"(\S)\1{3,}")


class Policy(StrEnum):
    """What is done about unsafe words."""

    OFF = "off"
    """They are not looked for."""
    FLAG = "flag"
    """Outputs say so in `has_nsfw_contents`."""
    REFUSE = "refuse"
    """The job fails with code 1200."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the check found.

    Attributes:
        flagged: whether there is an unsafe word.
        terms: the entries of the list that were found, in alphabetical order.
        refused: flagged, and the policy refuses that.
    """

    flagged: bool = False
    terms: tuple[str, ...] = ()
    refused: bool = False


def check_words(
    tags: Sequence[str],
    lyrics: str,
    policy: Policy | str = Policy.FLAG,
    *,
    languages: Sequence[str] = ("english",),
) -> Verdict:
    """Look for unsafe words.

    Args:
        tags, lyrics: the texts; any length, time grows in proportion.
        policy: "off", "flag" or "refuse".
        languages: whose lists are used, of those of glin-profanity. The others than English are short and not
            corrected for music, and flag innocent words of other languages: French "con" is Spanish for with.

    Raises:
        ValueError: there is no such policy.
    """
    policy = Policy(policy)
    if policy is Policy.OFF:
        return Verdict()
    words = _filter_of(tuple(languages))
    # Choruses come again and again: a line that is the same is read once.
    lines = dict.fromkeys(line.strip() for text in (*tags, lyrics) for line in text.splitlines())
    found: set[str] = set()
    for block in _blocks("\n".join(_RUN.sub(r"\1\1\1", line) for line in lines)):
        found.update(words.check_profanity(block)["profane_words"])
    return Verdict(bool(found), tuple(sorted(found)), bool(found) and policy is Policy.REFUSE)


def _blocks(text: str) -> Iterator[str]:
    """The text in pieces of at most `_BLOCK_CHARACTERS`, cut at white space where there is some."""
    start = 0
    while start < len(text):
        end = start + _BLOCK_CHARACTERS
        if end >= len(text):
            yield text[start:]
            return
        space = max(text.rfind("\n", start, end), text.rfind(" ", start, end))
        yield text[start : space if space > start else end]
        start = space + 1 if space > start else end - _OVERLAP


@cache
def _filter_of(languages: tuple[str, ...]) -> Any:
    """The library's filter with our list; made once, since that takes 50 ms and its import 200 ms."""
    from glin_profanity import Filter
    from glin_profanity.data.dictionary import dictionary

    phrases = {word for word in dictionary.get_words("english") if " " in word}
    options: Any = {
        "languages": list(languages),
        "detect_leetspeak": True,
        "obfuscation": "standard",
        "custom_words": sorted(ADDED),
        "ignore_words": sorted(INNOCENT | (phrases - PHRASES)),
    }
    return Filter(options)

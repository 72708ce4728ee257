"""Looks at the words of a job before anything is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.moderation import Policy, check_words
from punchin.worker.failures import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.job import RegionWish


def judged(wishes: Sequence[RegionWish], policy: Policy | str) -> tuple[str, ...]:
    """The unsafe words in tags and lyrics, as far as a list of words knows them; see `punchin.moderation`.

    Raises:
        Refused: there are some, and the policy is to refuse them.
    """
    terms: set[str] = set()
    for wish in wishes:
        verdict = check_words(wish.tags, wish.lyrics, policy)
        if verdict.refused:
            raise Refused("tags or lyrics have words that this server refuses; change them and send it again")
        terms.update(verdict.terms)
    return tuple(sorted(terms))

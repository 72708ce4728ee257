"""Finding jobs of one's own again by a word: of their tags, lyrics, file names, engine or id."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from punchin.store import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.job import State
    from punchin.store import JobRecord, Store

PAGE_SIZE = 100
MOST_LOOKED_AT = 5000
"""Older jobs are not looked at: it takes about 0.1 ms each."""


def found_jobs(
    store: Store, key_id: str, words: str, *, page: int, page_size: int, state: State | None
) -> Page[JobRecord]:
    """A key's jobs that have all the words, newest first.

    Args:
        store: the ledger.
        key_id: whose.
        words: with spaces between; capitals and accents do not matter.
        page, page_size: of what is found.
        state: only these.
    """
    wanted = plain(words).split()
    first, end = (page - 1) * page_size, page * page_size
    found: list[JobRecord] = []
    for job in _all(store, key_id, state):
        if all(word in _text_of(job) for word in wanted):
            found.append(job)
            if len(found) > end:
                break
    return Page(tuple(found[first:end]), page, has_more=len(found) > end)


def plain(text: str) -> str:
    """Small letters without accents.

    >>> plain("Café DEL Mar")
    'cafe del mar'
    """
    parts = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in parts if not unicodedata.combining(sign))


def _all(store: Store, key_id: str, state: State | None) -> Iterator[JobRecord]:
    for number in range(1, MOST_LOOKED_AT // PAGE_SIZE + 1):
        page = store.history(key_id, page=number, page_size=PAGE_SIZE, state=state)
        yield from page.items
        if not page.has_more:
            return


def _text_of(job: JobRecord) -> str:
    spec = job.spec
    words = [job.id, spec.model, spec.engine, spec.audio.rpartition("/")[2]]
    for edit in spec.edits:
        words += [*edit.tags, edit.lyrics]
    if job.result:
        words += [output.name for output in job.result.outputs]
    return plain(" ".join(words))

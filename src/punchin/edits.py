"""What is asked of an engine: one region of a song, and what should be there instead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

import msgspec

from punchin.errors import CallerError, EditError
from punchin.region import Region

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_SEED = 2**31 - 1
"""Largest seed: the range of the hosted endpoint's `seed`, 0..2147483647."""

Parameter = str | int | float | bool
"""A creative parameter's value, as JSON has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """One punch-in as asked for.

    Attributes:
        region: where; everything else in the song stays as it is.
        tags: style words, "lofi", "chill piano"; empty asks for the song's own style.
        lyrics: words to sing there; empty asks for none in particular, "[inst]" for no vocals.
        seed: 0..2147483647; None lets Punchin draw one, which the receipt then records.
        variance: 0..1, how far from the original the new part may go; None is the engine's own default.
        parameters: further settings by name; an engine that does not honour one is said so in the take.

    Raises:
        EditError: if seed or variance is out of range.
    """

    region: Region
    tags: tuple[str, ...] = ()
    lyrics: str = ""
    seed: int | None = None
    variance: float | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise EditError(f"seed is {self.seed}; it goes from 0 to {MAX_SEED}")
        if self.variance is not None and not 0 <= self.variance <= 1:
            raise EditError(f"variance is {self.variance:g}; it goes from 0 (like the original) to 1 (free)")

    @property
    def wants_instrumental(self) -> bool:
        """The lyrics say that nobody shall sing: `[inst]` or `[instrumental]` and no words."""
        return self.lyrics.strip().lower() in {"[inst]", "[instrumental]"}


def split_tags(text: str) -> tuple[str, ...]:
    """Tags as people type them: separated by commas, semicolons or new lines, spaces trimmed.

    >>> split_tags("lofi, chill piano;  ")
    ('lofi', 'chill piano')
    """
    return tuple(tag for part in re.split(r"[,;\n]", text) if (tag := " ".join(part.split())))


class _EditText(msgspec.Struct, forbid_unknown_fields=True):
    """One entry of an edit list, as JSON has it."""

    start: str | float
    end: str | float
    tags: str | list[str] = ""
    lyrics: str = ""
    seed: int | None = None
    variance: float | None = None
    parameters: dict[str, str | int | float | bool] = {}

    def edit(self) -> Edit:
        tags = split_tags(self.tags) if isinstance(self.tags, str) else tuple(self.tags)
        return Edit(
            region=Region.parse(self.start, self.end),
            tags=tags,
            lyrics=self.lyrics,
            seed=self.seed,
            variance=self.variance,
            parameters=self.parameters,
        )


def edits_from_json(text: bytes | str) -> list[Edit]:
    """Read a list of edits: `[{"start": "0:12", "end": "0:15", "tags": "lofi", "seed": 7}, ...]`.

    `start` and `end` are required and take every form that `Mark.parse` reads; tags are one text with commas
    or a list; `lyrics`, `seed`, `variance` and `parameters` may be left out.

    Raises:
        EditError: if it is not such a list; says where.
        RegionError: if a time cannot be read.
    """
    try:
        entries = msgspec.json.decode(text, type=list[_EditText])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EditError(f"the edit list cannot be read: {error}") from error
    if not entries:
        raise EditError("the edit list is empty; give at least one object with start and end")
    edits: list[Edit] = []
    for number, entry in enumerate(entries):
        try:
            edits.append(entry.edit())
        except CallerError as error:
            raise type(error)(f"edit {number + 1} of the list: {error}") from error
    return edits

"""From what a job asks, in seconds and words, to edits of one song."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from punchin.edits import Edit
from punchin.errors import EditError, RegionError
from punchin.region import Mark, Region, clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.job import Position, RegionWish
    from punchin.songfile import SongFile


@dataclass(frozen=True, slots=True)
class Wanted:
    """The edits of a job, and what the person should know of how they were read."""

    edits: list[Edit]
    warnings: list[str]


def edits_of(wishes: Sequence[RegionWish], source: SongFile) -> Wanted:
    """The edits in the order asked.

    A position past an edge of the song is brought to that edge and said so; the hosted API's default end is
    30 s, whatever the song. What is left must not be empty.

    Raises:
        RegionError: a region is empty or inverted.
        EditError: seed or variance is out of range.
    """
    warnings: list[str] = []
    edits: list[Edit] = []
    for wish in wishes:
        region = _region(wish, source, warnings)
        others = {name: value for name, value in wish.parameters.items() if name != "variance"}
        edits.append(
            Edit(
                region=region,
                tags=wish.tags,
                lyrics=wish.lyrics,
                seed=wish.seed,
                variance=_variance(wish),
                parameters=others,
            )
        )
    return Wanted(edits, warnings)


def _region(wish: RegionWish, source: SongFile, warnings: list[str]) -> Region:
    region = Region(
        _inside("starts", _mark(wish.start), source, warnings),
        _inside("ends", _mark(wish.end), source, warnings),
    )
    start, end = (mark.frame(source.rate_hz, source.frames) for mark in (region.start, region.end))
    if start >= end:
        raise RegionError(
            f"the region is empty: it starts at {clock(start / source.rate_hz)} and ends at "
            f"{clock(end / source.rate_hz)} of a song that is {clock(source.duration_s)} long"
        )
    return region


def _mark(position: Position) -> Mark:
    try:
        # str() gives the shortest decimal that means this float: 0.1 is a tenth, as its writer meant.
        seconds = Fraction(str(position.seconds))
    except ValueError:
        raise RegionError(f"{position.seconds!r} is no time in seconds") from None
    return Mark(seconds, from_end=position.relative_to == "end")


def _inside(word: str, mark: Mark, source: SongFile, warnings: list[str]) -> Mark:
    frame = mark.frame(source.rate_hz, source.frames)
    if 0 <= frame <= source.frames:
        return mark
    edge = "begins" if frame < 0 else "ends"
    past_s = (-frame if frame < 0 else frame - source.frames) / source.rate_hz
    warnings.append(
        f"the region {word} {past_s:.3f} s {'before' if frame < 0 else 'after'} the song {edge}; "
        f"it was brought to where the song {edge}"
    )
    return Mark(Fraction(0), from_end=frame > 0)


def _variance(wish: RegionWish) -> float | None:
    asked = wish.parameters.get("variance")
    if asked is None:
        return None
    if isinstance(asked, bool) or not isinstance(asked, int | float):
        raise EditError(f"variance is {asked!r}; it is a number from 0 to 1")
    return float(asked)

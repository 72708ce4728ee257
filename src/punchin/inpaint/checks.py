"""Everything that can be refused before the slow part, and the check of what an engine gives back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from punchin.edits import MAX_SEED, Edit
from punchin.engine import Unused
from punchin.errors import EditError, EngineFailed, RegionError
from punchin.region import clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engine import EngineSpec, Filling
    from punchin.region import Frames
    from punchin.song import Song
    from punchin.songfile import SongFile
    from punchin.splice import Splicer

SILENT_RMS = 10 ** (-80 / 20)
"""An engine's answer below -80 dBFS counts as silent ..."""
AUDIBLE_RMS = 10 ** (-50 / 20)
"""... and the original above -50 dBFS as music; silence for music is refused."""
LOUDEST = 1000.0
"""60 dB above full scale: more is a mistake of units, or in a float file an accident, and would be no number
when it is resampled or squared."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One edit with its exact place.

    Attributes:
        edit: as asked, its seed drawn if there was none.
        region: the edit's region in frames of the song.
        hole: the part of the region in which the sound can change (shorter only in MP3).
        drawn: whether Punchin drew the seed.
    """

    edit: Edit
    region: Frames
    hole: Frames
    drawn: bool = False

    @property
    def seed(self) -> int:
        """The edit's seed, which every planned edit has."""
        assert self.edit.seed is not None
        return self.edit.seed


def plan(source: SongFile, edits: Sequence[Edit], spec: EngineSpec, splicer: Splicer) -> list[Planned]:
    """Give every edit its exact frames and its seed, in the order of the song.

    Raises:
        RegionError: if a region does not fit the song or the engine, or two regions overlap.
        EditError: if there is nothing to do.
    """
    if not edits:
        raise EditError("there is no edit to make; give at least one region")
    placed = sorted(
        ((edit.region.frames(source.rate_hz, source.frames), edit) for edit in edits),
        key=lambda pair: pair[0],
    )
    for (first, _), (second, _) in pairwise(placed):
        if first.overlaps(second):
            raise RegionError(
                f"regions {_place(first, source)} and {_place(second, source)} overlap; "
                "make them one, or edit twice"
            )
    planned: list[Planned] = []
    for region, edit in placed:
        _check_length(region, source, spec)
        seed = secrets.randbelow(MAX_SEED + 1) if edit.seed is None else edit.seed
        planned.append(
            Planned(replace(edit, seed=seed), region, splicer.writable(region), drawn=edit.seed is None)
        )
    return planned


def _place(region: Frames, source: SongFile) -> str:
    return f"{clock(region.start / source.rate_hz)}-{clock(region.end / source.rate_hz)}"


def _check_length(region: Frames, source: SongFile, spec: EngineSpec) -> None:
    length_s = len(region) / source.rate_hz
    if not spec.shortest_s <= length_s <= spec.longest_s:
        raise RegionError(
            f"region {_place(region, source)} is {length_s:.3f} s long; "
            f"engine {spec.name!r} fills {spec.shortest_s:g} to {spec.longest_s:g} s"
        )


def take_seed(first: int, take: int) -> int:
    """The seed of take 0, 1, 2 ...: one after the other from the first, wrapping at the largest."""
    return (first + take) % (MAX_SEED + 1)


def not_honoured(edit: Edit, spec: EngineSpec) -> tuple[Unused, ...]:
    """What this edit asks for that this engine does not act on at all."""
    why = f"engine {spec.name!r} does not use it"
    asked = [f"tag {tag!r}" for tag in edit.tags] if "tags" not in spec.honours else []
    if edit.lyrics and "lyrics" not in spec.honours:
        asked.append("lyrics")
    if edit.variance is not None and "variance" not in spec.honours:
        asked.append("variance")
    asked += [f"parameter {name!r}" for name in edit.parameters if name not in spec.honours]
    return tuple(Unused(what, why) for what in asked)


def check_filling(filling: Filling, window: Song, hole: Frames, spec: EngineSpec) -> None:
    """An engine is never trusted: its answer must be sound of exactly the hole, with words for a receipt.

    Raises:
        EngineFailed: if shape, rate or type is wrong, a sample is not finite or 60 dB above full scale, if it
            is silent where music was, or says of itself what no receipt can hold.
    """
    who = f"engine {spec.name!r}"
    _check_words(filling, who)
    new = filling.song
    if (new.rate_hz, new.samples.shape) != (window.rate_hz, (window.channels, len(hole))):
        raise EngineFailed(
            f"{who} gave {new.channels} x {new.frames} samples at {new.rate_hz} Hz; "
            f"asked for {window.channels} x {len(hole)} at {window.rate_hz} Hz"
        )
    if new.samples.dtype.itemsize not in (4, 8):
        raise EngineFailed(f"{who} gave samples of type {new.samples.dtype}; float32 or float64 is wanted")
    if not np.isfinite(new.samples).all():
        raise EngineFailed(
            f"{who} gave {np.count_nonzero(~np.isfinite(new.samples))} samples that are not numbers"
        )
    if (loudest := float(np.abs(new.samples).max(initial=0.0))) > LOUDEST:
        raise EngineFailed(f"{who} gave samples of up to {loudest:.3g}; full scale is 1.0")
    if _rms(new.samples) < SILENT_RMS and _rms(window.cut(hole).samples) > AUDIBLE_RMS:
        raise EngineFailed(f"{who} gave silence where there was music; try another seed")


class _Words(msgspec.Struct):
    """What a filling says of itself, with the types that a receipt has."""

    form: tuple[int, int]
    tags_used: list[str]
    lyrics_used: list[str]
    warnings: list[str]
    unused: list[tuple[str, str]]
    details: dict[str, Any]


def _check_words(filling: Filling, who: str) -> None:
    try:
        said = {
            "form": filling.song.samples.shape,
            "tags_used": list(filling.tags_used),
            "lyrics_used": list(filling.lyrics_used),
            "warnings": list(filling.warnings),
            "unused": [(each.what, each.why) for each in filling.unused],
            "details": dict(filling.details),
        }
        msgspec.json.decode(msgspec.json.encode(said), type=_Words)
    except (AttributeError, TypeError, ValueError, ArithmeticError, RecursionError) as error:
        raise EngineFailed(f"{who} gave back something that is no filling: {error}") from error


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0


MOST_TAKES = 8
"""Upper limit of candidates for one region."""


def check_takes(takes: int) -> None:
    """Raise EditError unless the number of takes is one that makes sense."""
    if not 1 <= takes <= MOST_TAKES:
        raise EditError(f"takes is {takes}; it goes from 1 to {MOST_TAKES}")

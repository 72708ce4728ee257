"""What the bed is made of and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punchin.region import Frames
    from punchin.song import Song


@dataclass(frozen=True, slots=True)
class Beats:
    """A run of beats of the grid, half-open: beats `first` to `end - 1`."""

    first: int
    end: int

    def __len__(self) -> int:
        return self.end - self.first


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of the song that is played somewhere else, unbroken.

    Attributes:
        target: where it is heard, in frames of the window.
        source: the window's frame that is heard at `target.start`.
    """

    target: Frames
    source: int


@dataclass(frozen=True, slots=True, eq=False)
class Bed:
    """The hole, filled with the song's own beats.

    Attributes:
        song: the sound of exactly the hole, `[C, len(hole)]` float32.
        beats: the beats of the grid that the hole touches.
        donors: for each of them the beat of the grid that is played there.
        pieces: what was copied from where.
        warnings: sentences for the person.
    """

    song: Song
    beats: Beats
    donors: tuple[int, ...]
    pieces: tuple[Piece, ...]
    warnings: tuple[str, ...] = ()

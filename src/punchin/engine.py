"""What an engine is: something that fills a hole in music.

An engine knows nothing of files, HTTP, seams or the loudness of the whole. It is never trusted: `inpaint`
checks what it returns and writes only the frames of the region. A foreign package adds one through the entry
point group `punchin.engines`, the same door the shipped ones use.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punchin.edits import Edit
    from punchin.errors import PunchinError
    from punchin.region import Frames
    from punchin.song import Song


class Progress(Protocol):
    """Called by whatever takes time; raises `Cancelled` when the person has changed their mind.

    Call it at least every half second of work: it is where an edit can be stopped.
    """

    def __call__(self, stage: str, fraction: float) -> None:
        """Report.

        Args:
            stage: what is being done, a word or two: "analyse", "denoise".
            fraction: how much of the whole fill is done, 0..1, never falling.
        """
        ...


def no_progress(stage: str, fraction: float) -> None:
    """Report to nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineSpec:
    """What an engine is and can do.

    Attributes:
        name: as in `--engine NAME`.
        version: changes whenever the same edit would give other bits.
        summary: one sentence for `punchin engines`.
        rate_hz: the rate it works at; None takes the song's own.
        channels: how many channels it works on; None takes the song's own.
        shortest_s, longest_s: limits of the region in seconds.
        honours: what it acts on: of "tags", "lyrics", "variance", and names of creative parameters.
    """

    name: str
    version: str
    summary: str
    rate_hz: int | None = None
    channels: int | None = None
    shortest_s: float = 0.0
    longest_s: float = float("inf")
    honours: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Unused:
    """Something the person asked for that had no effect, and why."""

    what: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """What an engine gives back.

    Attributes:
        song: the new sound of exactly the hole, `[C, len(hole)]`, at the window's rate and channels.
        tags_used: the tags that shaped it.
        lyrics_used: the words that are sung in it, one line each.
        unused: tags, lines and parameters that had no effect, each with the reason.
        warnings: sentences the person should read.
        details: what the engine found and did, for the receipt; JSON values only (tempo, key, donors ...).
        continues: the new sound goes on from the song at both edges by itself, as a repair does. Crossfades
            with the original would bring back what was to be repaired, so they are kept to a millisecond.
    """

    song: Song
    tags_used: tuple[str, ...] = ()
    lyrics_used: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    warnings: tuple[str, ...] = ()
    details: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    continues: bool = False


@runtime_checkable
class Engine(Protocol):
    """Fills a hole in music. Made without arguments; `load` is called once before the first `fill`."""

    @property
    def spec(self) -> EngineSpec:
        """What it is and can do; known before `load`."""
        ...

    def load(self) -> None:
        """Get ready: read weights, compile, warm up. A second call does nothing.

        Raises:
            EngineUnavailable: if weights, packages or hardware are missing; says which command gets them.
        """
        ...

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:
        """How much of the song it wants to hear around the hole (pre-roll and post-roll included).

        Args:
            hole: the region, in frames of the song.
            total: length of the song in frames.
            rate_hz: the song's own rate.
            edit: what is asked, with its seed.

        Returns:
            A run of frames inside the song that contains the hole.
        """
        ...

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """Make the new sound of the hole.

        Args:
            window: the song around the hole with the original inside it, at the engine's rate and channels.
            hole: where in `window`, in its frames.
            edit: what is asked; `edit.seed` is set. Same window, hole, edit and version: same bits.
            progress: report here, often; may raise `Cancelled`.

        Raises:
            EditError: if this edit cannot be done, with what would work instead.
            EngineOutOfMemory: if it is too long for this machine; names the length that fits.
            EngineFailed: if the engine itself broke.
        """
        ...


@runtime_checkable
class CheckedEngine(Engine, Protocol):
    """An engine whose `load` takes long, and that knows in milliseconds whether it would work."""

    def check(self) -> None:
        """Look whether everything that `load` needs is there.

        Raises:
            EngineUnavailable: as `load`.
        """
        ...


@runtime_checkable
class TakesEngine(Engine, Protocol):
    """An engine that makes several takes of one edit for less than their sum."""

    def fill_takes(
        self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Filling]:
        """Like `fill` for each of `edits`, which differ only in their seed."""
        ...


@runtime_checkable
class NearRegionsEngine(Engine, Protocol):
    """An engine that fills several near holes of one song in one pass, for less than their sum."""

    def window_together(
        self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit]
    ) -> Frames | None:
        """Like `window` for several holes.

        Args:
            holes: the regions, sorted, apart from each other, in frames of the song.
            total: length of the song in frames.
            rate_hz: the song's own rate.
            edits: one for each hole; they differ in regions and seeds only.

        Returns:
            A run of frames that contains all holes; None if each is better filled alone.
        """
        ...

    def fill_together(
        self, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Sequence[Filling]]:
        """Like `fill_takes` for several holes.

        Args:
            window: what `window_together` asked for, conformed.
            holes: where in `window`, sorted.
            edits: one for each take, with the region of the first hole; they differ in seeds only.
            progress: as in `fill`.

        Returns:
            For each take a filling for each hole. Same window, holes, edit and version: same bits.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """One fill among several of different songs: the arguments of `Engine.fill`."""

    window: Song
    hole: Frames
    edit: Edit
    progress: Progress = no_progress


@runtime_checkable
class ManyEngine(Engine, Protocol):
    """An engine that does fills of different songs at once, for less time than one after the other."""

    def fill_many(self, requests: Sequence[Request]) -> Sequence[Filling | PunchinError]:
        """Like `fill` for each request; one that fails or is cancelled does not stop the others.

        Returns:
            In the order of the requests: the filling, or the error that `fill` would have raised.
        """
        ...

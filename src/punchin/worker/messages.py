"""What a worker and the process that reads its song say to each other; `lines` carries it.

worker                                             apart from it
Begin ────────────────────────────────────────►  confines itself, opens the song, cuts the window
      ◄───────────────────────────────── Begun
      ◄──────────────────────────── Progressed   (many)
      ◄──────────────────────────── WindowAsked   how much the engine wants to hear
WindowTold ───────────────────────────────────►
      ◄──────────────────── FillAsked + sound
EngineProgressed ─────────────────────────────►  (many; each is answered by one Progressed)
Filled + sound ───────────────────────────────►  joins, splices, proves
      ◄───────────────────────── Done or Failed
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from punchin.edits import Edit
from punchin.engine import EngineSpec, Filling, Unused
from punchin.errors import PunchinError
from punchin.region import Frames, Mark, Region
from punchin.song import Song
from punchin.worker.editing import Order  # noqa: TC001 - its type is read when messages are

if TYPE_CHECKING:
    from punchin.song import Samples

NO_MEMORY = "no_memory"
"""The code of `Failed` where more memory was wanted than allowed."""

Run = tuple[int, int]
"""Start and end of `Frames`."""
Call = Literal["fill", "fill_takes", "fill_together"]
"""Which of an engine's ways is wanted; see `Engine`, `TakesEngine`, `NearRegionsEngine`."""
Form = tuple[str, int, int]
"""Of an array: type, channels, frames."""


class Garbled(PunchinError):
    """What came is no message, larger than allowed, or makes no sense."""


class _Told(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag=True):
    pass


class Begin(_Told, frozen=True):
    """What is to be done, with which engine, and how the process is to confine itself.

    Attributes:
        takes: whether the engine makes several takes at once.
        near: whether it fills near regions together.
        confinement: as JSON.
        most_output_bytes: the largest output that this server makes.
    """

    order: Order
    engine: EngineSpec
    takes: bool
    near: bool
    confinement: str
    most_output_bytes: int


class Begun(_Told, frozen=True):
    """It is confined, by these barriers."""

    barriers: str


class Progressed(_Told, frozen=True):
    """How far everything is; see `punchin.engine.Progress`."""

    stage: str
    fraction: float


class MarkTold(msgspec.Struct, frozen=True, array_like=True):
    """A `Mark`; MessagePack has no numbers that are long enough for every fraction."""

    offset: str
    from_end: bool
    in_samples: bool


class EditTold(msgspec.Struct, frozen=True, array_like=True):
    """An `Edit`."""

    start: MarkTold
    end: MarkTold
    tags: tuple[str, ...]
    lyrics: str
    seed: int | None
    variance: float | None
    parameters: dict[str, str | int | float | bool]


class WindowAsked(_Told, frozen=True):
    """`Engine.window` is wanted, or `window_together`."""

    holes: tuple[Run, ...]
    total: int
    rate_hz: int
    edits: tuple[EditTold, ...]
    together: bool


class WindowTold(_Told, frozen=True):
    """What it gave."""

    window: Run | None


class FillAsked(_Told, frozen=True):
    """New sound is wanted; the sound that comes with it is that of the window."""

    call: Call
    holes: tuple[Run, ...]
    rate_hz: int
    form: Form
    edits: tuple[EditTold, ...]


class EngineProgressed(_Told, frozen=True):
    """How far the engine is with it."""

    stage: str
    fraction: float


class FillingTold(msgspec.Struct, frozen=True, array_like=True):
    """A `Filling` without its sound; `details` is JSON."""

    rate_hz: int
    form: Form
    tags_used: tuple[str, ...]
    lyrics_used: tuple[str, ...]
    unused: tuple[tuple[str, str], ...]
    warnings: tuple[str, ...]
    details: bytes
    continues: bool


class Filled(_Told, frozen=True):
    """What the engine gave: for each edit one for each hole. Their sound lies one behind the other."""

    fillings: tuple[tuple[FillingTold, ...], ...]


class TakeTold(msgspec.Struct, frozen=True, array_like=True):
    """One take: the name of its file, beside the song, and its receipt as JSON."""

    name: str
    receipt: bytes


class Done(_Told, frozen=True):
    """Everything is written."""

    takes: tuple[TakeTold, ...]
    warnings: tuple[str, ...]


class Failed(_Told, frozen=True):
    """It did not work.

    Attributes:
        code: of an error of ours; "" for every other.
        message: for people.
        errno: of the system's error behind it; 0: none.
        trace: where it happened, for the log.
    """

    code: str
    message: str
    errno: int = 0
    trace: str = ""


Message = (
    Begin
    | Begun
    | Progressed
    | WindowAsked
    | WindowTold
    | FillAsked
    | EngineProgressed
    | Filled
    | Done
    | Failed
)


def edit_told(edit: Edit) -> EditTold:
    """An edit as it is sent."""
    start, end = (
        MarkTold(str(mark.offset), mark.from_end, mark.in_samples)
        for mark in (edit.region.start, edit.region.end)
    )
    return EditTold(start, end, edit.tags, edit.lyrics, edit.seed, edit.variance, dict(edit.parameters))


def edit_heard(told: EditTold) -> Edit:
    """An edit as it was sent.

    Raises:
        Garbled: it is none.
    """
    try:
        start, end = (
            Mark(Fraction(mark.offset), mark.from_end, mark.in_samples) for mark in (told.start, told.end)
        )
        return Edit(
            region=Region(start, end),
            tags=told.tags,
            lyrics=told.lyrics,
            seed=told.seed,
            variance=told.variance,
            parameters=told.parameters,
        )
    except (ValueError, ZeroDivisionError, PunchinError) as error:
        raise Garbled(f"that is no edit: {error}") from error


def form_of(samples: Samples) -> Form:
    """Type, channels and frames of sound."""
    return samples.dtype.newbyteorder("<").str, *samples.shape


def filling_told(filling: Filling) -> FillingTold:
    """A filling as it is sent, without its sound.

    Raises:
        AttributeError, TypeError, ValueError: it is none, or holds what JSON cannot.
    """
    told = FillingTold(
        rate_hz=filling.song.rate_hz,
        form=form_of(filling.song.samples),
        tags_used=tuple(filling.tags_used),
        lyrics_used=tuple(filling.lyrics_used),
        unused=tuple((unused.what, unused.why) for unused in filling.unused),
        warnings=tuple(filling.warnings),
        details=msgspec.json.encode(dict(filling.details)),
        continues=bool(filling.continues),
    )
    # Encoding does not look at types, and the other side would stumble over them.
    return msgspec.msgpack.decode(msgspec.msgpack.encode(told), type=FillingTold)


def filling_heard(told: FillingTold, samples: Samples) -> Filling:
    """A filling as it was sent, with its sound."""
    details: dict[str, Any] = msgspec.json.decode(told.details)
    return Filling(
        song=Song(samples, told.rate_hz),
        tags_used=told.tags_used,
        lyrics_used=told.lyrics_used,
        unused=tuple(Unused(what, why) for what, why in told.unused),
        warnings=told.warnings,
        details=details,
        continues=told.continues,
    )


def run_told(frames: Frames) -> Run:
    """Frames as they are sent."""
    return frames.start, frames.end


def frames_heard(told: Run) -> Frames:
    """Frames as they were sent.

    Raises:
        Garbled: they are none.
    """
    try:
        return Frames(*told)
    except ValueError as error:
        raise Garbled(str(error)) from error

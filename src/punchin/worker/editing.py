"""What is done with the song of a job, from the file to the files of its takes: all that trusts its content.

The service has it done in a process apart (`apart`, `inside`); a server that is set to `PUNCHIN_CONFINE=off`
does it in the worker.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from punchin.errors import EditError, SongError
from punchin.inpaint import Session, inpaint, inpaint_each_take
from punchin.job import RegionWish  # noqa: TC001 - its type is read when messages are
from punchin.region import clock
from punchin.songfile import Container, open_song
from punchin.splice import suffix
from punchin.worker.wishes import edits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.edits import Edit
    from punchin.engine import Engine, Progress
    from punchin.songfile import SongFile
    from punchin.take import Take

SOURCE = "source"


class Order(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is to be made of a song.

    Attributes:
        song: its path; the takes are written beside it.
        edits, takes, output_format: as in `JobSpec`.
        most_minutes: the longest song that is taken.
        most_samples: the largest, in samples of all channels together.
    """

    song: str
    edits: tuple[RegionWish, ...]
    takes: int = 1
    output_format: str = SOURCE
    most_minutes: float = 60.0
    most_samples: int = 1_400_000_000


@dataclass(frozen=True, slots=True)
class Edited:
    """What was made: the takes as written, the best first, and how the request was read."""

    takes: list[Take]
    warnings: list[str]


def edited(order: Order, engine: Engine, progress: Progress) -> Edited:
    """Open the song, make the edits and write every take.

    Raises:
        SongError: it cannot be read, or is longer or larger than this server takes.
        CallerError, EngineError, Cancelled: as `inpaint`.
    """
    session = Session(engine=engine, takes=order.takes, container=_container(order), receipts=False)
    # The server's own limits are closer.
    with open_song(Path(order.song), any_length=True) as source:
        check_size(source, order)
        wanted = edits_of(order.edits, source)
        return Edited(_takes(source, wanted.edits, session, progress), wanted.warnings)


def check_size(source: SongFile, order: Order) -> None:
    """Refuse a song that would cost too much, by what its header says; the limits of time catch liars.

    Raises:
        SongError: says what would work.
    """
    advice = "; send the part around the edit, at least half a minute more on both sides"
    if source.duration_s > 60 * order.most_minutes:
        raise SongError(
            f"the song is {clock(source.duration_s)} long, and this server takes songs of up to "
            f"{order.most_minutes:g} minutes{advice}"
        )
    samples = source.frames * source.channels
    if samples > order.most_samples:
        most_s = order.most_samples / (source.channels * source.rate_hz)
        raise SongError(
            f"the song has {samples / 1e6:.0f} million samples in {source.channels} channels at "
            f"{source.rate_hz} Hz; this server takes up to {order.most_samples / 1e6:.0f} million, which are "
            f"{clock(most_s)} of that form{advice}, or a stereo mix at 44100 or 48000 Hz"
        )


def _container(order: Order) -> Container | None:
    if order.output_format == SOURCE:
        return None
    try:
        return Container(order.output_format)
    except ValueError:
        raise EditError(
            f"output_format is {order.output_format!r}; it is one of source, wav, flac, mp3, ogg"
        ) from None


def _takes(source: SongFile, edits: Sequence[Edit], session: Session, progress: Progress) -> list[Take]:
    container = session.splicer(source, edits).container
    ending = source.path.suffix if container is source.container and source.path.suffix else suffix(container)
    output = source.path.with_name(f"{source.path.stem}.punched{ending}")
    if session.takes == 1:
        return [inpaint(source, edits, output, session, progress)]
    return inpaint_each_take(source, edits, output, session, progress)

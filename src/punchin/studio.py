"""The library as most people use it: a path, two times, some words, and back comes a take.

Those who compose their own use what is below: `open_song`, `Region`, an engine, `Session`, `prove`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from punchin.edits import Edit, split_tags
from punchin.engine import no_progress
from punchin.engines import find_engine
from punchin.errors import OutputError, ReceiptError
from punchin.inpaint import Session, inpaint, inpaint_each_take
from punchin.join import JoinSettings
from punchin.proof import Verdict, file_sha256
from punchin.proof import verify as verify_songs
from punchin.receipt import Receipt
from punchin.region import Frames, Mark, Region
from punchin.songfile import Container, open_song
from punchin.splice import container_of, suffix

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from punchin.edits import Parameter
    from punchin.engine import Engine, Progress
    from punchin.receipt import PunchRecord
    from punchin.songfile import SongFile
    from punchin.take import Take


def edit(
    song: str | Path,
    start: str | float,
    end: str | float,
    *,
    tags: str | Sequence[str] = "",
    lyrics: str = "",
    seed: int | None = None,
    variance: float | None = None,
    parameters: Mapping[str, Parameter] | None = None,
    takes: int = 1,
    engine: str | Engine = "auto",
    output: str | Path | None = None,
    format: str | None = None,  # noqa: A002
    joins: JoinSettings | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Take:
    """Re-record one part of a song; everything outside it stays as it was.

    Args:
        song: the file; it is only read.
        start, end: where, in any form that `Mark.parse` reads: 41, "0:41.5", "end-12.5", "1808100 samples".
        tags: style words, as one text with commas or a list.
        lyrics: words to sing there; "[inst]" for no vocals.
        seed: 0..2147483647; None draws one, which the receipt records.
        variance: 0..1, how far from the original the new part may go.
        parameters: further settings of the engine, by name.
        takes: how many candidates to make (1..8); the one with the best seams is written.
        engine: a name, or an engine that is loaded already.
        output: where to; None puts `NAME.punched.EXT` beside the song.
        format: "wav", "flac", "mp3" or "ogg"; None is the song's own format.
        joins: crossfades and matching; None for the defaults.
        overwrite: whether `output` may exist already.
        progress: told what is being done and how far; may raise `Cancelled`.

    Returns:
        The take: where it is, its receipt with the proof, its seams.

    Raises:
        CallerError: if something asked for cannot be done; nothing was written.
        EngineError: if the engine fails; nothing was written.
    """
    one = Edit(
        region=Region.parse(start, end),
        tags=split_tags(tags) if isinstance(tags, str) else tuple(tags),
        lyrics=lyrics,
        seed=seed,
        variance=variance,
        parameters=dict(parameters or {}),
    )
    return edit_all(
        song, [one], takes=takes, engine=engine, output=output, format=format, joins=joins,
        overwrite=overwrite, progress=progress,
    )  # fmt: skip


def edit_all(
    song: str | Path,
    edits: Sequence[Edit],
    *,
    takes: int = 1,
    engine: str | Engine = "auto",
    output: str | Path | None = None,
    format: str | None = None,  # noqa: A002
    joins: JoinSettings | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Take:
    """Re-record several parts of one song, each with its own wishes, in one pass over the file.

    Arguments, results and errors are those of `edit`.
    """
    container = _container(format, output)
    with open_song(song) as source:
        session = _session(engine, takes, container, joins, overwrite)
        return inpaint(source, edits, _target(source, edits, output, session), session, progress)


def edit_each_take(
    song: str | Path,
    edits: Sequence[Edit],
    *,
    takes: int = 1,
    engine: str | Engine = "auto",
    output: str | Path | None = None,
    format: str | None = None,  # noqa: A002
    joins: JoinSettings | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> list[Take]:
    """Like `edit_all`, but every take is written: `NAME.take1.EXT` ..., the best seams first.

    Arguments and errors are those of `edit`.
    """
    container = _container(format, output)
    with open_song(song) as source:
        session = _session(engine, takes, container, joins, overwrite)
        return inpaint_each_take(source, edits, _target(source, edits, output, session), session, progress)


def _target(source: SongFile, edits: Sequence[Edit], output: str | Path | None, session: Session) -> Path:
    return Path(output) if output else default_output(source, session.splicer(source, edits).container)


def _session(
    engine: str | Engine, takes: int, container: Container | None, joins: JoinSettings | None, overwrite: bool
) -> Session:
    return Session(
        engine=find_engine(engine) if isinstance(engine, str) else engine,
        takes=takes,
        container=container,
        joins=joins or JoinSettings(),
        overwrite=overwrite,
    )


def _container(format_name: str | None, output: str | Path | None) -> Container | None:
    by_output = container_of(Path(output)) if output else None
    if format_name is None:
        if output and by_output is None and Path(output).suffix:
            ending = Path(output).suffix
            raise OutputError(
                f"{ending!r} tells no format; end it with .wav, .flac, .mp3 or .ogg, or give --format"
            )
        return by_output
    try:
        asked = Container(format_name.lower())
    except ValueError:
        raise OutputError(f"format is {format_name!r}; it is one of wav, flac, mp3, ogg") from None
    if by_output not in (None, asked):
        raise OutputError(
            f"the output is named {Path(str(output)).name!r}, but format is {asked}; make them agree"
        )
    return asked


def default_output(source: SongFile, container: Container) -> Path:
    """`NAME.punched.EXT` beside the song, with a number where that exists already."""
    extension = suffix(container)
    if container is source.container and source.path.suffix:
        extension = source.path.suffix
    stem = source.path.stem
    path, number = source.path.with_name(f"{stem}.punched{extension}"), 2
    while path.exists():
        path, number = source.path.with_name(f"{stem}.punched-{number}{extension}"), number + 1
    return path


def verify(source: str | Path, output: str | Path, receipt: str | Path | None = None) -> Verdict:
    """Check from the files alone that nothing changed outside a region; see `punchin.proof.verify`.

    Raises:
        SongError: if one of the files cannot be read.
        ReceiptError: if the receipt cannot be read.
    """
    record = Receipt.read(Path(receipt)) if receipt else None
    with open_song(source) as before, open_song(output) as after:
        return verify_songs(before, after, record)


@dataclass(frozen=True, slots=True, eq=False)
class Replayed:
    """A take that was made again from its receipt.

    Attributes:
        take: the new take.
        same_bytes: whether the output has the very bytes that the receipt promises.
        differs: why it may differ, one sentence for each version or machine that is not the same.
    """

    take: Take
    same_bytes: bool
    differs: tuple[str, ...]


def replay(
    receipt: str | Path,
    *,
    source: str | Path | None = None,
    output: str | Path | None = None,
    overwrite: bool = False,
    progress: Progress = no_progress,
) -> Replayed:
    """Make the take of a receipt again: same song, same edits, same seeds, same engine.

    Args:
        receipt: the JSON file beside an output.
        source: the song; None looks where the receipt says, from the receipt's own folder.
        output: where to; None puts `NAME.replayed.EXT` beside the receipt.
        overwrite: whether `output` may exist already.
        progress: told what is being done and how far; may raise `Cancelled`.

    Raises:
        ReceiptError: if the receipt cannot be read, or the song is not the one it was made from.
        UnknownEngine, EngineUnavailable: if its engine is not here.
    """
    path = Path(receipt)
    record = Receipt.read(path)
    song = Path(source) if source else path.parent / record.source.name
    if not song.is_file():
        raise ReceiptError(f"the song {str(song)!r} is not there; say where it is with --source")
    if file_sha256(song) != record.source.sha256:
        raise ReceiptError(f"{song} is not the song of this receipt: its SHA-256 differs")
    made = Path(record.output.name)
    target = Path(output) if output else path.parent / f"{made.stem}.replayed{made.suffix}"
    session = Session(
        engine=find_engine(record.engine.name),
        container=Container(record.output.container),
        joins=msgspec.convert(record.joins, JoinSettings),
        overwrite=overwrite,
        shared=frozenset(
            tuple(Frames(start, end) for start, end in punch.shared) for punch in record.punches
        ),
    )
    with open_song(song) as opened:
        take = inpaint(opened, [_asked(punch) for punch in record.punches], target, session, progress)
    return Replayed(
        take, take.receipt.output.sha256 == record.output.sha256, _differences(take.receipt, record)
    )


def _asked(punch: PunchRecord) -> Edit:
    region = Region(
        Mark.parse(f"{punch.start_frame} samples"),
        Mark.parse(f"{punch.end_frame} samples"),
    )
    return Edit(
        region=region,
        tags=tuple(punch.tags),
        lyrics=punch.lyrics,
        seed=punch.seed,
        variance=punch.variance,
        parameters=punch.parameters,
    )


def _differences(now: Receipt, then: Receipt) -> tuple[str, ...]:
    pairs = [
        ("punchin", now.punchin, then.punchin),
        (f"engine {then.engine.name}", now.engine.version, then.engine.version),
        *((name, now.engine.packages.get(name, "none"), old) for name, old in then.engine.packages.items()),
        ("machine", now.engine.machine, then.engine.machine),
    ]
    return tuple(f"{what} is {new}, was {old}" for what, new, old in pairs if new != old)

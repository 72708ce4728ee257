"""Steps 7 and 8: the output file, its proof, and the receipt beside it."""

from __future__ import annotations

import os
import platform
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from punchin.errors import CallerError, ProofError, SongError
from punchin.proof import describe_file, prove
from punchin.receipt import (
    FORMAT,
    EngineRecord,
    JoinedRecord,
    PunchRecord,
    Receipt,
    SpliceRecord,
    TakeRecord,
    UnusedRecord,
)
from punchin.songfile import open_song
from punchin.splice import Method, check_output, whole_file
from punchin.take import Take

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from punchin.engine import EngineSpec
    from punchin.inpaint.stages import Stages
    from punchin.join import Joined, JoinSettings
    from punchin.proof import Depth
    from punchin.receipt import FileRecord, ProofRecord
    from punchin.songfile import SongFile
    from punchin.splice import Splice, Splicer
    from punchin.take import Candidate, Punch

__all__ = ["Written", "check_output", "receipt_path", "write_take"]

PACKAGES = ("numpy", "scipy", "soundfile", "soxr")
"""Packages whose version can change the bits of a take; the receipt names them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """How a take is written; see `Session` for the fields."""

    engine: EngineSpec
    joins: JoinSettings
    overwrite: bool
    depth: Depth | None
    receipts: bool


def receipt_path(output: Path) -> Path:
    """Where the receipt of an output lies: `song.punched.wav` has `song.punched.wav.receipt.json`."""
    return output.with_name(output.name + ".receipt.json")


def write_take(
    source: SongFile, splicer: Splicer, punches: Sequence[Punch], output: Path, how: Written, stages: Stages
) -> Take:
    """Write the output, prove it before it appears under its name, and write the receipt.

    Raises:
        OutputError: if it cannot be written there; nothing is left behind.
        SongError: if the song was changed meanwhile, or its coded frames make no sense; nothing is left.
        ProofError: if something outside the regions changed: a fault of Punchin; nothing is left behind.
    """
    chosen = [punch.chosen for punch in punches]
    saved = receipt_path(output) if how.receipts else None
    with ExitStack() as files:
        # Entered first, so renamed last: a receipt never stands without the output that it proves.
        receipt_file = (
            files.enter_context(whole_file(saved, overwrite=True, protect=source.path)) if saved else None
        )
        file = files.enter_context(whole_file(output, overwrite=how.overwrite, protect=source.path))
        files.enter_context(_unchanged(source))
        with stages.stage("splice") as report:
            splice = splicer.write([one.patch for one in chosen], file, partial(report, "splice"))
            file.flush()
        with stages.stage("prove") as report, open_song(file.name) as written:
            regions = [candidate.region for candidate in chosen]
            proof = prove(source, written, regions, splice, how.depth, partial(report, "prove"))
            _insist(proof, splice, source)
            source_name = os.path.relpath(source.path, output.parent).replace(os.sep, "/")
            described = describe_file(source, source_name), describe_file(written, output.name)
        record = _receipt(source, described, punches, splice, proof, how, stages)
        if receipt_file:
            receipt_file.write(record.to_json())
    return Take(output, record, saved, tuple(punches))


@contextmanager
def _unchanged(source: SongFile) -> Generator[None]:
    """Hold the song to what it was when it was opened: else its receipt would be that of another one.

    Raises:
        SongError: if it was changed; also in place of the errors to which that leads.
    """
    try:
        yield
    except (CallerError, OSError):
        source.insist_unchanged()
        raise
    source.insist_unchanged()


def _insist(proof: ProofRecord, splice: Splice, source: SongFile) -> None:
    if splice.method is Method.LOSSY or proof.identical:
        return
    if not all(source.is_steady(run.start_frame) for run in proof.runs):
        raise SongError(
            f"{source.path} is damaged: its sound depends on where reading begins, so an edit cannot "
            "be proved; decode it to WAV and edit that"
        )
    raise ProofError(
        "the output would differ from the source outside the region "
        f"(by up to {proof.largest_difference:.2g} of full scale), so it was not written; "
        "this is a fault of punchin: please report it with the song"
    )


def _receipt(
    source: SongFile,
    files: tuple[FileRecord, FileRecord],
    punches: Sequence[Punch],
    splice: Splice,
    proof: ProofRecord,
    how: Written,
    stages: Stages,
) -> Receipt:
    warnings = [*source.warnings, *splice.warnings]
    for punch in punches:
        warnings += punch.chosen.filling.warnings
    return Receipt(
        receipt=FORMAT,
        punchin=version("punchin"),
        source=files[0],
        output=files[1],
        engine=EngineRecord(
            how.engine.name, how.engine.version, {name: version(name) for name in PACKAGES}, _machine()
        ),
        joins=asdict(how.joins),
        punches=[
            _punch_record(punch, changed) for punch, changed in zip(punches, splice.changed, strict=True)
        ],
        splice=SpliceRecord(str(splice.method), splice.why),
        proof=proof,
        warnings=list(dict.fromkeys(warnings)),
        timings_ms=dict(stages.timings_ms),
    )


def _punch_record(punch: Punch, changed: Any) -> PunchRecord:
    one, edit, filling = punch.chosen, punch.chosen.edit, punch.chosen.filling
    return PunchRecord(
        asked_start=str(edit.region.start),
        asked_end=str(edit.region.end),
        start_frame=one.region.start,
        end_frame=one.region.end,
        changed_start_frame=changed.start,
        changed_end_frame=changed.end,
        tags=list(edit.tags),
        lyrics=edit.lyrics,
        seed=edit.seed or 0,
        variance=edit.variance,
        parameters=dict(edit.parameters),
        tags_used=list(filling.tags_used),
        lyrics_used=list(filling.lyrics_used),
        unused=[UnusedRecord(each.what, each.why) for each in filling.unused],
        joined=_joined_record(one.joined),
        seams=asdict(one.seams),
        takes=[_take_record(candidate) for candidate in punch.candidates],
        details=dict(filling.details),
        shared=[(region.start, region.end) for region in one.shared],
    )


def _joined_record(joined: Joined) -> JoinedRecord:
    return JoinedRecord(
        punch_in_gain_db=round(joined.level.punch_in_db, 2),
        punch_out_gain_db=round(joined.level.punch_out_db, 2),
        tone_db=round(joined.tone_db, 2),
        limited_db=round(joined.limited_db, 2),
        shift_frames=joined.shift_frames,
    )


def _take_record(candidate: Candidate) -> TakeRecord:
    return TakeRecord(candidate.edit.seed or 0, asdict(candidate.seams))


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"

"""One edit of one song from beginning to end: `Session` keeps what the eight steps share."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING

from punchin.engine import no_progress
from punchin.inpaint.checks import Planned, check_takes, plan
from punchin.inpaint.recording import record
from punchin.inpaint.sharing import shared_passes
from punchin.inpaint.stages import Stages
from punchin.inpaint.writing import Written, check_output, write_take
from punchin.join import JoinSettings
from punchin.onethread import one_thread
from punchin.splice import splicer_for
from punchin.take import Punch, Take

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punchin.edits import Edit
    from punchin.engine import Engine, Progress
    from punchin.inpaint.sharing import Shared
    from punchin.proof import Depth
    from punchin.songfile import Container, SongFile
    from punchin.splice import Splicer
    from punchin.take import Candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """How edits are to be made and written.

    Attributes:
        engine: who fills the hole; loaded when everything else is in order.
        takes: how many candidates each region gets, with seeds one after the other.
        container: format of the output; None is the source's own (or by rule, see `splicer_for`).
        joins: crossfades and matching.
        overwrite: whether an existing output is replaced.
        proof_depth: how deep the proof goes; None chooses by the length of the song.
        receipts: whether a receipt is written beside the output.
        shared: the regions that share passes of the engine, as a receipt has them; None decides by the rule
            in `sharing`.
    """

    engine: Engine
    takes: int = 1
    container: Container | None = None
    joins: JoinSettings = field(default_factory=JoinSettings)
    overwrite: bool = False
    proof_depth: Depth | None = None
    receipts: bool = True
    shared: Shared | None = None

    def record(
        self, source: SongFile, edits: Sequence[Edit], progress: Progress = no_progress
    ) -> tuple[list[list[Candidate]], Stages]:
        """Steps 1 to 6: for each edit, in the order of the song, its candidates; nothing is written.

        Raises:
            CallerError: if something asked for cannot be done; nothing slow has happened by then.
            EngineError: if the engine fails.
            Cancelled: if `progress` said so.
        """
        planned = self.check(source, edits)
        stages = Stages(progress, rounds=self.takes * len(planned))
        progress("load", 0.0)
        self.engine.load()
        made: list[list[Candidate]] = []
        with one_thread():
            for together in shared_passes(planned, self.engine, source, self.shared):
                made += record(source, together, self.engine, self.takes, self.joins, stages)
        return made, stages

    def check(self, source: SongFile, edits: Sequence[Edit]) -> list[Planned]:
        """Step 1: exact frames and seeds; everything that can be refused is refused here.

        Raises:
            CallerError: the most exact kind.
        """
        check_takes(self.takes)
        return plan(source, edits, self.engine.spec, self.splicer(source, edits))

    def splicer(self, source: SongFile, edits: Sequence[Edit]) -> Splicer:
        """What will write an output with these edits.

        Raises:
            RegionError: if a region does not fit the song.
            OutputError: if the format asked for cannot hold the song.
        """
        regions = [edit.region.frames(source.rate_hz, source.frames) for edit in edits]
        return splicer_for(source, self.container, regions)

    def write(self, source: SongFile, punches: Sequence[Punch], output: Path, stages: Stages) -> Take:
        """Steps 7 and 8: write one take with the chosen candidates, prove it, write its receipt."""
        how = Written(
            engine=self.engine.spec, joins=self.joins, overwrite=self.overwrite, depth=self.proof_depth,
            receipts=self.receipts,
        )  # fmt: skip
        splicer = splicer_for(source, self.container, [punch.chosen.region for punch in punches])
        with one_thread():
            return write_take(source, splicer, punches, output, how, stages)


def inpaint(
    source: SongFile,
    edits: Sequence[Edit],
    output: Path,
    session: Session,
    progress: Progress = no_progress,
) -> Take:
    """Make the edits and write the best take of each region into one output.

    Args:
        source: the song; only read.
        edits: what is asked; regions must not overlap.
        output: where the result goes; appears whole or not at all.
        session: engine and settings.
        progress: told what is being done and how far everything is; may raise `Cancelled`.

    Raises:
        CallerError: if something asked for cannot be done; nothing was written.
        EngineError: if the engine fails; nothing was written.
        Cancelled: if `progress` said so; nothing was written.
    """
    check_output(output, source.path, overwrite=session.overwrite)
    candidates, stages = session.record(source, edits, progress)
    punches = [
        Punch(best[0], tuple(made)) for best, made in zip(_best_first(candidates), candidates, strict=True)
    ]
    return session.write(source, punches, output, stages)


def inpaint_each_take(
    source: SongFile,
    edits: Sequence[Edit],
    output: Path,
    session: Session,
    progress: Progress = no_progress,
) -> list[Take]:
    """Like `inpaint`, but write every take: the first has the best candidate of each region, and so on.

    `output` gives folder and name; `song.wav` becomes `song.take1.wav`, `song.take2.wav` ...
    """
    outputs = [
        output.with_name(f"{output.stem}.take{take + 1}{output.suffix}") for take in range(session.takes)
    ]
    for path in outputs:
        check_output(path, source.path, overwrite=session.overwrite)
    candidates, stages = session.record(source, edits, progress)
    ranked = _best_first(candidates)
    return [
        session.write(
            source,
            [Punch(best[take], tuple(made)) for best, made in zip(ranked, candidates, strict=True)],
            path,
            stages,
        )
        for take, path in enumerate(outputs)
    ]


def _best_first(candidates: Sequence[Sequence[Candidate]]) -> list[list[Candidate]]:
    """For each region its candidates, the best seams first.

    Regions that shared a pass are judged together: what is written comes from one pass, and a replay can make
    it again.
    """
    ranked: list[list[Candidate]] = []
    for _, group in groupby(candidates, key=lambda made: made[0].shared or (made[0].region,)):
        regions = list(group)
        takes = range(len(regions[0]))
        order = sorted(takes, key=lambda take: -sum(made[take].seams.score for made in regions))
        ranked += [[made[take] for take in order] for made in regions]
    return ranked

"""The worker's side of an edit that is made in a process apart: its engine, the job's progress, and the end.

Whatever the file does to that process, the worker only hears that it is gone, and the job fails with a
sentence. It is ended when the job is not wanted any more, however deep it is in a decoder.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from punchin.confinement import Confinement, Zygote, folders_of_programs
from punchin.engine import NearRegionsEngine, TakesEngine
from punchin.errors import (
    CallerError,
    EditError,
    EngineFailed,
    OutputError,
    ProofError,
    PunchinError,
    ReceiptError,
    RegionError,
    SongError,
    TooLarge,
)
from punchin.receipt import Receipt
from punchin.song import Song
from punchin.take import Take
from punchin.worker.editing import Edited
from punchin.worker.failures import FaultInside, Unsafe
from punchin.worker.lines import Line, LineEnded, sounds_in
from punchin.worker.messages import (
    NO_MEMORY,
    Begin,
    Begun,
    Done,
    EditTold,
    EngineProgressed,
    Failed,
    FillAsked,
    Filled,
    FillingTold,
    Garbled,
    Message,
    Progressed,
    TakeTold,
    WindowAsked,
    WindowTold,
    edit_heard,
    filling_told,
    frames_heard,
    run_told,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.confinement import Child, Ending
    from punchin.edits import Edit
    from punchin.engine import Engine, Filling, Progress
    from punchin.region import Frames
    from punchin.worker.editing import Order
    from punchin.worker.lines import Bytes
    from punchin.worker.messages import Call, Run

log = structlog.get_logger("punchin.worker")

ENGINE_REPORTS_S = 0.03
"""Each report of an engine goes to the process and back, so not every one does."""
_ERRORS: dict[str, type[PunchinError]] = {
    kind.code: kind
    for kind in (
        CallerError, EditError, EngineFailed, OutputError, ProofError, RegionError, SongError, TooLarge,
    )
}  # fmt: skip
"""What the process may say went wrong. Not that the job is another's or was cancelled: it would never end."""
_STAGE_LETTERS = 40
_SLOWEST_HZ, _FASTEST_HZ = 8_000, 192_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What the process of one song may use.

    Attributes:
        memory_bytes: of its own.
        cpu_s: of computing.
        output_bytes: the largest file that it may write.
    """

    memory_bytes: int = 2_000_000_000
    cpu_s: int = 900
    output_bytes: int = 6_000_000_000


class Apart:
    """Makes edits in processes apart.

    Args:
        bounds: of each.
        program: the module that is their zygote.
    """

    def __init__(self, bounds: Bounds, program: str = "punchin.worker.inside") -> None:
        self.bounds = bounds
        environment = dict(os.environ)
        # One thread: libraries that start more in the zygote would leave their locks locked in its children.
        environment |= {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        # A child's memory is all new to it; large pages take a tenth of the faults, 0.1 s less an edit.
        environment.setdefault("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1")
        self._zygote = Zygote([sys.executable, "-m", program], env=environment)
        self._programs = folders_of_programs()
        self._barriers = ""

    def start(self) -> None:
        """Begin to warm up, without waiting for it."""
        self._zygote.start()

    def up(self, limit_s: float) -> bool:
        """Whether an edit could begin at once; waits for that, but not longer than so many seconds."""
        try:
            child = self._zygote.fork()
        except OSError as error:
            log.warning("no process for songs", why=str(error))
            return False
        try:
            child.kill()
            return child.wait(limit_s) is not None
        finally:
            child.close()

    def close(self) -> None:
        """End the processes."""
        self._zygote.close()

    def edit(self, order: Order, engine: Engine, progress: Progress) -> Edited:
        """See `editing.edited`.

        Raises:
            Unsafe: the file could not be read safely.
        """
        child = self._zygote.fork()
        talk = _Talk(child, order, engine, progress, self.bounds, self._programs)
        try:
            takes, warnings = talk.result()
        finally:
            child.kill()
            child.wait()
            child.close()
            self._say(talk.barriers)
        return Edited(takes, warnings)

    def _say(self, barriers: str) -> None:
        if barriers not in ("", self._barriers):
            self._barriers = barriers
            log.info("songs are read apart", held_by=barriers)


class _Talk:
    """With the process of one job."""

    def __init__(
        self,
        child: Child,
        order: Order,
        engine: Engine,
        progress: Progress,
        bounds: Bounds,
        programs: tuple[Path, ...],
    ) -> None:
        self._child, self._order, self._engine, self._bounds = child, order, engine, bounds
        self._progress, self._programs = progress, programs
        self._reached = ("read", 0.0)
        self._engine_stage, self._engine_told_s = "", float("-inf")
        self._line = Line(child.line, bounds.memory_bytes, self._still_wanted)
        self._lost: LineEnded | None = None
        self._words = {(wish.tags, wish.lyrics) for wish in order.edits}
        self.barriers = ""

    def result(self) -> tuple[list[Take], list[str]]:
        """Talk until it is over."""
        try:
            self._line.send(self._begin())
            while True:
                message, sound = self._line.receive()
                if isinstance(message, Done):
                    return self._takes(message), list(message.warnings)
                self._answer(message, sound)
        except LineEnded:
            raise gone(self._child.wait(), self._bounds) from None
        except Garbled as error:
            log.error("a process that reads songs talks nonsense", why=str(error))
            raise Unsafe from error

    def _begin(self) -> Begin:
        song = Path(self._order.song)
        most, (own, _) = self._bounds.output_bytes, resource.getrlimit(resource.RLIMIT_FSIZE)
        confinement = Confinement(
            memory_bytes=self._bounds.memory_bytes,
            cpu_s=self._bounds.cpu_s,
            # Not more than this process itself may.
            file_bytes=most if own == resource.RLIM_INFINITY else min(own, most),
            # Uploads are links to where they lie. Python's folders, since parts of it are loaded late.
            folders_readable=(song.resolve(), *self._programs),
            folders_writable=(song.parent,),
        )
        return Begin(
            order=self._order,
            engine=self._engine.spec,
            takes=isinstance(self._engine, TakesEngine),
            near=isinstance(self._engine, NearRegionsEngine),
            confinement=confinement.to_json(),
            most_output_bytes=most,
        )

    def _answer(self, message: Message, sound: Bytes) -> None:
        match message:
            case Begun():
                self.barriers = message.barriers
            case Progressed():
                self._report(message)
            case WindowAsked():
                window = self._window(message)
                self._line.send(WindowTold(run_told(window) if window is not None else None))
            case FillAsked():
                self._fill(message, sound)
            case Failed():
                raise error_of(message, self._bounds)
            case _:
                raise Garbled(f"{type(message).__name__} comes from the wrong side")

    def _report(self, told: Progressed) -> None:
        self._reached = (told.stage[:_STAGE_LETTERS], told.fraction)
        self._progress(*self._reached)

    def _still_wanted(self) -> None:
        self._progress(*self._reached)

    def _edit(self, told: EditTold) -> Edit:
        """What the engine is to be asked: only words that the job came with, which were looked at."""
        if (told.tags, told.lyrics) not in self._words:
            raise Garbled("the engine is asked for words that are not those of the job")
        return edit_heard(told)

    def _window(self, asked: WindowAsked) -> Frames | None:
        holes, edits = self._asked(asked.holes, asked.edits)
        total, rate_hz, engine = asked.total, asked.rate_hz, self._engine
        if asked.together and isinstance(engine, NearRegionsEngine):
            return engine.window_together(holes, total, rate_hz, edits)
        return engine.window(holes[0], total, rate_hz, edits[0])

    def _asked(self, holes: Sequence[Run], edits: Sequence[EditTold]) -> tuple[list[Frames], list[Edit]]:
        if not holes or not edits:
            raise Garbled("the engine is asked for nothing")
        return list(map(frames_heard, holes)), list(map(self._edit, edits))

    def _fill(self, asked: FillAsked, sound: Bytes) -> None:
        [samples] = sounds_in(sound, [asked.form])
        holes, edits = self._asked(asked.holes, asked.edits)
        if holes[-1].end > samples.shape[1] or not _SLOWEST_HZ <= asked.rate_hz <= _FASTEST_HZ:
            raise Garbled("there is no hole to fill in that window")
        fillings = self._fillings(asked.call, Song(samples, asked.rate_hz), holes, edits)
        if [len(row) for row in fillings] != [len(holes)] * len(edits):
            raise EngineFailed(
                f"engine {self._engine.spec.name!r} was asked for {len(edits)} x {len(holes)} fillings and "
                f"gave {[len(row) for row in fillings]}"
            )
        told = tuple(tuple(map(self._told, row)) for row in fillings)
        self._line.send(Filled(told), [filling.song.samples for row in fillings for filling in row])

    def _fillings(
        self, call: Call, window: Song, holes: list[Frames], edits: list[Edit]
    ) -> list[list[Filling]]:
        engine, report = self._engine, self._from_engine
        try:
            if call == "fill_together" and isinstance(engine, NearRegionsEngine):
                return [list(row) for row in engine.fill_together(window, holes, edits, report)]
            if call == "fill_takes" and isinstance(engine, TakesEngine):
                return [[filling] for filling in engine.fill_takes(window, holes[0], edits, report)]
            return [[engine.fill(window, holes[0], edits[0], report)]]
        except Exception:
            # An engine that stopped since the process is gone may say so in its own way.
            if self._lost is not None:
                raise self._lost from None
            raise

    def _told(self, filling: Filling) -> FillingTold:
        try:
            return filling_told(filling)
        except (AttributeError, TypeError, ValueError) as error:
            raise EngineFailed(
                f"engine {self._engine.spec.name!r} gave back something that is no filling: {error}"
            ) from error

    def _from_engine(self, stage: str, fraction: float) -> None:
        """The engine's progress; the process makes of it that of the whole edit."""
        now = time.monotonic()
        if stage == self._engine_stage and now - self._engine_told_s < ENGINE_REPORTS_S:
            return
        self._engine_stage, self._engine_told_s = stage, now
        try:
            self._line.send(EngineProgressed(str(stage), float(fraction)))
            answer, _ = self._line.receive()
        except LineEnded as error:
            self._lost = error
            raise
        if not isinstance(answer, Progressed):
            raise Garbled(f"{type(answer).__name__} came where the progress was expected")
        self._report(answer)

    def _takes(self, done: Done) -> list[Take]:
        if len(done.takes) != self._order.takes:
            raise Garbled(f"there are {len(done.takes)} takes; {self._order.takes} were asked for")
        return [self._take(told) for told in done.takes]

    def _take(self, told: TakeTold) -> Take:
        """A take as it was written: a file of its own, in its folder, with a receipt that makes sense."""
        path = Path(self._order.song).with_name(told.name) if told.name == Path(told.name).name else None
        try:
            state = path.lstat() if path else None
            receipt = Receipt.from_json(told.receipt)
        except (OSError, ValueError, ReceiptError) as error:
            raise Garbled(f"the take cannot be had: {error}") from error
        if path is None or state is None or not stat.S_ISREG(state.st_mode) or state.st_nlink != 1:
            raise Garbled("the take is no file of its own")
        source = receipt.source
        if not _SLOWEST_HZ <= source.rate_hz <= _FASTEST_HZ or not all(
            0 <= punch.start_frame < punch.end_frame <= source.frames for punch in receipt.punches
        ):
            raise Garbled("the receipt tells of regions that cannot be")
        return Take(path, receipt, None, ())


def gone(ending: Ending | None, bounds: Bounds) -> Exception:
    """What it means that the process of a song ended by itself."""
    if ending is None:
        return PunchinError("the part of this server that reads songs is gone; send the job again")
    log.warning("a process that read a song ended", code=ending.code, cpu_s=round(ending.cpu_s, 1))
    if -ending.code == signal.SIGXCPU:
        why = f"that takes more than {bounds.cpu_s} s of computing"
    elif -ending.code == signal.SIGKILL:
        why = "what reads it was stopped by the system, which may be short of memory"
    elif ending.code < 0:
        why = f"what reads it crashed ({signal.Signals(-ending.code).name})"
    else:
        why = "what reads it stopped in the middle"
    return Unsafe(f"the file could not be read safely: {why}")


def error_of(told: Failed, bounds: Bounds) -> Exception:
    """What the process of a song says went wrong, as an exception."""
    if told.code == NO_MEMORY:
        return Unsafe(
            "the file could not be read safely: that takes more than "
            f"{bounds.memory_bytes / 1e6:.0f} MB of memory; send a shorter part of it"
        )
    if told.code not in _ERRORS:
        return FaultInside(told.trace)
    if told.trace:
        log.error("a file confuses its reader", trace=told.trace)
    error = _ERRORS[told.code](told.message)
    if told.errno:
        error.__cause__ = OSError(told.errno, os.strerror(told.errno))
    return error

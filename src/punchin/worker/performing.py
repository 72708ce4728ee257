"""One job, from the song's address to the outputs in the file store and the end in the ledger."""

from __future__ import annotations

import shutil
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

import structlog

from punchin.errors import (
    Cancelled,
    JobFinished,
    JobNotFound,
    PunchinError,
    StaleAttempt,
    StoreError,
)
from punchin.job import Failure, FailureCode
from punchin.store import price_of
from punchin.worker.editing import Order, edited
from punchin.worker.failures import TookTooLong, failure_of
from punchin.worker.reporting import Reporter
from punchin.worker.results import result_of, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from punchin.engine import Engine, Progress
    from punchin.filestore import FileStore
    from punchin.job import JobResult, JobSpec, RegionWish
    from punchin.store import Store
    from punchin.worker.editing import Edited
    from punchin.worker.engines import WarmEngines
    from punchin.worker.songs import Songs

    TurnOf = Callable[[str], AbstractContextManager[bool]]
    EditSong = Callable[[Order, Engine, Progress], Edited]
    Judge = Callable[[Sequence[RegionWish]], Sequence[str]]
    """judge(edits): the unsafe words in tags and lyrics; raises Refused where the policy says so."""

T = TypeVar("T")

log = structlog.get_logger("punchin.worker")

TRY_AGAIN_S = (0.5, 1, 2, 4, 8, 15)
"""A ledger that is away for half a minute costs no finished work."""


class LedgerAway(StoreError):
    """The ledger has been away for so long that this attempt at a job is dropped."""


def nothing_unsafe(edits: Sequence[RegionWish]) -> Sequence[str]:  # noqa: ARG001
    """The judge of a server that checks no words."""
    return ()


def at_once(job_id: str) -> AbstractContextManager[bool]:  # noqa: ARG001
    """The turn of a job on a server whose keys may have any number at work."""
    return nullcontext(True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Does jobs.

    Attributes:
        store: the ledger.
        files: outputs go there.
        songs: where songs come from.
        engines: who fills the holes.
        work: a folder of this worker alone, for what is in the making.
        edit: makes the takes of a song; `Apart.edit` in a process of its own, where a bad file hurts nobody.
        most_minutes, most_samples: the longest and the largest song that is taken; see `Order`.
        judge: looks at tags and lyrics.
        turn_of: whether a job may begin yet; see `Turns`.
        limit_s: how long one attempt may take.
        most_attempts: how often a job may be begun whose worker dies with it.
        price_per_s: of a second of new sound.
        sleep: waits so many seconds; tests do not.
    """

    store: Store
    files: FileStore
    songs: Songs
    engines: WarmEngines
    work: Path
    edit: EditSong = edited
    most_minutes: float = 60.0
    most_samples: int = 1_400_000_000
    judge: Judge = nothing_unsafe
    turn_of: TurnOf = at_once
    limit_s: float = 1800.0
    most_attempts: int = 3
    price_per_s: float = 0.0002
    sleep: Callable[[float], None] = field(default=time.sleep)

    def run(self, job_id: str, attempt: str) -> None:
        """Do a job; returns when the ledger says how it ended, or that it is not ours.

        Raises:
            LedgerAway: the job stays as it is, and will be handed out again.
        """
        with structlog.contextvars.bound_contextvars(job=job_id, attempt=attempt):
            try:
                self._attempt(job_id, attempt)
            except (JobFinished, StaleAttempt, JobNotFound) as error:
                log.info("not ours", why=str(error))
            except LedgerAway:
                raise
            except TookTooLong as error:
                self._fail(job_id, attempt, failure_of(error))
            except Cancelled:
                log.info("cancelled")
            except PunchinError as error:
                self._fail(job_id, attempt, failure_of(error))
            except Exception as error:
                log.exception("a fault of Punchin")
                self._fail(job_id, attempt, failure_of(error))

    def _attempt(self, job_id: str, attempt: str) -> None:
        with self.turn_of(job_id) as may_begin:
            if not may_begin:
                return
            self._in_ledger(lambda: self.store.begin(job_id, attempt))
        report = Reporter(self.store, job_id, attempt, self.limit_s)
        job = self._in_ledger(lambda: self.store.job(job_id))
        if job.attempts > self.most_attempts:
            log.error("given up", attempts=job.attempts - 1)
            self._fail(job_id, attempt, given_up(job.attempts - 1))
            return
        log.info("begun", tries=job.attempts, audio=job.spec.audio[:200], engine=job.spec.engine)
        with self._folder(attempt) as folder:
            result = self._made(job.spec, job_id, attempt, folder, report)
        price = price_of(result.generated_s, self.price_per_s)
        try:
            self._in_ledger(lambda: self.store.finish(job_id, attempt, result, price))
        except (Cancelled, JobFinished, StaleAttempt, JobNotFound):
            self._drop(result)
            raise
        log.info("completed", ms=result.inference_ms, seconds=round(result.generated_s, 3))

    def _made(self, spec: JobSpec, job_id: str, attempt: str, folder: Path, report: Reporter) -> JobResult:
        """Steps: judge, fetch, engine, edit, store. What may be refused without the song comes first."""
        timings_ms: dict[str, float] = {}
        unsafe = self.judge(spec.edits)
        with timed(timings_ms, "fetch"):
            path = self.songs.bring(spec.audio, folder, _arriving(report))
        with timed(timings_ms, "load"):
            engine = self.engines.named(spec.engine)
        made = self.edit(self._order(spec, path), engine, report)
        report("store", 1.0)
        with timed(timings_ms, "store"):
            outputs = stored(self.files, made.takes, job_id, attempt)
        return result_of(
            made.takes,
            outputs,
            unsafe=unsafe,
            warnings=made.warnings,
            timings_ms=timings_ms,
            total_ms=round(report.spent_s * 1000),
        )

    def _order(self, spec: JobSpec, song: Path) -> Order:
        return Order(
            song=str(song),
            edits=spec.edits,
            takes=spec.takes,
            output_format=spec.output_format,
            most_minutes=self.most_minutes,
            most_samples=self.most_samples,
        )

    def _fail(self, job_id: str, attempt: str, failure: Failure) -> None:
        # Songs are named in errors by their paths; where they lie on this machine is nobody's business.
        message = failure.message.replace(f"{self.work / attempt}/", "")
        failure = Failure(failure.code, message)
        log.warning("failed", code=failure.code, message=message)
        try:
            self._in_ledger(lambda: self.store.fail(job_id, attempt, failure))
        except (JobFinished, StaleAttempt, JobNotFound) as error:
            log.info("not ours", why=str(error))

    def _in_ledger(self, move: Callable[[], T]) -> T:
        """Do something in the ledger, again and again while that is away.

        Raises:
            LedgerAway: it stays away.
        """
        for wait_s in (*TRY_AGAIN_S, None):
            try:
                return move()
            except StoreError as error:
                log.warning("the ledger is away", why=str(error))
                if wait_s is None:
                    raise LedgerAway(str(error)) from error
                self.sleep(wait_s)
        raise AssertionError

    def _drop(self, result: JobResult) -> None:
        """Remove outputs that nobody will ever be told of."""
        self.files.delete([output.key for output in result.outputs])

    @contextmanager
    def _folder(self, attempt: str) -> Generator[Path]:
        folder = self.work / attempt
        folder.mkdir(parents=True)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def given_up(attempts: int) -> Failure:
    """How a job ends that no worker survives."""
    return Failure(
        int(FailureCode.INTERNAL),
        f"the job was begun {attempts} times and its worker stopped each time, so it was given up",
    )


@contextmanager
def timed(timings_ms: dict[str, float], name: str) -> Generator[None]:
    """Write down how long the block took."""
    began = time.perf_counter()
    try:
        yield
    finally:
        timings_ms[name] = (time.perf_counter() - began) * 1000


def _arriving(report: Reporter) -> Progress:
    """The song's way here is no part of the edit's progress; it can be stopped all the same."""

    def arriving(stage: str, fraction: float) -> None:  # noqa: ARG001
        report(stage, 0.0)

    return arriving

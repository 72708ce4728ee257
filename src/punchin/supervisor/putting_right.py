"""What is due now and then: jobs that fell out of line, workers that are gone, files past their keeping."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from punchin.dispatch import Standing
from punchin.errors import JobFinished, JobNotFound
from punchin.job import Failure, FailureCode, State
from punchin.supervisor.silence import Silence

if TYPE_CHECKING:
    from collections.abc import Collection

    from punchin.dispatch import Dispatcher
    from punchin.filestore import FileStore
    from punchin.store import OpenJob, Store
    from punchin.worker.turns import Turns

log = structlog.get_logger("punchin.supervisor")

QUIET = timedelta(seconds=5)
"""A job that moved this lately is in somebody's hands between two tables."""
AT_ONCE = 200
"""So many jobs at work, and so many that wait, are looked at in one go."""
ORPHANED = timedelta(hours=1)
"""Outputs that no finished job has are left alone for so long: they may be in the making."""


@dataclass(slots=True)
class Looked:
    """How far the last look along the line came."""

    seq: int = 0


@dataclass(frozen=True, slots=True)
class Order:
    """Puts right what deaths leave behind. Everything here may be done twice, and by several supervisors.

    Attributes:
        store: the ledger.
        dispatcher: holds the jobs in line.
        files: uploads and outputs.
        turns: which jobs have to wait.
        dead_after: a worker without a sign of life for so long is dead.
        keep: how long jobs, uploads and outputs are kept.
        silence: of the workers.
    """

    store: Store
    dispatcher: Dispatcher
    files: FileStore
    turns: Turns
    dead_after: timedelta
    keep: timedelta
    silence: Silence = field(default_factory=Silence)
    _looked: Looked = field(default_factory=Looked)

    def jobs(self) -> None:
        """Whatever is not over in the ledger is in line, or is ended here.

        A look costs the same however long the line is: each goes on where the last one came to.
        """
        self.store.end_lost_cancels(self.store.now() - self.dead_after)
        before = self.store.now() - QUIET
        quiet = self.store.open_jobs(state=State.PROCESSING, quiet_since=before, limit=AT_ONCE)
        waiting = self.store.open_jobs(
            state=State.CREATED, quiet_since=before, after=self._looked.seq, limit=AT_ONCE
        )
        self._looked.seq = waiting[-1].seq if len(waiting) == AT_ONCE else 0
        quiet += waiting
        if not quiet:
            return
        standings = self.dispatcher.standings(job.id for job in quiet)
        for job in quiet:
            if standings[job.id] is Standing.GIVEN_UP:
                self._give_up(job)
            elif standings[job.id] is Standing.GONE and self._is_wanted(job):
                log.info("put in line again", job=job.id)
                self.dispatcher.enqueue_again(job)

    def _is_wanted(self, job: OpenJob) -> bool:
        """It was open when this look began; by now it may be over, and its key may have no room."""
        try:
            now = self.store.job(job.id)
        except JobNotFound:
            # Deleted by its owner while at work: its worker died, and the next one writes the end.
            return True
        return not now.state.is_final and (now.state is State.PROCESSING or self.turns.has_room(job))

    def _give_up(self, job: OpenJob) -> None:
        failure = Failure(
            int(FailureCode.INTERNAL), "the job stopped its worker again and again, so it was given up"
        )
        log.error("given up", job=job.id)
        try:
            self.store.fail(job.id, None, failure)
        except (JobFinished, JobNotFound):
            return

    def workers(self, ours: Collection[str]) -> None:
        """The jobs of workers that are dead, and that nobody here starts again, go to others.

        Args:
            ours: workers that this supervisor starts again itself; they take up their own jobs.
        """
        for worker in self.store.workers():
            if worker.id in ours or self.silence.of(worker) <= self.dead_after.total_seconds():
                continue
            log.warning("a worker is gone", worker=worker.id, seen_at=worker.seen_at.isoformat())
            self.dispatcher.reap([worker.id])
            self.store.forget_worker(worker.id)

    def kept(self) -> None:
        """Jobs and files past their keeping go, files first; and outputs that were never published."""
        before = self.store.now() - self.keep
        while (expired := self.store.expired(before)).jobs or expired.uploads:
            self.files.delete(list(expired.files))
            self.store.forget(expired)
            log.info("expired", jobs=len(expired.jobs), uploads=len(expired.uploads))
        self.dispatcher.forget(before)
        self.files.delete_unfinished(self.store.now() - ORPHANED)
        self._orphans()

    def _orphans(self) -> None:
        """Outputs of attempts that were overtaken or died: the ledger names none of them."""
        for key in self.files.old(self.store.now() - ORPHANED, prefix="out"):
            job_id = key.split("/")[1]
            try:
                job = self.store.job(job_id)
            except JobNotFound:
                self.files.delete([key])
                continue
            published = {output.key for output in job.result.outputs} if job.result else set[str]()
            if job.state.is_final and key not in published:
                self.files.delete([key])

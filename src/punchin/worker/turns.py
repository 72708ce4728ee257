"""Keys that may have only so many jobs at work at once: whose job has to wait, and who comes next.

The dispatcher knows nothing of this. A job that has to wait falls out of line when a worker meets it; it
comes in again when a job of its key ends here, and if it does not, the supervisor finds it seconds later.
Since a key's jobs are handed out by turns, one that waits does not stand in the way of other keys'.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING

import structlog

from punchin.dispatch import Standing
from punchin.errors import JobNotFound, KeyNotFound
from punchin.job import State
from punchin.worker.locks import alone

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punchin.dispatch import Dispatcher
    from punchin.store import JobRecord, OpenJob, Store

log = structlog.get_logger("punchin.worker")

WAIT_S = 30.0
AT_ONCE = 100
"""So many of a key's jobs are looked through for one that fell out of line: those accepted first."""


class Turns:
    """Who may begin.

    Args:
        store: the ledger.
        dispatcher: holds the jobs in line.
        most_running: of keys that have no limit of their own; 0: any number.
        lock: a file that the workers of this machine share; between machines, the ledger has a lock.
    """

    def __init__(self, store: Store, dispatcher: Dispatcher, most_running: int, lock: Path) -> None:
        self._store, self._dispatcher = store, dispatcher
        self._most_running, self._lock = most_running, lock
        self._waiting: set[str] = set()
        self._changing = threading.Lock()

    @contextmanager
    def turn_of(self, job_id: str) -> Generator[bool]:
        """Whether a job may begin; it must do so inside the block, or not at all."""
        job = self._waiting_job(job_id)
        limited = job is not None and self._limit_of(job.key_id) > 0
        with self._one_at_a_time(job.key_id) if job and limited else nullcontext():
            if job is None or not limited or self.has_room(job):
                yield True
                return
            with self._changing:
                self._waiting.add(job.key_id)
            log.info("has to wait", job=job_id, key=job.key_id)
            yield False

    @contextmanager
    def _one_at_a_time(self, key_id: str) -> Generator[None]:
        """Between counting a key's jobs at work and beginning one more, nobody else begins one."""
        with alone(self._lock, wait_s=WAIT_S), self._store.alone(f"turn of {key_id}"):
            yield

    def _waiting_job(self, job_id: str) -> JobRecord | None:
        """The job, unless it has begun before: then it is one of those at work already."""
        try:
            job = self._store.job(job_id)
        except JobNotFound:
            return None
        return job if job.state is State.CREATED else None

    def has_room(self, job: JobRecord | OpenJob) -> bool:
        """Whether its key has fewer jobs at work than it may."""
        limit = self._limit_of(job.key_id)
        return limit == 0 or self._store.load(job.key_id).running < limit

    def _limit_of(self, key_id: str) -> int:
        try:
            own = self._store.key(key_id).limits.max_running
        except KeyNotFound:
            own = None
        return self._most_running if own is None else own

    def let_in(self) -> None:
        """A job is over: of each key that had to wait here, the first job comes in if there is room."""
        with self._changing:
            keys = set(self._waiting)
        if not keys:
            return
        for key_id in keys:
            waiting = self._store.open_jobs(state=State.CREATED, key_id=key_id, limit=AT_ONCE)
            standings = self._dispatcher.standings(job.id for job in waiting)
            out = [job for job in waiting if standings[job.id] is Standing.GONE]
            if not out:
                with self._changing:
                    self._waiting.discard(key_id)
            elif self.has_room(out[0]):
                self._dispatcher.enqueue_again(min(out, key=lambda job: (job.turn, job.seq)))

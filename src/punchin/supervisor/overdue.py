"""Jobs whose worker lives but whose engine never reports again: only the end of the process stops them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import structlog

from punchin.errors import JobFinished, JobNotFound, StaleAttempt
from punchin.worker.failures import failure_of
from punchin.worker.reporting import too_long

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.store import Store, WorkerRecord

log = structlog.get_logger("punchin.supervisor")

MARGIN_S = 3.0
"""An engine that does report stops itself at the limit; its worker stays warm."""


class Overdue:
    """Ends jobs at the limit of time whose engine does not do so itself.

    Counts from when an attempt was noticed here, by a clock that does not jump.

    Args:
        store: the ledger.
        limit_s: how long one attempt may take.
        clock: monotonic seconds.
    """

    def __init__(self, store: Store, limit_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._store, self._limit_s, self._clock = store, limit_s, clock
        self._noticed: dict[str, tuple[object, float]] = {}

    def must_be_killed(self, worker: WorkerRecord) -> bool:
        """Whether a worker is past the limit with its job; then the job is failed already, or is nobody's.

        Args:
            worker: as it says of itself right now.

        Raises:
            StoreError: the ledger is away; the next look will tell.
        """
        if worker.job_id is None:
            self._noticed.pop(worker.id, None)
            return False
        try:
            attempt = self._store.job(worker.job_id).attempt
        except JobNotFound:
            attempt = None  # deleted by its owner while at work
        if self._spent_s(worker, attempt) <= self._limit_s + MARGIN_S:
            return False
        log.error("past the limit and silent", worker=worker.id, job=worker.job_id, attempt=attempt)
        if attempt is None:
            return True
        try:
            self._store.fail(worker.job_id, attempt, failure_of(too_long(self._limit_s)))
        except JobNotFound:
            return True
        except (JobFinished, StaleAttempt):
            return False  # it has moved just now
        return True

    def _spent_s(self, worker: WorkerRecord, attempt: str | None) -> float:
        work = (worker.pid, worker.job_id, attempt)
        known, since = self._noticed.get(worker.id, (None, 0.0))
        if known != work:
            since = self._clock()
            self._noticed[worker.id] = (work, since)
        return self._clock() - since

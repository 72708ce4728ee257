"""A job's progress on its way to the ledger; on the way back comes whether to go on."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from punchin.errors import StoreError
from punchin.worker.failures import TookTooLong

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.store import Store

EVERY_S = 0.1
"""Reports that come faster are passed over: each one is a write to the disk."""
SURE_FROM = 0.05
"""How much must be done before the time left can be told from the time gone."""


def too_long(limit_s: float) -> TookTooLong:
    """The end of a job that is at work for longer than this."""
    return TookTooLong(f"the job took longer than {limit_s:g} s, which is this server's limit")


class Reporter:
    """The `Progress` of one attempt at a job.

    Args:
        store: the ledger.
        job_id, attempt: whose progress.
        limit_s: how long the attempt may take.
        clock: monotonic seconds; unlike the time of day, they do not jump.
    """

    def __init__(
        self,
        store: Store,
        job_id: str,
        attempt: str,
        limit_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._job_id, self._attempt = store, job_id, attempt
        self._limit_s, self._clock = limit_s, clock
        self._began = clock()
        self._written = float("-inf")
        self._stage = ""

    @property
    def spent_s(self) -> float:
        """Seconds since the attempt began."""
        return self._clock() - self._began

    def __call__(self, stage: str, fraction: float) -> None:
        """Report; see `punchin.engine.Progress`.

        Raises:
            TookTooLong: the time is over.
            Cancelled: the owner wants the job stopped; the ledger has it as cancelled.
            JobFinished, StaleAttempt, JobNotFound: the job is not this attempt's any more.
        """
        spent_s = self.spent_s
        if spent_s > self._limit_s:
            raise too_long(self._limit_s)
        now = self._clock()
        if stage == self._stage and now - self._written < EVERY_S:
            return
        self._stage, self._written = stage, now
        fraction = min(1.0, max(0.0, fraction))
        eta_s = spent_s * (1 - fraction) / fraction if fraction >= SURE_FROM else None
        try:
            self._store.progress(self._job_id, self._attempt, stage, fraction, eta_s)
        except StoreError:
            # A ledger that is away for a moment is no reason to drop the work: the next report asks again,
            # and without the ledger nothing is finished.
            return

"""Which jobs of a worker may be at work beside others.

A job whose last worker died with it may be what killed it. It is made alone then, so that the jobs beside it
do not come closer to being given up each time that it kills.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import structlog

from punchin.errors import JobNotFound, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from punchin.store import Store

log = structlog.get_logger("punchin.worker")

LOOK_S = 0.5
"""How often one that waits looks whether the worker ends."""


class Places:
    """Who is at work in this worker.

    Args:
        store: the ledger.
        ending: whether the worker takes no further job.
    """

    def __init__(self, store: Store, ending: Callable[[], bool]) -> None:
        self._store, self._ending = store, ending
        self._changed = threading.Condition()
        self._inside = 0
        self._alone = 0

    @contextmanager
    def place_of(self, job_id: str) -> Generator[bool]:
        """Wait until a job may be at work; gives whether it may, or the worker ends meanwhile."""
        if not self._begun_before(job_id):
            # Those that have to be alone come first, or they would never.
            with self._place_when(lambda: not self._alone) as may_begin:
                yield may_begin
            return
        log.info("will be alone", job=job_id)
        with self._nobody_else(), self._place_when(lambda: not self._inside) as may_begin:
            yield may_begin

    @contextmanager
    def _nobody_else(self) -> Generator[None]:
        with self._changed:
            self._alone += 1
        try:
            yield
        finally:
            with self._changed:
                self._alone -= 1
                self._changed.notify_all()

    @contextmanager
    def _place_when(self, free: Callable[[], bool]) -> Generator[bool]:
        if not self._waited(free):
            yield False
            return
        try:
            yield True
        finally:
            self._leave()

    def _waited(self, free: Callable[[], bool]) -> bool:
        """Wait for a place and take it; False if there is none before the worker ends."""
        with self._changed:
            while not free():
                if self._ending():
                    return False
                self._changed.wait(LOOK_S)
            self._inside += 1
        return True

    def _leave(self) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def _begun_before(self, job_id: str) -> bool:
        try:
            return self._store.job(job_id).attempts > 0
        except (JobNotFound, StoreError):
            return False  # beginning it will tell

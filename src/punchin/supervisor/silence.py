"""How long workers have been silent, by a clock that does not jump."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from punchin.store import WorkerRecord


class Silence:
    """Counts from when a sign of life was noticed here, not from the time written in it.

    A clock that is set forward would make every worker of every machine look dead at once.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noticed: dict[str, tuple[datetime, float]] = {}

    def of(self, worker: WorkerRecord) -> float:
        """Seconds without a new sign of life, at least; 0 when it is seen for the first time."""
        sign, since = self._noticed.get(worker.id, (None, 0.0))
        if sign != worker.seen_at:
            since = self._clock()
            self._noticed[worker.id] = (worker.seen_at, since)
        return self._clock() - since

"""The time that one fetch has, and waits that can be ended."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING, TypeVar

from punchin.errors import FetchError

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.fetching.limits import FetchLimits

T = TypeVar("T")
TICK_S = 0.25
"""How often a wait looks up to see whether it is still wanted."""


class Watch:
    """The time that one fetch has; looked at during every wait.

    Args:
        limits: how long.
        tick: called about every `TICK_S` while waiting; what it raises ends the fetch.
    """

    def __init__(self, limits: FetchLimits, tick: Callable[[], None]) -> None:
        self.limits = limits
        self._tick = tick
        self._end_s = time.monotonic() + limits.limit_s

    def left_s(self) -> float:
        """Seconds until the limit.

        Raises:
            FetchError: there are none.
        """
        left_s = self._end_s - time.monotonic()
        if left_s <= 0:
            raise FetchError(
                f"fetching took longer than {self.limits.limit_s:g} s, the most this server waits"
            )
        return left_s

    def tick(self) -> None:
        """Look up from a wait."""
        self._tick()

    def run(self, work: Callable[[], T], limit_s: float, discard: Callable[[T], object] | None = None) -> T:
        """Do something that cannot be interrupted, and leave it behind when its time is over.

        Args:
            work: done in another thread. Its errors are raised here.
            limit_s: how long it may take; then FetchError.
            discard: gets what comes too late.
        """
        future: Future[T] = Future()
        threading.Thread(target=_settle, args=(future, work), daemon=True).start()
        end_s = time.monotonic() + limit_s
        try:
            while not wait([future], min(TICK_S, self.left_s(), max(0.0, end_s - time.monotonic()))).done:
                if time.monotonic() >= end_s:
                    raise FetchError("the host of the address could not be reached in time")
                self._tick()
        except BaseException:
            if discard:
                future.add_done_callback(lambda late: None if late.exception() else discard(late.result()))
            raise
        return future.result()


def _settle(future: Future[T], work: Callable[[], T]) -> None:
    try:
        future.set_result(work())
    except BaseException as error:  # noqa: BLE001  it is raised where the work is waited for
        future.set_exception(error)

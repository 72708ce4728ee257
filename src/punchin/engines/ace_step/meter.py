"""One rising number for all stages of an edit, each as wide as it is costly, and the time each took."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from punchin.engine import Progress

ENCODE_TFLOP_PER_S = 0.122
DECODE_TFLOP_PER_S = 0.122
CONDITIONS_TFLOP = 0.7
"""At full size (counted); only the proportions matter here."""


def step_tflop(window_s: float) -> float:
    """One call of the transformer for a window (fit to counted values of the 2 B model)."""
    return 0.08 + 0.0362 * window_s + 3.07e-5 * window_s**2


class Meter:
    """Reports to a `Progress` and keeps the seconds of each stage.

    Args:
        progress: told stage and fraction; may raise `Cancelled`.
        cost: of all stages together, in any unit.
    """

    def __init__(self, progress: Progress, cost: float) -> None:
        self.seconds: dict[str, float] = {}
        self._progress = progress
        self._cost = cost
        self._done = 0.0

    @contextmanager
    def stage(self, name: str, cost: float) -> Generator[Callable[[float], None]]:
        """A stage of that cost; gives what it reports its own fraction to."""

        def report(fraction: float) -> None:
            self._progress(name, min(1.0, (self._done + cost * fraction) / self._cost))

        report(0.0)
        began = time.perf_counter()
        try:
            yield report
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - began
        report(1.0)
        self._done += cost

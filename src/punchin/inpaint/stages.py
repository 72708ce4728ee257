"""Where the time goes: one progress number for a whole edit, and the milliseconds of each stage."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    from punchin.engine import Progress

SHARES = {"cut": 0.03, "fill": 0.77, "join": 0.08, "splice": 0.05, "prove": 0.07}
"""How much of an edit each stage takes, roughly; a slow engine takes nearly all of it."""


class Stages:
    """Turns the progress of single stages into one number, and measures how long each stage took.

    Args:
        progress: told (stage, fraction of everything); may raise `Cancelled`.
        rounds: how many candidates are made; cut, fill and join run once for each.
    """

    def __init__(self, progress: Progress, rounds: int) -> None:
        self.timings_ms: dict[str, float] = {}
        self._progress = progress
        self._rounds = max(1, rounds)
        self._round = 0
        self._reached = 0.0

    def next_round(self) -> None:
        """One candidate is done."""
        self._round += 1

    @contextmanager
    def stage(self, name: str, rounds: int = 1) -> Generator[Progress]:
        """Time a stage; gives what it reports to, with its own fraction 0..1.

        Args:
            name: one of `SHARES`.
            rounds: for how many candidates it works at once; it then takes the share of all of them but for
                what the last of them has left.
        """
        start, width = self._place(name)
        width += (rounds - 1) * self._round_width

        def report(stage: str, fraction: float) -> None:
            reached = start + width * min(1.0, max(0.0, fraction))
            self._reached = max(self._reached, reached)
            self._progress(stage, self._reached)

        report(name, 0.0)
        began = time.perf_counter()
        try:
            yield report
        finally:
            spent_ms = (time.perf_counter() - began) * 1000
            self.timings_ms[name] = round(self.timings_ms.get(name, 0.0) + spent_ms, 1)

    @property
    def _round_width(self) -> float:
        return (SHARES["cut"] + SHARES["fill"] + SHARES["join"]) / self._rounds

    def _place(self, name: str) -> tuple[float, float]:
        per_round = SHARES["cut"] + SHARES["fill"] + SHARES["join"]
        if name in ("splice", "prove"):
            start = per_round + (SHARES["splice"] if name == "prove" else 0.0)
            return start, SHARES[name]
        before = {"cut": 0.0, "fill": SHARES["cut"], "join": SHARES["cut"] + SHARES["fill"]}[name]
        return (self._round * per_round + before) / self._rounds, SHARES[name] / self._rounds

"""The line, by engine: for whoever decides how many workers there should be."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from punchin.job import State
from punchin.store.ending import OPEN
from punchin.store.records import EngineQueue
from punchin.store.sessions import Ledger
from punchin.store.tables import jobs

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

LATELY = 200
"""So many of the jobs that ended last tell how long one takes."""
UNKNOWN_S = 10.0
"""How long a job of an engine takes of which none has ended yet."""


class Queues(Ledger):
    """How long the line is."""

    def queue_summary(self) -> list[EngineQueue]:
        """The jobs that are not over, by engine, in the order of the engines' names.

        Engines of which a job ended lately are among them, so that a figure falls to 0 and does not vanish.
        """
        counted = (
            select(jobs.c.engine, jobs.c.state, func.count(), func.min(jobs.c.created_at))
            .where(jobs.c.state.in_(OPEN))
            .group_by(jobs.c.engine, jobs.c.state)
        )
        now = self.now()
        with self.reading() as session:
            took_s = _lately(session)
            found = {(row[0], row[1]): (row[2], row[3]) for row in session.execute(counted)}
        queues: list[EngineQueue] = []
        for engine in sorted(took_s | {name: 0.0 for name, _ in found}):
            waiting, oldest = found.get((engine, State.CREATED.value), (0, None))
            running, _ = found.get((engine, State.PROCESSING.value), (0, None))
            queues.append(
                EngineQueue(
                    engine=engine,
                    waiting=waiting,
                    running=running,
                    queue_s=waiting * took_s.get(engine, UNKNOWN_S),
                    oldest_s=max(0.0, (now - oldest).total_seconds()) if oldest else 0.0,
                )
            )
        return queues


def _lately(session: Session) -> dict[str, float]:
    """By engine, the mean time of the jobs that ended last, in seconds."""
    ended = (
        select(jobs.c.engine, jobs.c.state, jobs.c.started_at, jobs.c.finished_at)
        .where(jobs.c.finished_at.is_not(None))
        .order_by(jobs.c.finished_at.desc())
        .limit(LATELY)
    )
    spans: dict[str, list[float]] = defaultdict(list)
    for row in session.execute(ended):
        if row.state == State.COMPLETED.value and row.started_at is not None:
            spans[row.engine].append((row.finished_at - row.started_at).total_seconds())
    return {engine: max(0.0, sum(each) / len(each)) for engine, each in spans.items()}

"""Jobs that ended, for whoever counts them: totals that never fall, and each job once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, literal, select

from punchin.job import State
from punchin.store.columns import Moment
from punchin.store.ending import record_of
from punchin.store.records import Tally
from punchin.store.sessions import Ledger
from punchin.store.tables import jobs, usage

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from punchin.store.records import JobRecord


class Tallies(Ledger):
    """What has ended."""

    def tallies(self, *, since: datetime | None = None, before: datetime | None = None) -> list[Tally]:
        """All jobs that ever ended, those too that are deleted or past their keeping.

        Args:
            since, before: half-open span in which they ended.
        """
        kinds = usage.c.state, usage.c.code, usage.c.engine
        wanted = select(*kinds, func.count(), func.sum(usage.c.seconds)).group_by(*kinds)
        if since is not None:
            wanted = wanted.where(usage.c.created_at >= since)
        if before is not None:
            wanted = wanted.where(usage.c.created_at < before)
        with self.reading() as session:
            rows = session.execute(wanted).all()
        return [Tally(State(row[0]), row[1], row[2], int(row[3]), float(row[4])) for row in rows]

    def ended(self, since: datetime, known: Collection[str] = (), limit: int = 100) -> list[JobRecord]:
        """Jobs that ended since then, the first to end first, those too that their owners deleted.

        Args:
            since: from when on, this moment included.
            known: ids of jobs that need not be read again: results are long.
            limit: at most so many; fewer means that there are no more.
        """
        line = jobs.c.finished_at, jobs.c.seq
        late = select(jobs.c.id).where(jobs.c.finished_at >= literal(since, Moment)).order_by(*line)
        with self.reading() as session:
            new = [row.id for row in session.execute(late) if row.id not in known][:limit]
            rows = session.execute(select(jobs).where(jobs.c.id.in_(new)).order_by(*line)).all()
        return [record_of(row) for row in rows]

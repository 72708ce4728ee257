"""The workers as they last said of themselves: what the server knows of engines without loading one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, insert, select, update

from punchin.errors import WorkerNotFound
from punchin.store.records import WorkerRecord, WorkerState
from punchin.store.sessions import Ledger
from punchin.store.tables import workers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import Row


class Workers(Ledger):
    """Who works here."""

    def heartbeat(
        self,
        worker_id: str,
        state: WorkerState,
        job_id: str | None = None,
        engine: str = "",
        engines: Sequence[dict[str, Any]] = (),
        *,
        host: str = "",
        pid: int = 0,
        device: str = "",
        protocol: str = "",
    ) -> bool:
        """A sign of life.

        Args:
            worker_id: the same for every process that stands in the same place.
            state: what it is doing.
            job_id: on what.
            engine: whom it keeps warm.
            engines: what it can run, as JSON values: what `GET /models` tells.
            host, pid: where it runs; another pid than before means that it was started anew.
            device: what it computes on, or "" where it chooses itself.
            protocol: which entries in line it understands.

        Returns:
            Whether it shall take no further job; see `drain`.
        """
        now = self.now()
        values: dict[str, Any] = {
            "host": host,
            "pid": pid,
            "state": state.value,
            "job_id": job_id,
            "engine": engine,
            "engines": list(engines),
            "device": device,
            "protocol": protocol,
            "seen_at": now,
        }
        with self.writing() as session:
            columns = workers.c.host, workers.c.pid, workers.c.drain_asked
            wanted = select(*columns).where(workers.c.id == worker_id).with_for_update()
            before = session.execute(wanted).one_or_none()
            if before is None:
                new = insert(workers).values(id=worker_id, started_at=now, drain_asked=False, **values)
                session.execute(new)
                return False
            if (before.host, before.pid) != (host, pid):
                values["started_at"] = now
            session.execute(update(workers).where(workers.c.id == worker_id).values(values))
            return bool(before.drain_asked)

    def drain(self, worker_id: str, *, asked: bool = True) -> WorkerRecord:
        """Ask a worker to end its job and take no other, until it is asked to go on.

        It hears of it with its next sign of life, two seconds later at most; then it is `draining`, and
        whoever starts in its place waits without an engine until it may go on.

        Args:
            worker_id: which.
            asked: False lets it work again.

        Returns:
            The worker as it is now.

        Raises:
            WorkerNotFound: there is none.
        """
        change = update(workers).where(workers.c.id == worker_id).values(drain_asked=asked)
        with self.writing() as session:
            row = session.execute(change.returning(workers)).one_or_none()
        if row is None:
            raise WorkerNotFound(f"there is no worker {worker_id}; `punchin workers` shows them")
        return _worker(row)

    def workers(self, *, seen_since: datetime | None = None) -> list[WorkerRecord]:
        """All workers, by id.

        Args:
            seen_since: only those that gave a sign of life since.
        """
        wanted = select(workers).order_by(workers.c.id)
        if seen_since is not None:
            wanted = wanted.where(workers.c.seen_at >= seen_since)
        with self.reading() as session:
            return [_worker(row) for row in session.execute(wanted)]

    def forget_worker(self, worker_id: str) -> None:
        """It is gone for good."""
        with self.writing() as session:
            session.execute(delete(workers).where(workers.c.id == worker_id))


def _worker(row: Row[*tuple[Any, ...]]) -> WorkerRecord:
    return WorkerRecord(
        id=row.id,
        host=row.host,
        pid=row.pid,
        state=WorkerState(row.state),
        job_id=row.job_id,
        engine=row.engine,
        engines=tuple(row.engines),
        started_at=row.started_at,
        seen_at=row.seen_at,
        device=row.device,
        protocol=row.protocol,
        drain_asked=row.drain_asked,
    )

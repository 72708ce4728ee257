"""Messages to the owners' servers: written with the job's end, sent until they arrive or are given up."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select, update

from punchin.store.records import Delivery
from punchin.store.sessions import Ledger
from punchin.store.tables import deliveries

if TYPE_CHECKING:
    from datetime import datetime

LEASE = timedelta(minutes=2)
"""A sender that has taken a message up and says nothing for so long is dead; another one takes it."""


class Webhooks(Ledger):
    """The messages that are to be sent."""

    def due_deliveries(self, now: datetime, limit: int = 10, *, lease: timedelta = LEASE) -> list[Delivery]:
        """Take messages up that are due; nobody else gets them before the lease is over.

        Args:
            now: the time.
            limit: at most so many.
            lease: how long the sender may take for all of them.
        """
        due = (
            select(deliveries)
            .where(deliveries.c.next_at <= now)
            .order_by(deliveries.c.next_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        with self.reading() as session:
            # Looked for without the write lock: mostly there is nothing, and it is asked every second.
            if (
                session.execute(select(deliveries.c.id).where(deliveries.c.next_at <= now).limit(1)).first()
                is None
            ):
                return []
        with self.writing() as session:
            rows = session.execute(due).all()
            session.execute(
                update(deliveries)
                .where(deliveries.c.id.in_([row.id for row in rows]))
                .values(next_at=now + lease, tries=deliveries.c.tries + 1)
            )
        return [
            Delivery(row.id, row.job_id, row.key_id, row.address, row.tries, row.created_at) for row in rows
        ]

    def delivery_done(self, delivery_id: str) -> None:
        """It arrived."""
        self._set(delivery_id, next_at=None, done_at=self.now())

    def delivery_failed(self, delivery_id: str, next_at: datetime | None, error: str = "") -> None:
        """It did not arrive.

        Args:
            delivery_id: which.
            next_at: when to try again; None gives it up.
            error: why, for the operator.
        """
        self._set(delivery_id, next_at=next_at, last_error=error)

    def _set(self, delivery_id: str, **values: datetime | str | None) -> None:
        change = update(deliveries).where(deliveries.c.id == delivery_id, deliveries.c.done_at.is_(None))
        with self.writing() as session:
            session.execute(change.values(**values))

"""What was made and what it cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, case, func, select, type_coerce

from punchin.job import State
from punchin.store.columns import DAY_US, EPOCH, MICROSECOND, NANO
from punchin.store.jobs import offset_of
from punchin.store.records import Billing, DayUsage, ModelUsage, Page, UsageStats
from punchin.store.sessions import Ledger
from punchin.store.tables import keys, usage

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import ColumnElement, Row, Select


def price_of(seconds: float, price_per_s: float | Decimal) -> Decimal:
    """What seconds of new sound cost, to a billionth.

    >>> price_of(7.5, 0.0002)
    Decimal('0.001500000')
    """
    return (Decimal(str(seconds)) * Decimal(str(price_per_s))).quantize(NANO)


class Usage(Ledger):
    """The books."""

    def balance(self, key_id: str) -> Decimal | None:
        """What a key may still spend; None: as much as wanted, or no such key."""
        wanted = select(keys.c.prepaid, keys.c.spent).where(keys.c.id == key_id)
        with self.reading() as session:
            row = session.execute(wanted).one_or_none()
        return None if row is None or row.prepaid is None else row.prepaid - row.spent

    def billings(
        self,
        key_id: str | None,
        *,
        page: int = 1,
        page_size: int = 20,
        start: datetime | None = None,
        end: datetime | None = None,
        model: str | None = None,
    ) -> Page[Billing]:
        """What completed jobs cost, newest first.

        Args:
            key_id: whose; None for everybody's.
            page, page_size: from 1, and 1..100.
            start, end: half-open span in which the jobs ended.
            model: only this one.

        Raises:
            CallerError: if page or page size is out of range.
        """
        wanted = select(usage, func.coalesce(keys.c.name, "").label("key_name")).outerjoin(
            keys, keys.c.id == usage.c.key_id
        )
        wanted = _within(wanted, key_id, start, end, model).where(usage.c.state == State.COMPLETED.value)
        offset = offset_of(page, page_size)
        wanted = wanted.order_by(usage.c.created_at.desc(), usage.c.id)
        with self.reading() as session:
            rows = session.execute(wanted.offset(offset).limit(page_size + 1)).all()
        found = tuple(_billing(row) for row in rows)
        return Page(found[:page_size], page, has_more=len(found) > page_size)

    def usage_stats(
        self,
        key_id: str | None,
        *,
        start: datetime | None = None,
        end: datetime | None = None,
        model: str | None = None,
    ) -> UsageStats:
        """Jobs that ended in a span of time, by model and by day.

        Args:
            key_id: whose; None for everybody's.
            start, end: half-open span.
            model: only this one.
        """
        day = type_coerce(usage.c.created_at, BigInteger) // DAY_US
        with self.reading() as session:
            models = session.execute(_within(_sums(usage.c.model), key_id, start, end, model)).all()
            days = session.execute(_within(_sums(day), key_id, start, end, model)).all()
        return UsageStats(
            models=tuple(ModelUsage(*_totals(row)) for row in models),
            days=tuple(
                DayUsage((EPOCH + int(row[0]) * DAY_US * MICROSECOND).date(), *_totals(row)[1:])
                for row in days
            ),
        )


def _sums(group: ColumnElement[Any]) -> Select[*tuple[Any, ...]]:
    completed = case((usage.c.state == State.COMPLETED.value, 1), else_=0)
    return (
        select(group, func.count(), func.sum(completed), func.sum(usage.c.seconds), func.sum(usage.c.price))
        .group_by(group)
        .order_by(group)
    )


def _totals(row: Row[*tuple[Any, ...]]) -> tuple[Any, int, int, float, Decimal]:
    return row[0], int(row[1]), int(row[2]), float(row[3]), row[4]


def _within(
    wanted: Select[*tuple[Any, ...]],
    key_id: str | None,
    start: datetime | None,
    end: datetime | None,
    model: str | None,
) -> Select[*tuple[Any, ...]]:
    if key_id is not None:
        wanted = wanted.where(usage.c.key_id == key_id)
    if start is not None:
        wanted = wanted.where(usage.c.created_at >= start)
    if end is not None:
        wanted = wanted.where(usage.c.created_at < end)
    if model is not None:
        wanted = wanted.where(usage.c.model == model)
    return wanted


def _billing(row: Row[*tuple[Any, ...]]) -> Billing:
    return Billing(
        id=row.id,
        job_id=row.job_id,
        key_id=row.key_id,
        key_name=row.key_name,
        model=row.model,
        seconds=row.seconds,
        price=row.price,
        created_at=row.created_at,
    )

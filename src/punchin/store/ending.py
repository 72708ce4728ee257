"""Reading a job for a decision, and the one place that writes a final state."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select, update

from punchin.errors import JobNotFound
from punchin.job import State
from punchin.store.columns import clean
from punchin.store.ids import new_id
from punchin.store.records import JobRecord
from punchin.store.tables import deliveries, jobs, keys, usage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Row, Select
    from sqlalchemy.orm import Session

    from punchin.job import Failure, JobResult

OPEN = (State.CREATED.value, State.PROCESSING.value)
"""The states in which a job is not over."""

NOTHING = Decimal(0)


def record_of(row: Row[*tuple[Any, ...]]) -> JobRecord:
    """A row of the table as a record."""
    return JobRecord(
        id=row.id,
        seq=row.seq,
        key_id=row.key_id,
        spec=row.spec,
        state=State(row.state),
        stage=row.stage,
        fraction=row.fraction,
        eta_s=row.eta_s,
        attempt=row.attempt,
        attempts=row.attempts,
        turn=row.turn,
        cancel_asked=row.cancel_asked,
        result=row.result,
        failure=row.failure,
        created_at=row.created_at,
        started_at=row.started_at,
        progressed_at=row.progressed_at,
        finished_at=row.finished_at,
        protocol=row.protocol,
    )


def visible(job_id: str, key_id: str | None) -> Select[*tuple[Any, ...]]:
    """The job as its owner may see it: not deleted, not another key's; with None as key, anybody's."""
    wanted = select(jobs).where(jobs.c.id == job_id, jobs.c.deleted_at.is_(None))
    return wanted if key_id is None else wanted.where(jobs.c.key_id == key_id)


def one(session: Session, wanted: Select[*tuple[Any, ...]], job_id: str) -> JobRecord:
    """The one job that is selected.

    Raises:
        JobNotFound: if none is.
    """
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise JobNotFound(f"there is no job {clean(job_id)}")
    return record_of(row)


def locked(session: Session, job_id: str) -> JobRecord:
    """A job that no other transaction can change until this one ends; deleted ones too.

    Raises:
        JobNotFound: if there is none.
    """
    return one(session, select(jobs).where(jobs.c.id == job_id).with_for_update(), job_id)


def all_locked(session: Session, key_id: str, ids: Iterable[str]) -> list[JobRecord]:
    """Those of the jobs that the key has and did not delete; locked in one order, so never crosswise."""
    wanted = (
        select(jobs)
        .where(jobs.c.id.in_(list(ids)), jobs.c.key_id == key_id, jobs.c.deleted_at.is_(None))
        .order_by(jobs.c.seq)
        .with_for_update()
    )
    return [record_of(row) for row in session.execute(wanted)]


def end(
    session: Session,
    job: JobRecord,
    state: State,
    now: datetime,
    *,
    result: JobResult | None = None,
    failure: Failure | None = None,
    price: Decimal = NOTHING,
) -> None:
    """Write a final state, its usage and its message to the owner's server, in the session's transaction.

    The caller holds the lock and has seen that the job is open. Should that ever be wrong, the tables refuse
    a second usage row and a second message for the job, and the transaction with it.
    """
    session.execute(
        update(jobs)
        .where(jobs.c.id == job.id)
        .values(
            state=state.value,
            result=result,
            failure=failure,
            finished_at=now,
            eta_s=None,
            fraction=1.0 if state is State.COMPLETED else job.fraction,
        )
    )
    session.execute(
        insert(usage).values(
            id=new_id(),
            job_id=job.id,
            key_id=job.key_id,
            model=job.spec.model,
            state=state.value,
            seconds=result.generated_s if result else 0.0,
            price=price,
            created_at=now,
            code=failure.code if failure else None,
            engine=str(result.report.get("engine", "")) if result else "",
        )
    )
    if price:
        session.execute(update(keys).where(keys.c.id == job.key_id).values(spent=keys.c.spent + price))
    if job.spec.webhook:
        session.execute(
            insert(deliveries).values(
                id=new_id(),
                job_id=job.id,
                key_id=job.key_id,
                address=job.spec.webhook,
                tries=0,
                next_at=now,
                last_error="",
                created_at=now,
            )
        )

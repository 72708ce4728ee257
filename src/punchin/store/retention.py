"""What is past its keeping, and forgetting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, exists, select

from punchin.store.ending import OPEN
from punchin.store.records import Expired
from punchin.store.sessions import Ledger
from punchin.store.tables import attempts, deliveries, jobs, uploads

if TYPE_CHECKING:
    from datetime import datetime


class Retention(Ledger):
    """For the sweeper."""

    def expired(self, before: datetime, limit: int = 100) -> Expired:
        """Jobs and uploads that may go: older than `before`, or deleted by their owner.

        A job that is not over never expires, nor does an upload that such a job needs; a deleted job stays
        until its message to the owner's server is sent or given up.

        Args:
            before: the end of what is old: jobs that ended before it, uploads announced before it.
            limit: at most so many of each.
        """
        pending = exists().where(deliveries.c.job_id == jobs.c.id, deliveries.c.next_at.is_not(None))
        old_jobs = (
            select(jobs.c.id, jobs.c.result)
            .where(jobs.c.finished_at.is_not(None), ~pending)
            .where((jobs.c.finished_at < before) | jobs.c.deleted_at.is_not(None))
            .limit(limit)
        )
        needed = exists().where(jobs.c.upload_key == uploads.c.file_key, jobs.c.state.in_(OPEN))
        old_uploads = (
            select(uploads.c.id, uploads.c.file_key)
            .where(uploads.c.created_at < before, ~needed)
            .limit(limit)
        )
        with self.reading() as session:
            ended = session.execute(old_jobs).all()
            sent = session.execute(old_uploads).all()
        outputs = [output.key for row in ended if row.result for output in row.result.outputs]
        return Expired(
            jobs=tuple(row.id for row in ended),
            uploads=tuple(row.id for row in sent),
            files=tuple(outputs + [row.file_key for row in sent]),
        )

    def forget(self, expired: Expired) -> None:
        """Remove the rows. Usage stays: the books outlive the jobs."""
        with self.writing() as session:
            session.execute(delete(deliveries).where(deliveries.c.job_id.in_(expired.jobs)))
            session.execute(delete(attempts).where(attempts.c.job_id.in_(expired.jobs)))
            session.execute(delete(jobs).where(jobs.c.id.in_(expired.jobs), jobs.c.state.not_in(OPEN)))
            session.execute(delete(uploads).where(uploads.c.id.in_(expired.uploads)))

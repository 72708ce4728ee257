"""The moves of a job, each one transaction. Only here does a job change its state after it was accepted.

    from         move       by                                  to
    created      begin      any attempt                         processing
    processing   begin      another attempt (the first died)    processing, under the new attempt
    processing   progress   the owning attempt                  processing
    processing   hand back  the owning attempt                  processing, nobody's until the next begin
    processing   finish     the owning attempt                  completed
    open         fail       the owning attempt, or the server   failed
    created      cancel     its owner                           cancelled
    processing   cancel     its owner                           processing, cancel asked
      then: begin, progress, finish or fail of the owning attempt → cancelled; or the sweeper, if that died

Everything else is refused: JobFinished after a final state, StaleAttempt for an attempt that was overtaken.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from sqlalchemy import insert, select, update

from punchin.errors import Cancelled, JobFinished, StaleAttempt
from punchin.job import State
from punchin.store.ending import end, locked, one, record_of, visible
from punchin.store.sessions import Ledger
from punchin.store.tables import attempts, jobs

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session

    from punchin.job import Failure, JobResult
    from punchin.store.records import JobRecord


class Moves(Ledger):
    """What workers, owners and the sweeper do to jobs."""

    def begin(self, job_id: str, attempt: str) -> None:
        """An attempt takes the job over; from now on it alone may report and finish.

        Args:
            job_id: the job.
            attempt: a name that no other attempt of this job has ever had.

        Raises:
            Cancelled: cancel was asked while the last attempt had it; the job is now cancelled.
            JobFinished: it is over.
            StaleAttempt: another attempt has taken over from this one.
            JobNotFound: there is none.
        """
        with self.writing() as session:
            job = _open(locked(session, job_id))
            cancelled = job.cancel_asked
            if cancelled:
                end(session, job, State.CANCELLED, self.now())
            else:
                self._take_over(session, job, attempt)
        if cancelled:
            raise Cancelled

    def _take_over(self, session: Session, job: JobRecord, attempt: str) -> None:
        if job.attempt == attempt:
            return
        known = select(attempts.c.attempt).where(attempts.c.job_id == job.id, attempts.c.attempt == attempt)
        if session.execute(known).one_or_none() is not None:
            raise StaleAttempt(f"attempt {attempt} of job {job.id} was overtaken by {job.attempt}")
        now = self.now()
        session.execute(insert(attempts).values(job_id=job.id, attempt=attempt, began_at=now))
        session.execute(
            update(jobs)
            .where(jobs.c.id == job.id)
            .values(
                state=State.PROCESSING.value,
                attempt=attempt,
                attempts=job.attempts + 1,
                stage="",
                fraction=0.0,
                eta_s=None,
                started_at=now,
                progressed_at=now,
            )
        )

    def progress(
        self, job_id: str, attempt: str, stage: str, fraction: float, eta_s: float | None = None
    ) -> None:
        """Report how far the job is, and learn whether to go on: one cheap statement.

        Args:
            job_id: the job.
            attempt: who reports.
            stage: one word for what is being done.
            fraction: 0..1 of the whole.
            eta_s: seconds to go, or None.

        Raises:
            Cancelled: cancel was asked; the job is now cancelled and the attempt shall stop and tidy up.
            JobFinished, StaleAttempt, JobNotFound: the job is not this attempt's any more.
        """
        report = (
            update(jobs)
            .where(
                jobs.c.id == job_id,
                jobs.c.attempt == attempt,
                jobs.c.state == State.PROCESSING.value,
                jobs.c.cancel_asked.is_(False),
            )
            .values(stage=stage, fraction=fraction, eta_s=eta_s, progressed_at=self.now())
            .returning(jobs.c.seq)
        )
        with self.writing() as session:
            accepted = session.execute(report).one_or_none() is not None
            if not accepted:
                end(session, _owned(locked(session, job_id), attempt), State.CANCELLED, self.now())
        if not accepted:
            raise Cancelled

    def hand_back(self, job_id: str, attempt: str) -> JobRecord:
        """The attempt gives the job up through no fault of the job's: it does not count.

        Args:
            job_id: the job.
            attempt: who has it; from now on it may neither report nor finish.

        Returns:
            The job, to be put in line again.

        Raises:
            JobFinished, StaleAttempt, JobNotFound: the job is not this attempt's any more.
        """
        with self.writing() as session:
            job = _owned(locked(session, job_id), attempt)
            change = update(jobs).where(jobs.c.id == job_id).returning(jobs)
            return record_of(
                session.execute(change.values(attempt=None, attempts=job.attempts - 1, eta_s=None)).one()
            )

    def requeue(self, job_id: str) -> JobRecord:
        """Take a job from whoever has it: that attempt may neither report nor finish any more.

        For an operator. The attempt does not count. Whoever calls this puts the job in line again:
        `Dispatcher.cancel`, then `Dispatcher.enqueue_again` with what is given back.

        Args:
            job_id: a job that is not over; one that waits stays as it is.

        Returns:
            The job, to be put in line again.

        Raises:
            JobFinished: it is over, and stays so.
            JobNotFound: there is none.
        """
        with self.writing() as session:
            job = _open(locked(session, job_id))
            if job.attempt is None:
                return job
            change = update(jobs).where(jobs.c.id == job_id).returning(jobs)
            return record_of(
                session.execute(change.values(attempt=None, attempts=job.attempts - 1, eta_s=None)).one()
            )

    def finish(
        self, job_id: str, attempt: str, result: JobResult, price: Decimal | float | str = Decimal(0)
    ) -> None:
        """The job is completed: state, result, usage and message to its owner's server in one transaction.

        Args:
            job_id: the job.
            attempt: who made it; its files are whole and in the file store.
            result: what it made.
            price: what it costs; see `price_of`.

        Raises:
            Cancelled: cancel was asked before; the job is now cancelled, costs nothing, and its files are not
                published: remove them.
            JobFinished, StaleAttempt, JobNotFound: the job is not this attempt's any more.
        """
        with self.writing() as session:
            job = _owned(locked(session, job_id), attempt)
            if job.cancel_asked:
                end(session, job, State.CANCELLED, self.now())
            else:
                end(session, job, State.COMPLETED, self.now(), result=result, price=Decimal(str(price)))
        if job.cancel_asked:
            raise Cancelled

    def fail(self, job_id: str, attempt: str | None, failure: Failure) -> None:
        """The job is failed; it costs nothing.

        Args:
            job_id: the job.
            attempt: who tried, or None if the server itself gives the job up, whoever has it.
            failure: why. Where cancel was asked before, the job is cancelled instead.

        Raises:
            JobFinished, StaleAttempt, JobNotFound: as `finish`.
        """
        with self.writing() as session:
            job = locked(session, job_id)
            job = _open(job) if attempt is None else _owned(job, attempt)
            if job.cancel_asked:
                end(session, job, State.CANCELLED, self.now())
            else:
                end(session, job, State.FAILED, self.now(), failure=failure)

    def cancel(self, job_id: str, *, key_id: str | None = None) -> State:
        """Stop a job: a waiting one at once, a running one with its next progress report.

        Args:
            job_id: the job.
            key_id: whose it must be; None for the operator.

        Returns:
            Its state now: `processing` means that its worker has been asked. A job that was over stays so.

        Raises:
            JobNotFound: there is none, it is deleted, or another key's.
        """
        with self.writing() as session:
            job = one(session, visible(job_id, key_id).with_for_update(), job_id)
            return ask_to_stop(session, job, self.now())

    def end_lost_cancels(self, before: datetime) -> list[str]:
        """Jobs whose cancel was asked and whose worker has not reported since `before`: cancelled now.

        The dispatcher does not give a cancelled job to another worker; if the one that had it died, nobody
        else would ever write its end.

        Returns:
            Their ids.
        """
        lost = (
            select(jobs)
            .where(
                jobs.c.state == State.PROCESSING.value,
                jobs.c.cancel_asked.is_(True),
                jobs.c.progressed_at < before,
            )
            .order_by(jobs.c.seq)
            .with_for_update()
        )
        with self.writing() as session:
            found = [record_of(row) for row in session.execute(lost)]
            for job in found:
                end(session, job, State.CANCELLED, self.now())
        return [job.id for job in found]


def ask_to_stop(session: Session, job: JobRecord, now: datetime) -> State:
    """Cancel a locked job as far as that can be done at once; its state afterwards."""
    if job.state is State.CREATED:
        end(session, job, State.CANCELLED, now)
        return State.CANCELLED
    if job.state is State.PROCESSING:
        session.execute(update(jobs).where(jobs.c.id == job.id).values(cancel_asked=True))
    return job.state


def _open(job: JobRecord) -> JobRecord:
    if job.state.is_final:
        raise JobFinished(f"job {job.id} is {job.state} and stays so")
    return job


def _owned(job: JobRecord, attempt: str) -> JobRecord:
    if _open(job).attempt != attempt:
        raise StaleAttempt(
            f"attempt {attempt} of job {job.id} was overtaken by {job.attempt or 'the next one'}"
        )
    return job

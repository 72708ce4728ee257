"""Accepting jobs, reading them, and their owner's list of them."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import bindparam, func, insert, literal, select, update
from sqlalchemy.exc import IntegrityError

from punchin.errors import CallerError, IdempotencyConflict, JobNotFound
from punchin.job import AUTO, PROTOCOL, State
from punchin.store.columns import Moment, clean
from punchin.store.ending import OPEN, all_locked, record_of
from punchin.store.ids import new_id
from punchin.store.moves import ask_to_stop
from punchin.store.records import Backlog, JobRecord, KeyLoad, OpenJob, Page
from punchin.store.sessions import Ledger
from punchin.store.tables import jobs, keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from sqlalchemy.orm import Session

    from punchin.job import JobSpec

UPLOAD = "upload:"
"""How `JobSpec.audio` begins for a song that was uploaded here; the key of the file store follows."""


_AS_SUBMITTED = (
    "id", "key_id", "spec", "state", "stage", "fraction", "attempts", "turn", "cancel_asked", "created_at",
)  # fmt: skip

# Written once, not for every request: to build them takes longer than to run them.
_ANYBODYS = select(jobs).where(jobs.c.id == bindparam("id"), jobs.c.deleted_at.is_(None))
_OWN = _ANYBODYS.where(jobs.c.key_id == bindparam("key"))
_INSERT = insert(jobs).returning(jobs.c.seq)
_OWNER = select(keys.c.prepaid, keys.c.spent).where(keys.c.id == bindparam("key")).with_for_update()
_COUNTS = select(
    func.count().filter(jobs.c.state == State.CREATED.value).label("waiting"),
    func.count().filter(jobs.c.state == State.PROCESSING.value).label("running"),
    select(func.count())
    .where(
        jobs.c.key_id == bindparam("key"),
        jobs.c.created_at > bindparam("since"),
        jobs.c.created_at <= bindparam("now"),
    )
    .scalar_subquery()
    .label("last_minute"),
    func.max(jobs.c.turn).filter(jobs.c.engine == bindparam("engine")).label("last_turn"),
).where(jobs.c.key_id == bindparam("key"), jobs.c.state.in_(OPEN))
_AT_WORK = select(func.max(jobs.c.turn)).where(jobs.c.state == State.PROCESSING.value)
_ROUND = select(
    _AT_WORK.where(jobs.c.engine == bindparam("engine")).scalar_subquery().label("at_work"),
    select(func.min(jobs.c.turn))
    .where(jobs.c.state == State.CREATED.value, jobs.c.engine == bindparam("engine"))
    .scalar_subquery()
    .label("waiting"),
    _AT_WORK.scalar_subquery().label("elsewhere"),
)


class Jobs(Ledger):
    """The ledger of jobs."""

    def submit(
        self,
        key_id: str,
        spec: JobSpec,
        *,
        idempotency_key: str | None,
        enqueue: Callable[[Session, JobRecord], None],
        admit: Callable[[KeyLoad], None] | None = None,
    ) -> tuple[JobRecord, bool]:
        """Accept a job: the row and whatever `enqueue` writes are committed together, or neither is.

        Keys share the workers by rounds, much as in start-time fair queueing (Goyal, Vin, Cheng, 1997): a job
        comes in the round after its key's last one, and not before the round after the one at work now. So a
        key with a long backlog does not keep others waiting, nor do others that come and go all the time keep
        that backlog waiting: nobody who comes later gets into a round that has begun. Each engine has rounds
        of its own: the long line of one must not put off jobs of another, which other workers may do.

        Args:
            key_id: whose it is.
            spec: what to do.
            idempotency_key: what the client calls this request; the same name gives the same job again.
            enqueue: puts the job in line, in the transaction of the session it is given; must not commit.
            admit: looks at what the key has going on and raises to refuse the job. It is asked one request of
                a key at a time, so a limit is never passed by two that come together.

        Returns:
            The job, and whether it is new.

        Raises:
            IdempotencyConflict: the name was used for another request.
            StoreError: the database cannot take it; nothing was accepted.
        """
        print_ = _fingerprint(spec)

        def write(session: Session) -> tuple[JobRecord, bool]:
            load, last_turn = self._load(session, key_id, spec.engine)
            if earlier := _earlier(session, key_id, idempotency_key, print_):
                return earlier, False
            if admit:
                admit(load)
            job = self._insert(session, key_id, spec, idempotency_key, print_, last_turn)
            enqueue(session, job)
            return job, True

        try:
            return self.written(write)
        except IntegrityError:
            # Only where the key has no row to lock (see `_load`): another process was faster with this name.
            with self.reading() as session:
                if earlier := _earlier(session, key_id, idempotency_key, print_):
                    return earlier, False
            raise

    def _insert(
        self,
        session: Session,
        key_id: str,
        spec: JobSpec,
        idempotency_key: str | None,
        print_: str,
        last_turn: int,
    ) -> JobRecord:
        job = JobRecord(
            id=new_id(),
            seq=0,
            key_id=clean(key_id),
            spec=spec,
            state=State.CREATED,
            stage="",
            fraction=0.0,
            eta_s=None,
            attempt=None,
            attempts=0,
            turn=max(last_turn, _round(session, spec.engine)) + 1,
            cancel_asked=False,
            result=None,
            failure=None,
            created_at=self.now(),
            started_at=None,
            progressed_at=None,
            finished_at=None,
        )
        values = {name: getattr(job, name) for name in _AS_SUBMITTED}
        values |= {
            "idempotency_key": idempotency_key,
            "fingerprint": print_,
            "model": spec.model,
            "engine": spec.engine,
            "protocol": PROTOCOL,
            "upload_key": spec.audio.removeprefix(UPLOAD) if spec.audio.startswith(UPLOAD) else None,
        }
        seq = session.connection().execute(_INSERT, values).scalar_one()
        return replace(job, seq=seq)

    def _load(self, session: Session, key_id: str, engine: str = AUTO) -> tuple[KeyLoad, int]:
        """What the key has going on, and the last turn of that with an engine; until the transaction ends,
        nobody else may submit for it.
        """
        connection = session.connection()
        owner = connection.execute(_OWNER, {"key": key_id}).one_or_none()
        now = self.now()
        # Bounded on both sides: after the clock was set back, jobs of "later" must not fill it for hours.
        span = {"since": now - timedelta(seconds=60), "now": now}
        counts = connection.execute(_COUNTS, {"key": key_id, "engine": engine, **span}).one()
        load = KeyLoad(
            waiting=counts.waiting,
            running=counts.running,
            last_minute=counts.last_minute,
            balance=None if owner is None or owner.prepaid is None else owner.prepaid - owner.spent,
        )
        return load, counts.last_turn or 0

    def load(self, key_id: str) -> KeyLoad:
        """What a key has going on right now."""
        with self.reading() as session:
            return self._load(session, key_id)[0]

    def job(self, job_id: str, *, key_id: str | None = None) -> JobRecord:
        """A job.

        Args:
            job_id: its id.
            key_id: whose it must be; None for the server's own use.

        Raises:
            JobNotFound: there is none, it is deleted, or another key's.
        """
        wanted = _ANYBODYS if key_id is None else _OWN
        with self.reading() as session:
            row = session.connection().execute(wanted, {"id": job_id, "key": key_id}).one_or_none()
        if row is None:
            raise JobNotFound(f"there is no job {clean(job_id)}")
        return record_of(row)

    def place(self, job_id: str) -> int:
        """How many waiting jobs of its engine are before this one; 0 if it is next, at work or over."""
        waiting = jobs.c.state == State.CREATED.value
        mine = select(jobs.c.turn, jobs.c.seq, jobs.c.engine).where(jobs.c.id == job_id, waiting)
        with self.reading() as session:
            me = session.execute(mine).one_or_none()
            if me is None:
                return 0
            before = (jobs.c.turn < me.turn) | ((jobs.c.turn == me.turn) & (jobs.c.seq < me.seq))
            ahead = select(func.count()).where(waiting, jobs.c.engine == me.engine, before)
            return session.execute(ahead).scalar_one()

    def backlog(self) -> Backlog:
        """How busy the server is."""
        state = select(jobs.c.state, func.count(), func.min(jobs.c.created_at)).where(jobs.c.state.in_(OPEN))
        with self.reading() as session:
            found = {row[0]: row for row in session.execute(state.group_by(jobs.c.state))}
        waiting, running = found.get(State.CREATED.value), found.get(State.PROCESSING.value)
        return Backlog(
            waiting=waiting[1] if waiting else 0,
            running=running[1] if running else 0,
            oldest_at=waiting[2] if waiting else None,
        )

    def open_jobs(
        self,
        *,
        state: State | None = None,
        key_id: str | None = None,
        quiet_since: datetime | None = None,
        after: int = 0,
        limit: int | None = None,
    ) -> list[OpenJob]:
        """Jobs that are not over, in the order accepted: what the dispatcher must know of.

        Args:
            state: only created ones, or only those at work.
            key_id: only this key's.
            quiet_since: only those that have not moved since: accepted before, and no report.
            after: only those with a larger `seq`.
            limit: at most so many; None for all.
        """
        columns = (
            jobs.c.id, jobs.c.seq, jobs.c.key_id, jobs.c.state, jobs.c.turn, jobs.c.engine, jobs.c.protocol,
        )  # fmt: skip
        states = OPEN if state is None else (state.value,)
        wanted = select(*columns).where(jobs.c.state.in_(states), jobs.c.seq > after)
        if key_id is not None:
            wanted = wanted.where(jobs.c.key_id == key_id)
        if quiet_since is not None:
            moved_at = func.coalesce(jobs.c.progressed_at, jobs.c.created_at)
            wanted = wanted.where(moved_at < literal(quiet_since, Moment))
        with self.reading() as session:
            rows = session.execute(wanted.order_by(jobs.c.seq).limit(limit)).all()
        return [
            OpenJob(row.id, row.seq, row.key_id, State(row.state), row.turn, row.engine, row.protocol)
            for row in rows
        ]

    def history(
        self,
        key_id: str | None,
        *,
        page: int = 1,
        page_size: int = 20,
        created_after: datetime | None = None,
        created_before: datetime | None = None,
        model: str | None = None,
        state: State | None = None,
    ) -> Page[JobRecord]:
        """A key's jobs, newest first.

        Args:
            key_id: whose; None for everybody's.
            page, page_size: from 1, and 1..100.
            created_after, created_before: half-open span: from, and before.
            model, state: only these.

        Raises:
            CallerError: if page or page size is out of range.
        """
        wanted = select(jobs).where(jobs.c.deleted_at.is_(None))
        # Each order is one that an index has: nothing is sorted, however long the history is.
        newest = (jobs.c.seq.desc(),)
        if key_id is not None:
            wanted = wanted.where(jobs.c.key_id == key_id)
            newest = (jobs.c.created_at.desc(), jobs.c.seq.desc())
        if created_after is not None:
            wanted = wanted.where(jobs.c.created_at >= created_after)
        if created_before is not None:
            wanted = wanted.where(jobs.c.created_at < created_before)
        if model is not None:
            wanted = wanted.where(jobs.c.model == model)
        if state is not None:
            wanted = wanted.where(jobs.c.state == state.value)
        offset = offset_of(page, page_size)
        with self.reading() as session:
            rows = session.execute(wanted.order_by(*newest).offset(offset).limit(page_size + 1)).all()
        found = tuple(record_of(row) for row in rows)
        return Page(found[:page_size], page, has_more=len(found) > page_size)

    def delete(self, key_id: str, ids: Sequence[str]) -> list[str]:
        """Take jobs out of their owner's sight; those not over are cancelled first.

        Ids that are unknown or another key's are passed over. The rows stay until they expire; their
        idempotency keys are free again.

        Returns:
            Keys of the file store that nobody needs any more.
        """
        with self.writing() as session:
            found = all_locked(session, key_id, ids)
            for job in found:
                ask_to_stop(session, job, self.now())
            gone = update(jobs).where(jobs.c.id.in_([job.id for job in found]))
            session.execute(gone.values(deleted_at=self.now(), idempotency_key=None))
        return [output.key for job in found if job.result for output in job.result.outputs]


def _round(session: Session, engine: str) -> int:
    """The round of an engine that is at work; between two jobs, the one before the next in line.

    An engine that nobody has asked for goes on where the others are: workers that serve both take the smaller
    turn first.
    """
    found = session.connection().execute(_ROUND, {"engine": engine}).one()
    if found.at_work is not None:
        return found.at_work
    return found.waiting - 1 if found.waiting is not None else found.elsewhere or 0


def offset_of(page: int, page_size: int) -> int:
    """How many rows lie before a page.

    Raises:
        CallerError: if page or page size is out of range.
    """
    if page < 1:
        raise CallerError(f"page is {page}; pages count from 1")
    if not 1 <= page_size <= 100:
        raise CallerError(f"page_size is {page_size}; it goes from 1 to 100")
    # More rows than there can be; larger numbers do not fit into the databases' integers.
    return min((page - 1) * page_size, 2**62)


def _fingerprint(spec: JobSpec) -> str:
    return hashlib.sha256(msgspec.json.encode(spec, order="deterministic")).hexdigest()


def _earlier(session: Session, key_id: str, idempotency_key: str | None, print_: str) -> JobRecord | None:
    """The job that was accepted under this idempotency key before."""
    if idempotency_key is None:
        return None
    wanted = select(jobs).where(jobs.c.key_id == key_id, jobs.c.idempotency_key == idempotency_key)
    row = session.execute(wanted).one_or_none()
    if row is None:
        return None
    if row.fingerprint != print_:
        raise IdempotencyConflict(f"idempotency key {idempotency_key!r} was used for another request")
    return record_of(row)

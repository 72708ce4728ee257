from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import text

from punchin.dispatch import DbosDispatcher, Standing
from punchin.dispatch.durable import PROTOCOL
from support.services import tone_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from punchin.store import JobRecord, Store


def submit(store: Store, dispatcher: DbosDispatcher, key_id: str = "key") -> JobRecord:
    return store.submit(key_id, tone_job("upload:x"), idempotency_key=None, enqueue=dispatcher.enqueue)[0]


def table(store: Store) -> str:
    """Where DBOS keeps its entries: in PostgreSQL in a schema of its own."""
    return "dbos.workflow_status" if store.engine.dialect.name == "postgresql" else "workflow_status"


def entries(store: Store) -> list[tuple[str, str, int, str]]:
    """Id, status, priority and application version of what DBOS has, in the order it hands them out."""
    wanted = text(
        f"SELECT workflow_uuid, status, priority, application_version FROM {table(store)} "
        "ORDER BY priority, created_at"
    )
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(wanted)]


def set_status(store: Store, workflow_id: str, status: str, executor: str = "dead") -> None:
    change = text(f"UPDATE {table(store)} SET status=:s, executor_id=:e WHERE workflow_uuid=:id")
    with store.engine.begin() as connection:
        connection.execute(change, {"s": status, "e": executor, "id": workflow_id})


def test_a_job_and_its_place_in_line_are_committed_together_or_not_at_all(
    store: Store, dispatcher: DbosDispatcher
) -> None:
    class Refused(Exception):
        pass

    def enqueue_and_refuse(session: Session, job: JobRecord) -> None:
        dispatcher.enqueue(session, job)
        raise Refused

    with pytest.raises(Refused):
        store.submit("key", tone_job("upload:x"), idempotency_key=None, enqueue=enqueue_and_refuse)
    assert entries(store) == []
    assert store.open_jobs() == []

    job = submit(store, dispatcher)
    assert entries(store) == [(job.id, "ENQUEUED", 1, PROTOCOL)]


def test_keys_take_turns(store: Store, dispatcher: DbosDispatcher) -> None:
    jobs = {name: [submit(store, dispatcher, name).id for _ in range(n)] for name, n in (("a", 4), ("b", 2))}
    late = submit(store, dispatcher, "c").id
    order = [entry[0] for entry in entries(store)]
    a, b = jobs["a"], jobs["b"]
    assert set(order[:3]) == {a[0], b[0], late}
    assert set(order[3:5]) == {a[1], b[1]}
    assert order[5:] == a[2:]


def test_where_jobs_stand(store: Store, dispatcher: DbosDispatcher) -> None:
    waiting, running, poison, lost, done = (submit(store, dispatcher).id for _ in range(5))
    set_status(store, running, "PENDING")
    set_status(store, poison, "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
    set_status(store, lost, "CANCELLED")
    set_status(store, done, "SUCCESS")
    assert dispatcher.standings([waiting, running, poison, lost, done, "0" * 32]) == {
        waiting: Standing.LIVE,
        running: Standing.LIVE,
        poison: Standing.GIVEN_UP,
        lost: Standing.GONE,
        done: Standing.GONE,
        "0" * 32: Standing.GONE,
    }
    assert dispatcher.standings([]) == {}


def test_a_job_that_fell_out_of_line_comes_in_again_once(store: Store, dispatcher: DbosDispatcher) -> None:
    job = submit(store, dispatcher)
    set_status(store, job.id, "ERROR")
    dispatcher.enqueue_again(job)
    again = [entry for entry in entries(store) if entry[1] == "ENQUEUED"]
    assert again == [(f"{job.id}.1", "ENQUEUED", 1, PROTOCOL)]
    assert dispatcher.standings([job.id]) == {job.id: Standing.LIVE}
    dispatcher.cancel(job.id)
    assert dispatcher.standings([job.id]) == {job.id: Standing.GONE}


def test_whoever_is_told_to_stop_before_it_began_takes_no_job(
    store: Store, dispatcher: DbosDispatcher
) -> None:
    job = submit(store, dispatcher)
    stop = threading.Event()
    stop.set()
    dispatcher.run_worker("host-0", lambda job_id, attempt: None, stop, 1, lambda: pytest.fail("ready"))
    assert entries(store) == [(job.id, "ENQUEUED", 1, PROTOCOL)]
    assert dispatcher.unfinished() == []


def test_cancelling_leaves_what_is_over(store: Store, dispatcher: DbosDispatcher) -> None:
    waiting, done = submit(store, dispatcher).id, submit(store, dispatcher).id
    set_status(store, done, "SUCCESS")
    dispatcher.cancel(waiting)
    dispatcher.cancel(done)
    dispatcher.cancel("f" * 32)
    assert {entry[0]: entry[1] for entry in entries(store)} == {waiting: "CANCELLED", done: "SUCCESS"}


def test_the_jobs_of_a_dead_worker_are_in_line_again_and_nobody_elses(
    store: Store, dispatcher: DbosDispatcher
) -> None:
    dead, alive = submit(store, dispatcher).id, submit(store, dispatcher).id
    set_status(store, dead, "PENDING", "host-0")
    set_status(store, alive, "PENDING", "host-1")
    dispatcher.reap(["host-0"])
    assert {entry[0]: entry[1] for entry in entries(store)} == {dead: "ENQUEUED", alive: "PENDING"}


def test_what_is_over_is_forgotten_in_time(store: Store, dispatcher: DbosDispatcher) -> None:
    done, open_ = submit(store, dispatcher).id, submit(store, dispatcher).id
    dispatcher.cancel(done)
    dispatcher.forget(datetime.now(UTC) - timedelta(days=1))
    assert len(entries(store)) == 2
    dispatcher.forget(datetime.now(UTC) + timedelta(seconds=5))
    assert [entry[0] for entry in entries(store)] == [open_]

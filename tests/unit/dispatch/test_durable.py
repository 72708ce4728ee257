from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from sqlalchemy import text

from punchin.dispatch import DbosDispatcher, Standing
from punchin.dispatch.durable import VERSION, line_of
from support.services import tone_job

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from punchin.store import JobRecord, Store


def submit(store: Store, dispatcher: DbosDispatcher, key_id: str = "key", engine: str = "tone") -> JobRecord:
    spec = replace(tone_job("upload:x"), engine=engine)
    return store.submit(key_id, spec, idempotency_key=None, enqueue=dispatcher.enqueue)[0]


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
    assert entries(store) == [(job.id, "ENQUEUED", 1, VERSION)]


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
    assert again == [(f"{job.id}.1", "ENQUEUED", 1, VERSION)]
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
    assert entries(store) == [(job.id, "ENQUEUED", 1, VERSION)]
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


def test_each_engine_and_protocol_has_a_line_and_jobs_come_back_to_theirs(
    store: Store, dispatcher: DbosDispatcher
) -> None:
    tone = submit(store, dispatcher)
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE jobs SET protocol='2'"))
    [waiting] = store.open_jobs()
    set_status(store, tone.id, "ERROR")
    dispatcher.enqueue_again(waiting)
    lines = text(f"SELECT workflow_uuid, queue_name FROM {table(store)} ORDER BY created_at")
    with store.engine.connect() as connection:
        found = dict(tuple(row) for row in connection.execute(lines))
    assert found == {tone.id: line_of("tone"), f"{tone.id}.1": line_of("tone", "2")}


def test_a_worker_takes_one_job_at_a_time_of_its_own_lines(store: Store, dispatcher: DbosDispatcher) -> None:
    """Through all of DBOS: were its claim elsewhere in a later version, none would come, or two at once."""
    jobs = {engine: submit(store, dispatcher, engine=engine).id for engine in ("other", "tone", "auto")}
    done: list[str] = []
    at_work: list[int] = []
    stop = threading.Event()

    def run(job_id: str, attempt: str) -> None:
        at_work.append(len(dispatcher.unfinished()))
        done.append(job_id)
        if len(done) == 2:
            stop.set()

    dispatcher.run_worker("host-0", run, stop, 5, lambda: None, engines=("auto", "tone"))
    assert set(done) == {jobs["tone"], jobs["auto"]}
    assert at_work == [1, 1]
    assert dispatcher.standings([jobs["other"]]) == {jobs["other"]: Standing.LIVE}

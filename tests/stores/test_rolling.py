"""Old and new Punchin side by side on one database: what an old one can read, and what it leaves alone."""

import pytest
from sqlalchemy import text

from punchin.dispatch import DbosDispatcher, prepare
from punchin.dispatch.claiming import Heads
from punchin.dispatch.durable import VERSION, line_of, lines_of
from punchin.job import PROTOCOL, State
from support.ledger import result, spec, submitted

NEXT = str(int(PROTOCOL) + 1)


@pytest.fixture
def dispatcher(store):
    prepare(store.engine, 0.05)
    found = DbosDispatcher(store.engine)
    yield found
    found.close()


def put_in_line(store, dispatcher, **changes):
    return store.submit("k", spec(**changes), idempotency_key=None, enqueue=dispatcher.enqueue)[0]


def of_a_newer_one(store, job):
    """The row as a Punchin of the next protocol writes it, with fields that ours does not know."""
    change = text("UPDATE jobs SET protocol = :next, spec = replace(spec, :before, :after) WHERE id = :id")
    words = {"before": '"takes"', "after": '"new":[1],"takes"', "next": NEXT, "id": job.id}
    with store.engine.begin() as connection:
        connection.execute(change, words)


def test_each_worker_looks_only_along_the_lines_of_protocols_that_it_knows(store, dispatcher):
    today, newer = (put_in_line(store, dispatcher) for _ in range(2))
    of_a_newer_one(store, newer)
    dispatcher.cancel(newer.id)
    dispatcher.enqueue_again(store.job(newer.id))
    old, new = (Heads(store.engine, lines_of(["auto"], each), VERSION) for each in (PROTOCOL, NEXT))
    assert old.look() == [line_of("auto")]
    assert set(new.look()) == {line_of("auto"), line_of("auto", NEXT)}
    dispatcher.cancel(today.id)
    assert old.look() == []
    assert new.look() == [line_of("auto", NEXT)]


def test_a_job_of_a_newer_one_is_shown_ended_and_cancelled_by_an_older_one(store):
    running, waiting = submitted(store), submitted(store)
    for job in (running, waiting):
        of_a_newer_one(store, job)
    store.begin(running.id, "a")
    store.finish(running.id, "a", result(running.id))
    assert store.cancel(waiting.id) is State.CANCELLED
    assert [job.protocol for job in store.history("k").items] == [NEXT, NEXT]
    assert store.job(running.id).spec == running.spec


def test_an_entry_that_an_older_supervisor_puts_in_line_again_stays_in_its_line(store, dispatcher):
    job = put_in_line(store, dispatcher)
    of_a_newer_one(store, job)
    [waiting] = store.open_jobs()
    dispatcher.cancel(job.id)
    dispatcher.enqueue_again(waiting)
    assert Heads(store.engine, [line_of("auto", NEXT)], VERSION).look() == [line_of("auto", NEXT)]

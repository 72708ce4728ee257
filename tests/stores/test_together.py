"""Writes that share a commit are still each all or nothing."""

import threading
import time

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from punchin.errors import PunchinError, RateLimited, StoreError
from support.ledger import spec

WRITERS = 8


@pytest.fixture
def commits(store):
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL commits side by side by itself")
    seen = []
    event.listen(store.engine, "commit", lambda connection: seen.append(1))
    return seen


def submit_at_once(store, enqueue):
    """So many threads submit while another writer holds the database; what each got, in their order."""
    outcomes = {}

    def one(number):
        try:
            job, _ = store.submit("k", spec(), idempotency_key=None, enqueue=lambda s, j: enqueue(number))
            outcomes[number] = job
        except PunchinError as error:
            outcomes[number] = error

    threads = [threading.Thread(target=one, args=(number,)) for number in range(WRITERS)]
    with store.writing():
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 60
        while len(store._together._waiting) < WRITERS and time.monotonic() < deadline:
            time.sleep(0.001)
    for thread in threads:
        thread.join()
    return [outcomes[number] for number in range(WRITERS)]


def test_what_comes_at_once_is_committed_at_once(store, commits):
    jobs = submit_at_once(store, lambda number: None)
    assert len(commits) == 2, "the writer before them, and theirs"
    assert sorted(job.id for job in jobs) == sorted(job.id for job in store.open_jobs())
    assert sorted(job.turn for job in jobs) == list(range(1, WRITERS + 1))
    assert [store.job(job.id) for job in jobs] == jobs


def test_a_refusal_undoes_its_own_rows_only(store, commits):
    def enqueue(number):
        if number % 2:
            raise RateLimited(f"not {number}")

    outcomes = submit_at_once(store, enqueue)
    assert [str(outcome) for outcome in outcomes[1::2]] == ["not 1", "not 3", "not 5", "not 7"]
    assert sorted(job.id for job in outcomes[::2]) == sorted(job.id for job in store.open_jobs())


def test_trouble_of_the_database_undoes_all_and_tells_all(store, commits):
    """SQLite may have undone the whole transaction by itself: a job that looks accepted would be lost."""

    def enqueue(number):
        if number == 5:
            raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    outcomes = submit_at_once(store, enqueue)
    assert all(isinstance(outcome, StoreError) for outcome in outcomes)
    assert store.open_jobs() == []
    assert submit_at_once(store, lambda number: None), "and afterwards all is well"

"""Real processes on one database at once."""

import multiprocessing
import threading

import pytest

from punchin.job import State
from punchin.store import Store
from support.ledger import migrate_now, no_queue, spec, submit_many, submitted, take_all

pytestmark = pytest.mark.slow


def _together(target, arguments):
    """Run one process an argument list; what each of them put into the queue."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    processes = [context.Process(target=target, args=(*one, queue)) for one in arguments]
    for process in processes:
        process.start()
    answers = [queue.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    queue.close()
    return answers


def test_many_submit_the_same_names_and_each_name_is_one_job(store, address):
    """4 × 100 submits, 60 names that all use and 40 of their own: 60 + 4 × 40 jobs."""
    store.create_key("k")
    plans = [[f"n{i}" if i < 60 else f"own-{who}-{i}" for i in range(100)] for who in range(4)]
    answers = [one for mine in _together(submit_many, [(address, plan) for plan in plans]) for one in mine]
    accepted = [job_id for _, job_id, new in answers if new]
    assert len(accepted) == len(set(accepted)) == 60 + 4 * 40
    assert len({(name, job_id) for name, job_id, _ in answers}) == 220
    assert len({name for name, _, _ in answers}) == 220
    assert sorted(job.id for job in store.open_jobs()) == sorted(accepted)


def test_two_workers_on_the_same_jobs_finish_each_once(store, address):
    ids = [submitted(store).id for _ in range(40)]
    answers = _together(take_all, [(address, "a", ids), (address, "b", ids)])
    finished = [one for _, done in answers for one in done]
    assert sorted(finished) == sorted(ids)
    for attempt, done in answers:
        for job_id in done:
            job = store.job(job_id)
            assert job.state is State.COMPLETED
            assert f"/{attempt}/" in job.result.outputs[0].key
    assert store.usage_stats("k").completed == 40


def test_many_start_on_an_empty_database(address):
    assert _together(migrate_now, [(address,)] * 4) == [True] * 4
    Store.open(address).close()


def test_a_limit_is_not_passed_by_requests_that_come_together(store):
    """8 threads, room for 5: exactly 5 come in."""
    key, _ = store.create_key("k")

    class FullError(Exception):
        pass

    def admit(load):
        if load.waiting >= 5:
            raise FullError

    refused = []

    def one():
        try:
            store.submit(key.id, spec(), idempotency_key=None, enqueue=no_queue, admit=admit)
        except FullError:
            refused.append(1)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (store.backlog().waiting, len(refused)) == (5, 3)

import pytest

from punchin.errors import JobFinished, JobNotFound, StaleAttempt
from punchin.job import State
from support.ledger import begun, completed, result, submitted


def test_an_empty_line_is_empty(store):
    assert store.queue_summary() == []


def test_the_line_is_told_by_engine(store, clock):
    submitted(store, engine="tone")
    clock.pass_(seconds=30)
    submitted(store, engine="tone")
    begun(store, engine="tone")
    submitted(store)
    found = {queue.engine: queue for queue in store.queue_summary()}
    assert list(found) == ["auto", "tone"]
    tone, auto = found["tone"], found["auto"]
    assert (tone.waiting, tone.running, tone.oldest_s) == (2, 1, 30)
    assert (auto.waiting, auto.running, auto.oldest_s) == (1, 0, 0)
    assert (tone.queue_s, auto.queue_s) == (20, 10), "nothing is known yet of how long a job takes"


def test_what_waits_is_told_in_seconds_of_work(store, clock):
    for took_s in (2, 4):
        job = begun(store, engine="tone")
        clock.pass_(seconds=took_s)
        store.finish(job.id, "a", result(job.id))
    for _ in range(5):
        submitted(store, engine="tone")
    [tone] = store.queue_summary()
    assert tone.queue_s == 15


def test_an_engine_that_nobody_waits_for_stays_at_0(store):
    completed(store, engine="tone")
    [tone] = store.queue_summary()
    assert (tone.waiting, tone.running, tone.queue_s, tone.oldest_s) == (0, 0, 0, 0)


def test_a_job_that_is_taken_away_is_nobodys_until_the_next_begin(store):
    job = begun(store, "a")
    again = store.requeue(job.id)
    assert (again.attempt, again.attempts, again.state) == (None, 0, State.PROCESSING)
    with pytest.raises(StaleAttempt):
        store.finish(job.id, "a", result(job.id))
    with pytest.raises(StaleAttempt):
        store.begin(job.id, "a")
    store.begin(job.id, "b")
    store.finish(job.id, "b", result(job.id, "b"))
    assert store.usage_stats("k").completed == 1


def test_only_what_is_not_over_can_be_put_in_line_again(store):
    waiting = submitted(store)
    assert store.requeue(waiting.id) == waiting
    with pytest.raises(JobFinished):
        store.requeue(completed(store).id)
    with pytest.raises(JobNotFound):
        store.requeue("none")

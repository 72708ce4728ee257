import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert

from punchin.errors import IdempotencyConflict, JobNotFound, RateLimited
from punchin.job import State
from punchin.store import KeyLoad, ids
from punchin.store.tables import workers
from support.ledger import begun, completed, no_queue, result, spec, submitted


def test_a_job_is_kept_as_it_was_asked(store, clock):
    asked = spec(webhook="https://example.org/hook", request={"seed": -1, "x": ["é\0", None]})
    job, new = store.submit("k", asked, idempotency_key=None, enqueue=no_queue)
    assert new
    assert store.job(job.id) == job
    assert job.spec == asked
    assert (job.state, job.created_at, job.attempt) == (State.CREATED, clock.time, None)
    assert job.created_at.utcoffset() == timedelta(0)


def test_the_row_and_the_place_in_line_come_together_or_not_at_all(store):
    seen = []

    def enqueue(session, job):
        seen.append(job.id)
        values = {"host": "", "pid": 0, "state": "ready", "engine": "", "engines": []}
        times = {"started_at": job.created_at, "seen_at": job.created_at}
        session.execute(insert(workers).values(id=job.id, **values, **times))
        if len(seen) == 1:
            raise KeyError("the dispatcher broke")

    with pytest.raises(KeyError):
        store.submit("k", spec(), idempotency_key="one", enqueue=enqueue)
    assert store.workers() == []
    with pytest.raises(JobNotFound):
        store.job(seen[0])
    job, new = store.submit("k", spec(), idempotency_key="one", enqueue=enqueue)
    assert new
    assert [worker.id for worker in store.workers()] == [job.id]


def test_the_same_request_under_one_name_is_one_job(store):
    asked = []
    first, new = store.submit("k", spec(), idempotency_key="n", enqueue=lambda *_: asked.append(1))
    again, newer = store.submit("k", spec(), idempotency_key="n", enqueue=lambda *_: asked.append(2))
    assert (new, newer, asked) == (True, False, [1])
    assert again == first
    assert submitted(store, key="other", name="n").id != first.id
    assert submitted(store).id != submitted(store).id


def test_another_request_under_the_same_name_is_refused(store):
    submitted(store, name="n")
    with pytest.raises(IdempotencyConflict, match="'n'"):
        submitted(store, name="n", audio="https://example.org/other.wav")


def test_a_request_is_the_same_whatever_the_order_of_its_fields(store):
    first = submitted(store, name="n", request={"a": 1, "b": 2})
    assert submitted(store, name="n", request={"b": 2, "a": 1}).id == first.id


def test_who_admits_sees_what_the_key_has_going_on(store, clock):
    key, _ = store.create_key("k", prepaid=1)
    completed(store, key=key.id)
    begun(store, key=key.id)
    clock.pass_(seconds=61)
    submitted(store, key=key.id)
    submitted(store, key="other")
    seen = []

    def refuse(load):
        seen.append(load)
        raise RateLimited

    with pytest.raises(RateLimited):
        store.submit(key.id, spec(), idempotency_key=None, enqueue=no_queue, admit=refuse)
    assert seen == [KeyLoad(waiting=1, running=1, last_minute=1, balance=store.balance(key.id))]
    assert store.load(key.id) == seen[0]


def test_the_minute_is_counted_anew_when_the_clock_is_set_back(store, clock):
    submitted(store)
    assert store.load("k").last_minute == 1
    clock.pass_(hours=-1)
    assert store.load("k").last_minute == 0
    submitted(store)
    assert store.load("k").last_minute == 1


def test_a_request_that_was_accepted_is_answered_even_when_the_key_is_at_its_limit(store):
    def refuse(load):
        raise RateLimited

    job = submitted(store, name="n")
    again, new = store.submit("k", spec(), idempotency_key="n", enqueue=no_queue, admit=refuse)
    assert (again.id, new) == (job.id, False)


def test_keys_take_turns(store):
    """Eight jobs of A, three of B, two of C: no key waits for the whole of another's backlog."""
    jobs = [submitted(store, key=key) for key in "AAAAAAAABBBCC"]
    names = {job.id: job.key_id for job in jobs}
    line = sorted(jobs, key=lambda job: store.place(job.id))
    assert "".join(names[job.id] for job in line) == "ABCABCABAAAAA"
    assert [store.place(job.id) for job in line] == list(range(13))


def ended_by_turns(store, arriving):
    """One worker does all jobs in line; `arriving` submits more after each. The keys in the order of work."""
    done = []
    while line := store.open_jobs(state=State.CREATED):
        job = min(line, key=lambda job: (job.turn, job.seq))
        store.begin(job.id, "a")
        done.append(job.key_id)
        arriving(len(done))
        store.finish(job.id, "a", result(job.id))
    return done


def test_keys_that_come_and_go_do_not_starve_a_backlog(store):
    """Somebody new has a job after every single one: with turns from 1, A's second job would never run."""
    for _ in range(10):
        submitted(store, key="A")
    order = ended_by_turns(store, lambda n: submitted(store, key=f"new {n}") if n < 100 else None)
    last = max(place for place, key in enumerate(order) if key == "A")
    assert last < 10 * 11 / 2, "a round has one more of the new ones than the round before"


def test_a_backlog_does_not_starve_a_key_that_comes_now_and_then(store):
    for _ in range(20):
        submitted(store, key="A")
    waits = {}

    def arriving(n):
        if n in (3, 9):
            waits[n] = submitted(store, key="B").id

    order = ended_by_turns(store, arriving)
    assert order[3:6].count("B") == order[9:12].count("B") == 1, order


def test_turns_begin_anew_when_everything_is_over(store):
    submitted(store, key="A")
    ended_by_turns(store, lambda n: submitted(store, key="A") if n < 5 else None)
    assert submitted(store, key="B").turn == 1


def test_a_turn_counts_what_is_unfinished(store):
    completed(store)
    first = begun(store)
    second = submitted(store)
    assert (first.turn, second.turn) == (1, 2)
    assert store.place(first.id) == store.place("unknown") == 0


def test_backlog(store, clock):
    assert store.backlog().oldest_at is None
    begun(store)
    clock.pass_(seconds=5)
    oldest = submitted(store)
    clock.pass_(seconds=5)
    submitted(store)
    backlog = store.backlog()
    assert (backlog.waiting, backlog.running, backlog.oldest_at) == (2, 1, oldest.created_at)


def test_ids_never_hold_what_clients_take_for_an_error(monkeypatch):
    drawn = iter(["0429" * 8, "ab" * 16])
    monkeypatch.setattr(ids.secrets, "token_hex", lambda count: next(drawn))
    assert ids.new_id() == "ab" * 16


def test_ids_are_32_hexadecimal_digits():
    made = {ids.new_id() for _ in range(2000)}
    assert len(made) == 2000
    assert all(len(one) == 32 and int(one, 16) >= 0 and one == one.lower() for one in made)


def test_half_characters_are_taken_out(store):
    assert submitted(store, key="k\ud83d").key_id == "k?"


@given(st.text(max_size=30))
def test_text_is_kept_as_far_as_databases_can(text):
    from punchin.store.columns import clean

    kept = clean(text)
    assert "\0" not in kept
    assert clean(kept) == kept
    if "\0" not in text:
        assert kept == text


def test_strange_ids_are_not_found(store):
    for strange in ("", "\0", "x" * 5000, "'; --", "é"):
        with pytest.raises(JobNotFound):
            store.job(strange)


def test_two_requests_of_a_key_are_never_admitted_at_the_same_time(store):
    """Else both would see the last free place. Each waits inside for the other, which must not come."""
    key, _ = store.create_key("k")
    meeting, met = threading.Barrier(2), []

    def admit(load):
        try:
            meeting.wait(0.3)
        except threading.BrokenBarrierError:
            return
        met.append(load)

    def one():
        store.submit(key.id, spec(), idempotency_key=None, enqueue=no_queue, admit=admit)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert met == []
    assert sorted(job.turn for job in store.open_jobs()) == [1, 2]


def test_each_engine_has_rounds_of_its_own(store):
    """A key's long line at one engine puts its job at another neither off, nor others' behind it."""
    backlog = [submitted(store, "a", engine="slow") for _ in range(5)]
    store.begin(backlog[0].id, "x")
    quick = submitted(store, "a", engine="quick")
    assert quick.turn == 2, "where the others are, not behind its own line"
    store.begin(quick.id, "x")
    assert submitted(store, "b", engine="slow").turn == 2
    assert [submitted(store, "b", engine="quick").turn for _ in range(3)] == [3, 4, 5]
    assert store.place(submitted(store, "c", engine="slow").id) == 2

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from punchin.errors import Cancelled, JobFinished, JobNotFound, StaleAttempt
from punchin.job import State
from punchin.store import Store, migrate
from support.ledger import BROKE, begun, completed, result, submitted


def test_the_whole_way(store, clock):
    job = submitted(store)
    clock.pass_(seconds=2)
    store.begin(job.id, "a")
    began = store.job(job.id)
    assert (began.state, began.attempt, began.attempts) == (State.PROCESSING, "a", 1)
    assert began.started_at == clock.time
    clock.pass_(seconds=1)
    store.progress(job.id, "a", "fill", 0.25, 3.0)
    at_work = store.job(job.id)
    assert (at_work.stage, at_work.fraction, at_work.eta_s) == ("fill", 0.25, 3.0)
    assert at_work.progressed_at == clock.time
    clock.pass_(seconds=1)
    store.finish(job.id, "a", result(), "0.0015")
    done = store.job(job.id)
    assert (done.state, done.result, done.fraction, done.eta_s) == (State.COMPLETED, result(), 1.0, None)
    assert done.finished_at == clock.time


def test_a_failed_job_says_why_and_costs_nothing(store):
    job = begun(store)
    store.fail(job.id, "a", BROKE)
    failed = store.job(job.id)
    assert (failed.state, failed.failure) == (State.FAILED, BROKE)
    assert store.usage_stats("k").cost == 0


def test_the_server_can_give_up_a_job_that_nobody_has(store):
    job = submitted(store)
    store.fail(job.id, None, BROKE)
    assert store.job(job.id).state is State.FAILED


FINAL_MOVES = {
    "begin": lambda store, job: store.begin(job, "b"),
    "begin again": lambda store, job: store.begin(job, "a"),
    "progress": lambda store, job: store.progress(job, "a", "fill", 0.5),
    "finish": lambda store, job: store.finish(job, "a", result(seconds=99), "9"),
    "fail": lambda store, job: store.fail(job, "a", BROKE),
    "give up": lambda store, job: store.fail(job, None, BROKE),
}


@pytest.mark.parametrize("move", FINAL_MOVES)
def test_what_is_over_stays(store, move):
    ended = completed(store, webhook="https://example.org/hook")
    before = store.job(ended.id)
    with pytest.raises(JobFinished, match="completed"):
        FINAL_MOVES[move](store, ended.id)
    assert store.cancel(ended.id) is State.COMPLETED
    assert store.job(ended.id) == before
    assert store.usage_stats("k").requests == 1


STALE_MOVES = {name: FINAL_MOVES[name] for name in ("begin again", "progress", "finish", "fail")}


@pytest.mark.parametrize("move", STALE_MOVES)
def test_an_attempt_that_was_overtaken_is_refused(store, move):
    job = begun(store)
    store.begin(job.id, "b")
    with pytest.raises(StaleAttempt, match="overtaken by b"):
        STALE_MOVES[move](store, job.id)
    assert store.job(job.id).attempt == "b"
    store.finish(job.id, "b", result(attempt="b"))
    assert store.job(job.id).result == result(attempt="b")


def test_beginning_twice_changes_nothing(store, clock):
    job = begun(store)
    before = store.job(job.id)
    clock.pass_(seconds=1)
    store.begin(job.id, "a")
    assert store.job(job.id) == before


def test_a_new_attempt_starts_from_nothing(store):
    job = begun(store)
    store.progress(job.id, "a", "fill", 0.9, 1.0)
    store.begin(job.id, "b")
    again = store.job(job.id)
    assert (again.stage, again.fraction, again.eta_s, again.attempts) == ("", 0.0, None, 2)


def test_a_waiting_job_is_cancelled_at_once(store):
    job = submitted(store)
    assert store.cancel(job.id) is State.CANCELLED
    with pytest.raises(JobFinished):
        store.begin(job.id, "a")


CANCELLED_MOVES = {
    "progress": FINAL_MOVES["progress"],
    "finish": FINAL_MOVES["finish"],
    "begin": FINAL_MOVES["begin"],
}


@pytest.mark.parametrize("move", CANCELLED_MOVES)
def test_a_running_job_is_cancelled_with_its_next_word(store, move):
    job = begun(store)
    assert store.cancel(job.id) is State.PROCESSING
    assert store.job(job.id).cancel_asked
    with pytest.raises(Cancelled):
        CANCELLED_MOVES[move](store, job.id)
    ended = store.job(job.id)
    assert (ended.state, ended.result) == (State.CANCELLED, None)
    assert store.usage_stats("k").cost == 0


def test_a_job_that_fails_while_it_is_being_cancelled_is_cancelled(store):
    job = begun(store)
    store.cancel(job.id)
    store.fail(job.id, "a", BROKE)
    assert store.job(job.id).state is State.CANCELLED


def test_a_job_whose_worker_died_while_it_was_being_cancelled_is_ended_by_the_sweeper(store, clock):
    lost, working, other = begun(store), begun(store), begun(store)
    store.cancel(lost.id)
    store.cancel(working.id)
    clock.pass_(seconds=60)
    alive = begun(store)
    store.cancel(alive.id)
    with pytest.raises(Cancelled):
        store.progress(working.id, "a", "fill", 0.5)
    assert store.end_lost_cancels(clock.time - timedelta(seconds=30)) == [lost.id]
    states = [store.job(job.id).state for job in (lost, working, other, alive)]
    assert states == [State.CANCELLED, State.CANCELLED, State.PROCESSING, State.PROCESSING]


def test_nobody_cancels_what_is_not_theirs(store):
    job = submitted(store, key="k")
    with pytest.raises(JobNotFound):
        store.cancel(job.id, key_id="other")
    assert store.job(job.id).state is State.CREATED
    assert store.cancel(job.id, key_id="k") is State.CANCELLED


@pytest.mark.parametrize("move", FINAL_MOVES)
def test_there_is_no_move_for_a_job_that_is_not_there(store, move):
    with pytest.raises(JobNotFound):
        FINAL_MOVES[move](store, "0" * 32)


def test_an_attempt_that_is_handed_back_does_not_count_and_has_no_more_say(store):
    job = begun(store, "first")
    with pytest.raises(StaleAttempt):
        store.hand_back(job.id, "other")
    back = store.hand_back(job.id, "first")
    assert (back.state, back.attempts, back.attempt) == (State.PROCESSING, 0, None)
    for move in (
        lambda: store.progress(job.id, "first", "fill", 0.5),
        lambda: store.finish(job.id, "first", result()),
        lambda: store.fail(job.id, "first", BROKE),
        lambda: store.hand_back(job.id, "first"),
        lambda: store.begin(job.id, "first"),
    ):
        with pytest.raises(StaleAttempt):
            move()
    store.begin(job.id, "second")
    assert store.job(job.id).attempts == 1
    store.finish(job.id, "second", result())
    with pytest.raises(JobFinished):
        store.hand_back(job.id, "second")


def test_jobs_that_are_quiet(store, clock):
    quiet = begun(store)
    clock.pass_(seconds=60)
    loud, waiting = begun(store), submitted(store)
    completed(store)
    assert [job.id for job in store.open_jobs()] == [quiet.id, loud.id, waiting.id]
    assert [job.id for job in store.open_jobs(quiet_since=clock.time)] == [quiet.id]
    assert [job.id for job in store.open_jobs(state=State.CREATED)] == [waiting.id]
    assert [job.id for job in store.open_jobs(after=quiet.seq, limit=1)] == [loud.id]
    assert store.open_jobs(key_id="other") == []


@pytest.fixture(scope="module")
def fast_store(tmp_path_factory):
    """A ledger that does not wait for the disk: only its logic is of interest."""
    address = f"sqlite:///{tmp_path_factory.mktemp('ledger') / 'punchin.db'}"
    migrate(address)
    store = Store.open(address)
    event.listen(store.engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
    store.engine.dispose()
    yield store
    store.close()


MOVES = st.sampled_from(["begin", "progress", "finish", "fail", "give up", "cancel", "delete", "lost"])


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(MOVES, st.sampled_from("ab")), min_size=1, max_size=10))
def test_whatever_two_attempts_do_a_job_ends_once_and_is_billed_once(fast_store, moves):
    """Of all orders of moves: one final state, never left again; one usage row; only the owner's result."""
    store = fast_store
    key, _ = store.create_key("k")
    job = submitted(store, key=key.id, webhook="https://example.org/hook")
    ended_as, owner = None, None
    for move, attempt in moves:
        try:
            _make(store, key.id, job.id, move, attempt)
        except JobFinished:
            assert ended_as is not None
        except StaleAttempt:
            assert owner != attempt
        except Cancelled:
            assert ended_as is None
        else:
            assert ended_as is None or move in {"cancel", "delete", "lost"}
            owner = attempt if move == "begin" else owner
        now = _state(store, job.id)
        assert ended_as in (None, now)
        ended_as = now if now.is_final else None
    stats = store.usage_stats(key.id)
    assert stats.requests == (ended_as is not None)
    assert stats.completed == (ended_as is State.COMPLETED)
    assert store.key(key.id).spent == stats.cost == (2 if ended_as is State.COMPLETED else 0)
    sent = [one for one in store.due_deliveries(store.now(), 100) if one.job_id == job.id]
    assert len(sent) == (ended_as is not None)


def _make(store, key_id, job_id, move, attempt):
    match move:
        case "begin":
            store.begin(job_id, attempt)
        case "progress":
            store.progress(job_id, attempt, "fill", 0.5)
        case "finish":
            store.finish(job_id, attempt, result(job_id, attempt), 2)
        case "fail":
            store.fail(job_id, attempt, BROKE)
        case "give up":
            store.fail(job_id, None, BROKE)
        case "cancel":
            if not _deleted(store, job_id):
                store.cancel(job_id)
        case "delete":
            store.delete(key_id, [job_id])
        case "lost":
            store.end_lost_cancels(store.now())


def _deleted(store, job_id):
    try:
        store.job(job_id)
    except JobNotFound:
        return True
    return False


def _state(store, job_id):
    """Also of a deleted job."""
    from punchin.store.ending import locked

    with store.reading() as session:
        return locked(session, job_id).state

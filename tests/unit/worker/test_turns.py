from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from punchin.dispatch import DbosDispatcher, Standing
from punchin.job import Failure
from punchin.store import Limits
from punchin.worker.turns import Turns
from support.services import tone_job

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.store import Store


def submit(store: Store, dispatcher: DbosDispatcher, key_id: str) -> str:
    job, _ = store.submit(key_id, tone_job("upload:x"), idempotency_key=None, enqueue=dispatcher.enqueue)
    return job.id


def begin(turns: Turns, store: Store, dispatcher: Any, job_id: str) -> bool:
    """As a worker does with a job that it is handed."""
    with turns.turn_of(job_id) as may_begin:
        if may_begin:
            store.begin(job_id, f"{job_id}-1")
    dispatcher.cancel(job_id)  # whatever came of it, the entry in line is used up
    return may_begin


def test_over_the_limit_a_job_waits_and_comes_in_when_one_is_over(
    store: Store, dispatcher: DbosDispatcher, tmp_path: Path
) -> None:
    turns = Turns(store, dispatcher, 1, tmp_path / "turns.lock")
    first, second, third = (submit(store, dispatcher, "a") for _ in range(3))
    other = submit(store, dispatcher, "b")
    assert begin(turns, store, dispatcher, first)
    assert not begin(turns, store, dispatcher, second)
    assert not begin(turns, store, dispatcher, third)
    assert begin(turns, store, dispatcher, other), "other keys are not touched"

    turns.let_in()
    assert dispatcher.standings([second])[second] is Standing.GONE, "there is no room yet"
    store.fail(first, f"{first}-1", Failure(1401, "over"))
    turns.let_in()
    assert dispatcher.standings([second, third]) == {second: Standing.LIVE, third: Standing.GONE}
    assert begin(turns, store, dispatcher, second)


def test_two_jobs_of_a_key_do_not_begin_in_the_same_moment(
    store: Store, dispatcher: DbosDispatcher, tmp_path: Path
) -> None:
    """As in two workers: each has its own `Turns`, and they share the file."""
    turns, others = (Turns(store, dispatcher, 1, tmp_path / "turns.lock") for _ in range(2))
    first, second = submit(store, dispatcher, "a"), submit(store, dispatcher, "a")
    begun: list[bool] = []
    other = threading.Thread(target=lambda: begun.append(begin(others, store, dispatcher, second)))
    with turns.turn_of(first) as may_begin:
        other.start()
        other.join(timeout=0.5)
        assert may_begin
        store.begin(first, "1")
    other.join()
    assert begun == [False]


def test_a_key_has_its_own_limit_or_the_servers_or_none(
    store: Store, dispatcher: DbosDispatcher, tmp_path: Path
) -> None:
    free, _ = store.create_key("free", limits=Limits(max_running=0))
    two, _ = store.create_key("two", limits=Limits(max_running=2))
    plain, _ = store.create_key("plain")
    turns = Turns(store, dispatcher, 1, tmp_path / "turns.lock")

    def begun(key_id: str) -> int:
        return sum(begin(turns, store, dispatcher, submit(store, dispatcher, key_id)) for _ in range(4))

    assert [begun(key.id) for key in (free, two, plain)] == [4, 2, 1]


def test_a_job_that_comes_back_after_its_workers_death_does_not_wait_for_itself(
    store: Store, dispatcher: DbosDispatcher, tmp_path: Path
) -> None:
    turns = Turns(store, dispatcher, 1, tmp_path / "turns.lock")
    job_id = submit(store, dispatcher, "a")
    assert begin(turns, store, dispatcher, job_id)
    assert begin(turns, store, dispatcher, job_id)

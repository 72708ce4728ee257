from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from punchin.dispatch import Standing
from punchin.filestore import FileStore
from punchin.job import FailureCode, JobResult, Output, State
from punchin.store import WorkerState
from punchin.supervisor import putting_right
from punchin.supervisor.putting_right import Order
from punchin.supervisor.silence import Silence
from punchin.worker.turns import Turns
from support.ledgers import accept
from support.services import tone_job

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from punchin.store import JobRecord, Store
    from support.ledger import Clock


@dataclass
class FakeDispatcher:
    standing: dict[str, Standing] = field(default_factory=dict)
    again: list[str] = field(default_factory=list)
    reaped: list[str] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)

    def standings(self, job_ids: Iterable[str]) -> dict[str, Standing]:
        self.asked.append(list(job_ids))
        return {job_id: self.standing.get(job_id, Standing.LIVE) for job_id in self.asked[-1]}

    def enqueue_again(self, job: JobRecord) -> None:
        self.again.append(job.id)

    def reap(self, dead: Sequence[str]) -> None:
        self.reaped += dead

    def forget(self, before: datetime) -> None:
        pass


@pytest.fixture
def dispatcher() -> FakeDispatcher:
    return FakeDispatcher()


@pytest.fixture
def order(tmp_path: Path, store: Store, dispatcher: Any, clock: Clock) -> Order:
    return Order(
        store=store,
        dispatcher=dispatcher,
        files=FileStore.open(tmp_path / "files"),
        turns=Turns(store, dispatcher, 1, tmp_path / "turns.lock"),
        dead_after=timedelta(seconds=30),
        keep=timedelta(days=7),
        silence=Silence(clock.monotonic_s),
    )


def test_a_job_that_fell_out_of_line_comes_in_again_unless_its_key_has_no_room(
    order: Order, store: Store, dispatcher: FakeDispatcher, clock: Clock
) -> None:
    lost, fine, running, crowded = (
        accept(store, tone_job("upload:x"), key).id for key in ("a", "b", "c", "c")
    )
    store.begin(running, "1")
    dispatcher.standing = {lost: Standing.GONE, crowded: Standing.GONE, fine: Standing.LIVE}
    order.jobs()
    assert dispatcher.again == [], "it may be between two tables for a moment"
    clock.pass_(seconds=6)
    order.jobs()
    assert dispatcher.again == [lost]


def test_a_job_at_work_whose_entry_is_gone_is_handed_out_again(
    order: Order, store: Store, dispatcher: FakeDispatcher, clock: Clock
) -> None:
    job = accept(store, tone_job("upload:x"))
    store.begin(job.id, "1")
    dispatcher.standing = {job.id: Standing.GONE}
    clock.pass_(seconds=6)
    order.jobs()
    assert dispatcher.again == [job.id]


def test_a_look_along_a_long_line_is_bounded_and_the_next_goes_on_from_there(
    order: Order, store: Store, dispatcher: FakeDispatcher, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_right, "AT_ONCE", 3)
    ids = [accept(store, tone_job("upload:x"), f"key {n}").id for n in range(7)]
    running = accept(store, tone_job("upload:x"), "at work").id
    store.begin(running, "1")
    clock.pass_(seconds=6)
    looks = []
    for _ in range(4):
        order.jobs()
        looks.append(dispatcher.asked.pop())
    assert looks == [[running, *ids[:3]], [running, *ids[3:6]], [running, *ids[6:]], [running, *ids[:3]]]


def test_what_the_dispatcher_gave_up_is_failed(
    order: Order, store: Store, dispatcher: FakeDispatcher, clock: Clock
) -> None:
    job = accept(store, tone_job("upload:x"))
    dispatcher.standing = {job.id: Standing.GIVEN_UP}
    clock.pass_(seconds=6)
    order.jobs()
    failed = store.job(job.id)
    assert failed.failure is not None
    assert failed.failure.code == FailureCode.INTERNAL


def test_a_cancelled_job_whose_worker_died_ends(order: Order, store: Store, clock: Clock) -> None:
    job = accept(store, tone_job("upload:x"))
    store.begin(job.id, "1")
    store.cancel(job.id)
    clock.pass_(seconds=20)
    order.jobs()
    assert store.job(job.id).state is State.PROCESSING, "its worker may still say so itself"
    clock.pass_(seconds=11)
    order.jobs()
    assert store.job(job.id).state is State.CANCELLED


def test_dead_workers_are_reaped_once_but_not_ours_and_not_the_living(
    order: Order, store: Store, dispatcher: FakeDispatcher, clock: Clock
) -> None:
    for worker in ("here-0", "there-0"):
        store.heartbeat(worker, WorkerState.BUSY)
    order.workers({"here-0"})
    clock.pass_(seconds=31)
    store.heartbeat("there-1", WorkerState.READY)
    order.workers({"here-0"})
    order.workers({"here-0"})
    assert dispatcher.reaped == ["there-0"]
    assert [worker.id for worker in store.workers()] == ["here-0", "there-1"]


def test_files_past_their_keeping_go_and_so_do_outputs_nobody_published(
    order: Order, store: Store, clock: Clock
) -> None:
    clock.time = datetime.now(UTC)  # files bear the machine's own time

    def finished() -> str:
        job = accept(store, tone_job("upload:x"))
        store.begin(job.id, "dead")
        store.begin(job.id, "winner")
        for attempt in ("dead", "winner"):
            order.files.put(f"out/{job.id}/{attempt}/a.wav", b"sound")
        output = Output(f"out/{job.id}/winner/a.wav", "a.wav", 5, "audio/wav")
        store.finish(job.id, "winner", JobResult((output,), (False,), 1.0, 1, {}))
        return job.id

    job_id = finished()
    at_work = accept(store, tone_job("upload:x"))
    store.begin(at_work.id, "1")
    order.files.put(f"out/{at_work.id}/1/a.wav", b"sound")
    order.files.put(f"out/{'0' * 32}/1/a.wav", b"sound of a job that is forgotten")

    order.kept()
    assert order.files.exists(f"out/{job_id}/dead/a.wav"), "so young, it may be in the making"
    clock.pass_(seconds=2 * 3600)
    order.kept()
    assert not order.files.exists(f"out/{job_id}/dead/a.wav")
    assert not order.files.exists(f"out/{'0' * 32}/1/a.wav")
    assert order.files.exists(f"out/{job_id}/winner/a.wav")
    assert order.files.exists(f"out/{at_work.id}/1/a.wav")

    clock.pass_(seconds=8 * 86_400)
    order.kept()
    assert not order.files.exists(f"out/{job_id}/winner/a.wav")
    assert [job.id for job in store.history(None).items] == [at_work.id]

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from punchin.errors import StoreError
from punchin.job import FailureCode, State
from punchin.store import WorkerState
from punchin.supervisor.overdue import Overdue
from punchin.supervisor.silence import Silence
from punchin.supervisor.supervising import Supervisor
from support.ledgers import accept
from support.services import tone_job

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.store import Store
    from support.ledger import Clock


class FakeChild:
    def __init__(self) -> None:
        self.name, self.pid, self.age_s, self.killed, self.stopped = "worker 0", 7, 100.0, 0, 0

    def kill(self) -> None:
        self.killed += 1

    def stop(self) -> None:
        self.stopped += 1

    def wait(self, timeout_s: float) -> None:
        pass


@pytest.fixture
def child() -> FakeChild:
    return FakeChild()


@pytest.fixture
def supervisor(store: Store, child: FakeChild, clock: Clock, tmp_path: Path) -> Supervisor:
    workers: dict[str, Any] = {"here-0": child}
    rest: dict[str, Any] = {"order": None, "courier": None, "silence": Silence(clock.monotonic_s)}
    rest["overdue"] = Overdue(store, 60, clock.monotonic_s)
    return Supervisor(
        store=store, others=[], workers=workers, lock=tmp_path / "lock", dead_after_s=30, grace_s=1, **rest
    )


@pytest.mark.parametrize(("silent_s", "killed"), [(0, 0), (29, 0), (31, 1)])
def test_a_silent_worker_is_killed(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock, silent_s: float, killed: int
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=7)
    supervisor.look_after_workers()
    clock.pass_(seconds=silent_s)
    supervisor.look_after_workers()
    assert child.killed == killed


@pytest.mark.parametrize(("age_s", "killed"), [(60, 0), (301, 1)])
def test_one_that_has_not_said_anything_yet_has_time_to_start(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock, age_s: float, killed: int
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=6)  # the one before it
    clock.jump(hours=1)
    child.age_s = age_s
    supervisor.look_after_workers()
    assert child.killed == killed


def test_a_clock_that_jumps_kills_nobody(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=7)
    supervisor.look_after_workers()
    clock.jump(hours=1)
    supervisor.look_after_workers()
    assert child.killed == 0
    clock.jump(hours=-2)
    supervisor.look_after_workers()
    assert child.killed == 0


def test_without_the_ledger_silence_means_nothing(
    supervisor: Supervisor, store: Store, child: FakeChild, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise StoreError("away")

    monkeypatch.setattr(store, "workers", away)
    supervisor.look_after_workers()
    assert child.killed == 0


def at_work(store: Store) -> str:
    job = accept(store, tone_job("upload:x"))
    store.begin(job.id, "1")
    return job.id


def stay_alive(supervisor: Supervisor, store: Store, clock: Clock, job_id: str | None, seconds: int) -> None:
    """The worker gives signs of life all the time, whatever its engine does."""
    for _ in range(seconds):
        store.heartbeat("here-0", WorkerState.BUSY, job_id, pid=7)
        supervisor.look_after_workers()
        clock.pass_(seconds=1)


def test_a_worker_that_lives_while_its_engine_hangs_is_killed_at_the_jobs_limit(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock
) -> None:
    job_id = at_work(store)
    stay_alive(supervisor, store, clock, job_id, 60)
    assert child.killed == 0
    assert store.job(job_id).state is State.PROCESSING
    clock.jump(hours=5)
    stay_alive(supervisor, store, clock, job_id, 3)
    assert child.killed == 0, "an engine that reports again ends by itself; a clock that jumps ends nothing"
    stay_alive(supervisor, store, clock, job_id, 2)
    assert child.killed == 1
    failure = store.job(job_id).failure
    assert failure is not None
    assert failure.code == FailureCode.TOO_SLOW
    assert "60 s" in failure.message


def test_each_attempt_has_the_whole_limit(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock
) -> None:
    """One job after the other, the same one again after its first worker died, and pauses between them."""
    job_id = at_work(store)
    stay_alive(supervisor, store, clock, job_id, 50)
    store.begin(job_id, "2")
    stay_alive(supervisor, store, clock, job_id, 50)
    stay_alive(supervisor, store, clock, at_work(store), 50)
    stay_alive(supervisor, store, clock, None, 100)
    assert child.killed == 0


def test_a_job_that_its_owner_deleted_cannot_hold_a_worker_for_ever(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock
) -> None:
    job_id = at_work(store)
    store.delete("key", [job_id])
    stay_alive(supervisor, store, clock, job_id, 65)
    assert child.killed == 1


@pytest.mark.parametrize(
    ("state", "pid", "killed"),
    [
        (WorkerState.STARTING, 7, 1),
        (WorkerState.READY, 6, 1),  # what the one before it said
        (WorkerState.READY, 7, 0),
        (WorkerState.BUSY, 7, 0),
    ],
)
def test_at_the_end_nobody_waits_for_a_worker_that_has_not_begun(
    supervisor: Supervisor, store: Store, child: FakeChild, state: WorkerState, pid: int, killed: int
) -> None:
    """An engine may take longer to load than a job may take to end."""
    store.heartbeat("here-0", state, pid=pid)
    supervisor.end()
    assert (child.stopped, child.killed) == (1, killed)

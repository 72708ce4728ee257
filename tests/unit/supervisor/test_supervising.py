from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from punchin.errors import StoreError
from punchin.store import WorkerState
from punchin.supervisor.silence import Silence
from punchin.supervisor.supervising import Supervisor
from support.ledgers import ledger_in

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punchin.store import Store


class Clock:
    now = datetime(2026, 11, 24, tzinfo=UTC)

    monotonic_s = 5.0

    def __call__(self) -> datetime:
        return self.now


class FakeChild:
    def __init__(self) -> None:
        self.name, self.pid, self.age_s, self.killed = "worker 0", 7, 100.0, 0

    def kill(self) -> None:
        self.killed += 1


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Generator[Store]:
    store = ledger_in(tmp_path, clock=clock)
    yield store
    store.close()


@pytest.fixture
def child() -> FakeChild:
    return FakeChild()


@pytest.fixture
def supervisor(store: Store, child: FakeChild, clock: Clock, tmp_path: Path) -> Supervisor:
    workers: dict[str, Any] = {"here-0": child}
    rest: dict[str, Any] = {"order": None, "courier": None, "silence": Silence(lambda: clock.monotonic_s)}
    return Supervisor(
        store=store, others=[], workers=workers, lock=tmp_path / "lock", dead_after_s=30, grace_s=1, **rest
    )


@pytest.mark.parametrize(("silent_s", "killed"), [(0, 0), (29, 0), (31, 1)])
def test_a_silent_worker_is_killed(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock, silent_s: float, killed: int
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=7)
    supervisor.look_after_workers()
    clock.monotonic_s += silent_s
    supervisor.look_after_workers()
    assert child.killed == killed


@pytest.mark.parametrize(("age_s", "killed"), [(60, 0), (301, 1)])
def test_one_that_has_not_said_anything_yet_has_time_to_start(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock, age_s: float, killed: int
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=6)  # the one before it
    clock.now += timedelta(hours=1)
    child.age_s = age_s
    supervisor.look_after_workers()
    assert child.killed == killed


def test_a_clock_that_jumps_kills_nobody(
    supervisor: Supervisor, store: Store, child: FakeChild, clock: Clock
) -> None:
    store.heartbeat("here-0", WorkerState.BUSY, pid=7)
    supervisor.look_after_workers()
    clock.now += timedelta(hours=1)
    supervisor.look_after_workers()
    assert child.killed == 0
    clock.now -= timedelta(hours=2)
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

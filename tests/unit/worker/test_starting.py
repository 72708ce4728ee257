"""A worker says that it is ready when its first job need not wait for anything."""

from __future__ import annotations

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from punchin.store import Store, WorkerState
from punchin.worker import working
from punchin.worker.apart import Apart, Bounds
from punchin.worker.working import Worker
from support.ledgers import ledger_in

if TYPE_CHECKING:
    from collections.abc import Generator

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture
def go(tmp_path: Path) -> Path:
    """The file without which nothing reads songs; see `support.late_reader`."""
    return tmp_path / "go"


@pytest.fixture
def late(go: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Apart]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    monkeypatch.setenv("PUNCHIN_TEST_GO", str(go))
    monkeypatch.setattr(working, "UP_S", 0.1)
    apart = Apart(Bounds(), "support.late_reader")
    yield apart
    go.touch()
    apart.close()


@pytest.fixture
def store(tmp_path: Path) -> Generator[Store]:
    store = ledger_in(tmp_path)
    yield store
    store.close()


def worker_with(apart: Apart, store: Store, home: Path, seen: list[WorkerState]) -> Worker:
    """A worker whose dispatcher has no job, and notes what the ledger says when it is asked for one."""

    def run_worker(name: str, run: Any, ending: Any, grace_s: float, ready: Any, *more: Any) -> None:
        seen.append(store.workers()[0].state)
        ready()
        seen.append(store.workers()[0].state)

    engine: Any = SimpleNamespace(spec=SimpleNamespace(name="tone", version="1"))
    parts: dict[str, Any] = {
        "dispatcher": SimpleNamespace(run_worker=run_worker),
        "performer": SimpleNamespace(work=home / "work"),
        "engines": SimpleNamespace(load=lambda: engine, known=list, at_once=1),
        "turns": SimpleNamespace(let_in=lambda: None),
    }
    return Worker(name="w-0", store=store, locks=home, grace_s=1.0, apart=apart, **parts)


def test_a_worker_is_starting_until_songs_can_be_read(
    late: Apart, go: Path, store: Store, tmp_path: Path
) -> None:
    seen: list[WorkerState] = []
    worker = worker_with(late, store, tmp_path, seen)
    late.start()
    assert not late.up(0.3)
    at_work = threading.Thread(target=worker.work, args=[threading.Event()])
    at_work.start()
    at_work.join(1)
    assert at_work.is_alive()
    assert seen == []
    assert store.workers()[0].state is WorkerState.STARTING
    go.touch()
    at_work.join(60)
    assert seen == [WorkerState.STARTING, WorkerState.READY]
    assert late.up(30)


def test_a_worker_that_is_told_to_stop_does_not_wait_for_that(
    late: Apart, store: Store, tmp_path: Path
) -> None:
    seen: list[WorkerState] = []
    stop = threading.Event()
    stopping = threading.Timer(0.3, stop.set)
    stopping.start()
    worker_with(late, store, tmp_path, seen).work(stop)
    assert seen == []
    assert store.workers()[0].state is WorkerState.STOPPED

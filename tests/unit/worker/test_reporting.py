from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from punchin.errors import Cancelled, StoreError
from punchin.worker.failures import TookTooLong
from punchin.worker.reporting import Reporter

if TYPE_CHECKING:
    from punchin.store import Store


class FakeStore:
    def __init__(self) -> None:
        self.heard: list[tuple[str, float, float | None]] = []
        self.error: Exception | None = None

    def progress(self, job_id: str, attempt: str, stage: str, fraction: float, eta_s: float | None) -> None:
        if self.error:
            raise self.error
        self.heard.append((stage, fraction, eta_s))


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def report(store: Any, clock: Clock) -> Reporter:
    ledger: Store = store
    return Reporter(ledger, "job", "attempt", 60, clock)


def test_a_flood_of_reports_is_a_trickle_of_writes_but_each_stage_is_told(
    report: Reporter, store: FakeStore, clock: Clock
) -> None:
    for step in range(1000):
        clock.now_s += 0.001
        report("fill", step / 1000)
    assert 9 <= len(store.heard) <= 11
    report("join", 1.0)
    assert store.heard[-1][0] == "join"


def test_cancel_is_heard_within_a_tenth_of_a_second_of_reports(
    report: Reporter, store: FakeStore, clock: Clock
) -> None:
    report("fill", 0.1)
    store.error = Cancelled()
    for _ in range(9):
        clock.now_s += 0.01
        report("fill", 0.2)
    clock.now_s += 0.011
    with pytest.raises(Cancelled):
        report("fill", 0.2)


def test_the_limit_of_time_is_kept_even_between_writes(
    report: Reporter, store: FakeStore, clock: Clock
) -> None:
    clock.now_s += 59.99
    report("fill", 0.5)
    clock.now_s += 0.02
    with pytest.raises(TookTooLong, match="60 s"):
        report("fill", 0.5)


def test_the_time_left_is_told_from_the_time_gone(report: Reporter, store: FakeStore, clock: Clock) -> None:
    clock.now_s += 10
    report("fill", 0.25)
    assert store.heard == [("fill", 0.25, 30.0)]
    report("begin", 0.01)
    assert store.heard[-1] == ("begin", 0.01, None)


def test_a_ledger_that_is_away_for_a_moment_drops_no_work(
    report: Reporter, store: FakeStore, clock: Clock
) -> None:
    store.error = StoreError()
    report("fill", 0.1)
    store.error = None
    clock.now_s += 1
    report("fill", 0.2)
    assert len(store.heard) == 1

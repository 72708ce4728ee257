"""Who may be at work beside whom."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from punchin.errors import JobNotFound, StoreError
from punchin.worker.batch_places import Places

LIMIT_S = 60


@dataclass
class Known:
    attempts: int


class Ledger:
    """Of some jobs a worker has died already."""

    def job(self, job_id: str) -> Known:
        if job_id == "deleted":
            raise JobNotFound
        if job_id == "away":
            raise StoreError
        return Known(1 if job_id.startswith("again") else 0)


class Room:
    def __init__(self) -> None:
        ledger: Any = Ledger()
        self.ends = threading.Event()
        self.places = Places(ledger, self.ends.is_set)
        self.inside: set[str] = set()
        self.entered: list[tuple[str, frozenset[str]]] = []
        self.doors = {name: threading.Event() for name in ("a", "b", "c", "again 1", "again 2")}
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(8)

    def begin(self, job_id: str) -> Any:
        def work() -> bool:
            with self.places.place_of(job_id) as may_begin:
                if may_begin:
                    with self._changed:
                        self.entered.append((job_id, frozenset(self.inside)))
                        self.inside.add(job_id)
                        self._changed.notify_all()
                    assert self.doors[job_id].wait(LIMIT_S)
                    with self._changed:
                        self.inside.discard(job_id)
                return may_begin

        return self._pool.submit(work)

    def wait_for(self, *jobs: str) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.inside == set(jobs), LIMIT_S)


def test_first_attempts_are_beside_each_other_and_later_ones_alone() -> None:
    room = Room()
    first = [room.begin("a"), room.begin("b")]
    room.wait_for("a", "b")
    again = [room.begin("again 1"), room.begin("again 2")]
    while room.places._alone < 2:
        threading.Event().wait(0.001)
    first.append(room.begin("c"))
    for door in room.doors.values():
        door.set()
    assert all(job.result(LIMIT_S) for job in first + again)
    beside = dict(room.entered)
    assert beside["again 1"] == beside["again 2"] == frozenset()
    assert [name for name, _ in room.entered[2:4]] in (["again 1", "again 2"], ["again 2", "again 1"])
    assert room.entered[4][0] == "c", "whoever comes later waits: else those that must be alone never begin"


def test_whoever_still_waits_when_the_worker_ends_does_not_begin() -> None:
    room = Room()
    working = room.begin("a")
    room.wait_for("a")
    waiting = [room.begin("again 1"), room.begin("b")]
    room.ends.set()
    assert waiting[0].result(LIMIT_S) is False
    room.doors["a"].set()
    room.doors["b"].set()
    assert working.result(LIMIT_S) is True
    waiting[1].result(LIMIT_S)


@pytest.mark.parametrize("job_id", ["deleted", "away"])
def test_what_cannot_be_known_is_seen_when_the_job_begins(job_id: str) -> None:
    with Room().places.place_of(job_id) as may_begin:
        assert may_begin

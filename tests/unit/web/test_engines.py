from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from punchin.store import WorkerRecord, WorkerState
from punchin.web.engines import Installed

NOW = datetime(2026, 3, 1, tzinfo=UTC)
CAN = {"name": "tone", "available": True, "auto": True, "version": "1"}
CANNOT = {"name": "tone", "available": False, "why": "elsewhere"}


def worker(name: str, engine: dict[str, Any], ago_s: float) -> WorkerRecord:
    seen = NOW - timedelta(seconds=ago_s)
    return WorkerRecord(name, name, 1, WorkerState.READY, None, "", (engine,), NOW, seen)


def test_what_any_worker_can_run_is_there_whoever_was_heard_last() -> None:
    for can_s, cannot_s in ((1, 2), (2, 1)):
        found = Installed.of([worker("a", CAN, can_s), worker("b", CANNOT, cannot_s)])
        assert (found.names, found.serving) == (["tone"], "tone")


def test_of_those_that_can_the_last_one_tells() -> None:
    newer = CAN | {"version": "2"}
    assert Installed.of([worker("a", newer, 1), worker("b", CAN, 2)]).told[0]["version"] == "2"
    assert Installed.of([worker("b", CANNOT, 2)]).told == (CANNOT,)

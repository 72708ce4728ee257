"""What a worker takes next; the looks along the lines over every database."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace
from sqlalchemy import event

from punchin.dispatch.claiming import LIFT_EVERY, ON_ITS_WAY_S, Claims, Heads
from punchin.dispatch.durable import VERSION, line_of, lines_of
from support.services import tone_job

if TYPE_CHECKING:
    from punchin.dispatch import DbosDispatcher
    from punchin.store import JobRecord, Store


@dataclass
class Queue:
    name: str = "given"
    _worker_concurrency: int = 1


@dataclass
class Line:
    """Lines in memory; claims from them as DBOS does, and what of it runs."""

    waiting: dict[str, list[int]]
    running: list[str] = field(default_factory=list)
    passed_s: float = 0.0

    def claims(self, at_once: int = 1) -> Claims:
        return Claims(self.claim, self.heads, lambda: self.running, at_once, lambda: self.passed_s)

    def heads(self) -> list[str]:
        return sorted((line for line in self.waiting if self.waiting[line]), key=lambda n: self.waiting[n][0])

    def claim(
        self, queue: Any, executor: str, version: str, partition: None, running: int, **how: Any
    ) -> Any:
        room = queue._worker_concurrency - running
        taken, self.waiting[queue.name] = self.waiting[queue.name][:room], self.waiting[queue.name][room:]
        return [f"{queue.name}{turn}" for turn in taken], None

    def take(self, claims: Claims) -> list[str]:
        return claims(Queue(), "host-0", VERSION, None, 99, owner_xid="x")[0]

    def take_and_do(self, claims: Claims) -> list[str]:
        taken = self.take(claims)
        for entry in taken:
            claims.begun(entry)
        return taken


def test_the_smallest_turn_comes_first_whatever_its_line() -> None:
    line = Line({"a": [1, 4], "b": [2, 3]})
    claims = line.claims()
    assert [line.take_and_do(claims)[0] for _ in range(3)] == ["a1", "b2", "b3"]


def test_no_line_waits_for_ever_for_another() -> None:
    line = Line({"a": list(range(1, 99)), "b": [1000, 1001]})
    claims = line.claims()
    taken = [line.take_and_do(claims)[0] for _ in range(2 * LIFT_EVERY)]
    assert [place for place, entry in enumerate(taken, 1) if entry[0] == "b"] == [LIFT_EVERY, 2 * LIFT_EVERY]


def test_a_worker_has_one_job_however_many_lines() -> None:
    line = Line({"a": [1, 2], "b": [1]})
    claims = line.claims()
    assert line.take(claims) == ["a1"]
    assert line.take(claims) == [], "it is on its way to its thread"
    claims.begun("a1")
    line.running = ["a1"]
    assert line.take(claims) == []
    line.running = []
    assert line.take(claims) == ["b1"]


def test_a_claimed_job_that_never_begins_holds_no_place_for_ever() -> None:
    line = Line({"a": [1, 2]})
    claims = line.claims()
    assert line.take(claims) == ["a1"]
    line.passed_s = ON_ITS_WAY_S + 1
    assert line.take(claims) == ["a2"]


def test_a_worker_that_batches_fills_its_places() -> None:
    line = Line({"a": [1, 2], "b": [3, 4]})
    claims = line.claims(at_once=3)
    assert line.take_and_do(claims) == ["a1", "a2"]
    line.running = ["a1", "a2"]
    assert line.take_and_do(claims) == ["b3"]


def test_when_another_worker_was_faster_the_next_line_is_looked_at() -> None:
    line = Line({"a": [1], "b": [2]})
    claims = Claims(line.claim, lambda: ["gone", "b"], list)
    line.waiting["gone"] = []
    assert line.take(claims) == ["b2"]
    assert Claims(line.claim, list, list)(Queue(), "h", VERSION, None) == ([], None)


def test_the_names_of_lines() -> None:
    assert line_of("auto") == "punchin-jobs"
    assert line_of("tone") == "punchin-jobs.tone"
    assert line_of("tone", "2") == "punchin-jobs.tone@2"
    assert lines_of(["auto", "tone", "auto"], "2") == [
        "punchin-jobs", "punchin-jobs@2", "punchin-jobs.tone", "punchin-jobs.tone@2",
    ]  # fmt: skip


def submit(store: Store, dispatcher: DbosDispatcher, engine: str, key_id: str) -> JobRecord:
    spec = replace(tone_job("upload:x"), engine=engine)
    return store.submit(key_id, spec, idempotency_key=None, enqueue=dispatcher.enqueue)[0]


def test_heads_are_of_the_lines_asked_for_in_the_order_of_their_turns(
    store: Store, dispatcher: DbosDispatcher
) -> None:
    heads = Heads(store.engine, lines_of(["auto", "tone"]), VERSION)
    assert heads.look() == []
    submit(store, dispatcher, "other", "a")
    assert heads.look() == []
    tone = [submit(store, dispatcher, "tone", "a").id for _ in range(3)]
    auto = [submit(store, dispatcher, "auto", "b").id for _ in range(2)]
    dispatcher.cancel(tone[0])
    assert heads.look() == [line_of("auto"), line_of("tone")]
    dispatcher.cancel(auto[0])
    dispatcher.cancel(auto[1])
    assert heads.look() == [line_of("tone")]
    assert Heads(store.engine, lines_of(["tone"]), "0").look() == []


def test_a_look_uses_the_index_of_open_entries(store: Store, dispatcher: DbosDispatcher) -> None:
    """A line of 100,000 must not be read to find its head."""
    if store.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL reads an empty table whole, whatever indexes it has")
    said: list[tuple[str, tuple[Any, ...]]] = []
    event.listen(store.engine, "before_cursor_execute", lambda *given: said.append(given[2:4]))
    Heads(store.engine, lines_of(["auto", "tone"]), VERSION).look()
    statement, values = said[-1]
    with store.engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
    used = [row[-1] for row in plan if "workflow_status" in row[-1]]
    assert len(used) == 2
    assert all("in_flight" in row for row in used), used
    assert not any("TEMP B-TREE" in row[-1] for row in plan), plan

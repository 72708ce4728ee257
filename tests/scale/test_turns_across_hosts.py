"""A key's limit of jobs at work holds between machines, whose locks of files are not shared."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from punchin.dispatch import DbosDispatcher
from punchin.store import Limits, Store
from punchin.worker.turns import Turns
from support import postgres
from support.services import tone_job

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

WAIT_S = 60


@pytest.fixture
def store() -> Generator[Store]:
    if why := postgres.missing():
        pytest.skip(why)
    with postgres.database(postgres.prepared()) as address:
        opened = Store.open(address)
        yield opened
        opened.close()


def test_two_machines_do_not_begin_two_jobs_of_a_key_that_may_have_one(store: Store, tmp_path: Path) -> None:
    dispatcher = DbosDispatcher(store.engine)
    key, _ = store.create_key("limited", limits=Limits(max_running=1))
    ids = [
        store.submit(key.id, tone_job("upload:x"), idempotency_key=None, enqueue=dispatcher.enqueue)[0].id
        for _ in range(2)
    ]
    here, there = (Turns(store, dispatcher, 0, tmp_path / name / "turns.lock") for name in ("here", "there"))
    asking, told = threading.Event(), threading.Event()
    answers: list[bool] = []

    def ask() -> None:
        asking.set()
        with there.turn_of(ids[1]) as may_begin:
            answers.append(may_begin)
        told.set()

    thread = threading.Thread(target=ask)
    with here.turn_of(ids[0]) as may_begin:
        assert may_begin
        thread.start()
        assert asking.wait(WAIT_S)
        assert not told.wait(0.5), "it is not told before the first one has begun, or has not"
        store.begin(ids[0], "a")
    assert told.wait(WAIT_S)
    thread.join()
    dispatcher.close()
    assert answers == [False]

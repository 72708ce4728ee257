from datetime import timedelta

import pytest

from punchin.errors import WorkerNotFound
from punchin.store import WorkerState


def test_a_worker_is_known_by_what_it_last_said(store, clock):
    store.heartbeat("w0", WorkerState.STARTING, host="here", pid=7)
    started = clock.time
    clock.pass_(seconds=5)
    tone = {"name": "tone", "honours": ["seed"]}
    store.heartbeat("w0", WorkerState.BUSY, "j", "tone", [tone], host="here", pid=7)
    (worker,) = store.workers()
    assert (worker.state, worker.job_id, worker.engine) == (WorkerState.BUSY, "j", "tone")
    assert worker.engines == (tone,)
    assert (worker.started_at, worker.seen_at) == (started, clock.time)


def test_another_process_in_the_same_place_has_started_anew(store, clock):
    store.heartbeat("w0", WorkerState.READY, host="here", pid=7)
    clock.pass_(seconds=5)
    store.heartbeat("w0", WorkerState.STARTING, host="here", pid=8)
    assert store.workers()[0].started_at == clock.time


def test_the_dead_are_told_from_the_living(store, clock):
    store.heartbeat("dead", WorkerState.BUSY)
    clock.pass_(seconds=60)
    store.heartbeat("alive", WorkerState.READY)
    seen = store.workers(seen_since=clock.time - timedelta(seconds=30))
    assert [worker.id for worker in seen] == ["alive"]
    store.forget_worker("dead")
    assert [worker.id for worker in store.workers()] == ["alive"]


def test_a_worker_hears_that_it_shall_drain_and_so_does_who_comes_after_it(store):
    assert store.heartbeat("w0", WorkerState.READY, host="here", pid=7) is False
    assert store.drain("w0").drain_asked
    assert store.heartbeat("w0", WorkerState.READY, host="here", pid=7) is True
    assert store.heartbeat("w0", WorkerState.STARTING, host="here", pid=8) is True
    assert not store.drain("w0", asked=False).drain_asked
    assert store.heartbeat("w0", WorkerState.STARTING, host="here", pid=8) is False
    with pytest.raises(WorkerNotFound, match="w9"):
        store.drain("w9")


def test_what_a_worker_computes_on_and_understands_is_known(store):
    tone = [{"name": "tone", "available": True}, {"name": "ace-step", "available": False}]
    store.heartbeat("w0", WorkerState.READY, None, "tone", tone, device="cuda:0", protocol="7")
    [worker] = store.workers()
    assert (worker.device, worker.protocol) == ("cuda:0", "7")
    assert [worker.can_run(name) for name in ("tone", "ace-step", "none")] == [True, False, False]

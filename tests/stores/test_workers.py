from datetime import timedelta

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

"""`punchin workers`, `queue` and `migrate` on a ledger of their own."""

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner

from punchin.cli.migrate import migrate
from punchin.cli.queue import queue
from punchin.cli.workers import workers
from punchin.dispatch import DbosDispatcher, Standing
from punchin.errors import EngineUnavailable, JobFinished, StaleAttempt, WorkerNotFound
from punchin.job import State
from punchin.store import Store, WorkerState
from support.ledger import Clock, begun, completed, spec
from support.ledgers import ledger_in

TONE = (
    {"name": "tone", "available": True, "auto": True},
    {"name": "ace-step", "available": False},
)


@pytest.fixture
def store(tmp_path, monkeypatch):
    """The ledger that the commands open; theirs has the true time, as this one."""
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    monkeypatch.delenv("PUNCHIN_DB", raising=False)
    opened = ledger_in(tmp_path)
    yield opened
    opened.close()


def run(command, *words):
    done = CliRunner().invoke(command, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def beat(store, worker="gpu-7-0", state=WorkerState.READY, job=None, engines=TONE):
    return store.heartbeat(worker, state, job, "tone", engines, host="gpu-7", pid=1, device="cuda:0")


def long_ago(store, worker):
    """The same worker, last seen when tests are played."""
    old = Store(store.engine, Clock())
    beat(old, worker)


def test_a_busy_worker_is_listed_with_its_job_and_since_when(store):
    job = begun(store)
    beat(store, state=WorkerState.BUSY, job=job.id)
    (row,) = json.loads(run(workers, "--json"))
    assert (row["state"], row["job"], row["engines"], row["device"]) == ("busy", job.id, ["tone"], "cuda:0")
    assert row["job_since"] == store.job(job.id).started_at.isoformat()
    says = run(workers)
    assert f"job {job.id} since " in says
    assert "tone on cuda:0" in says


def test_a_silent_worker_is_lost_and_one_that_stopped_is_hidden(store):
    long_ago(store, "gone-0")
    beat(store, "ended-0", WorkerState.STOPPED)
    (row,) = json.loads(run(workers, "list", "--json"))
    assert (row["id"], row["lost"]) == ("gone-0", True)
    assert "silent for" in run(workers)
    assert {row["id"] for row in json.loads(run(workers, "--all", "--json"))} == {"gone-0", "ended-0"}


def test_without_workers_it_is_said_how_to_get_one(store):
    assert "punchin worker" in run(workers)


def test_a_drained_worker_hears_of_it_with_its_next_beat_until_it_may_go_on(store):
    job = begun(store)
    beat(store, state=WorkerState.BUSY, job=job.id)
    assert f"ends job {job.id}" in run(workers, "drain", "gpu-7-0")
    assert beat(store) is True
    assert "asked to drain" in run(workers)
    assert json.loads(run(workers, "drain", "gpu-7-0", "--undo", "--json"))["drain_asked"] is False
    assert beat(store) is False
    with pytest.raises(WorkerNotFound):
        run(workers, "drain", "gpu-8-0")


def test_the_line_is_added_up_by_engine_and_who_can_run_it_counted(store):
    dispatcher = DbosDispatcher(store.engine)
    for engine in ("tone", "tone", "ace-step", "auto"):
        store.submit("k", spec(engine=engine), idempotency_key=None, enqueue=dispatcher.enqueue)
    dispatcher.close()
    begun(store, engine="tone")
    beat(store)
    long_ago(store, "gone-0")
    rows = {row["engine"]: row for row in json.loads(run(queue, "--json"))}
    assert {name: (row["waiting"], row["running"], row["workers"]) for name, row in rows.items()} == {
        "tone": (2, 1, 1),
        "ace-step": (1, 0, 0),
        "auto": (1, 0, 1),
    }
    assert rows["tone"]["queue_s"] > 0
    done = CliRunner().invoke(queue, [])
    assert "nobody runs ace-step" in done.stderr
    assert "tone" in done.stdout
    beat(store, state=WorkerState.DRAINING)
    assert all(row["workers"] == 0 for row in json.loads(run(queue, "--json")))


def test_an_empty_line_says_so(store):
    assert "No job waits" in run(queue)


def test_a_requeued_job_is_in_line_again_and_its_attempt_is_refused(store):
    dispatcher = DbosDispatcher(store.engine)
    job, _ = store.submit("k", spec(), idempotency_key=None, enqueue=dispatcher.enqueue)
    store.begin(job.id, "lost")
    dispatcher.cancel(job.id)  # as a worker that has taken it: its entry is not in line any more
    assert dispatcher.standings([job.id])[job.id] is Standing.GONE
    answer = json.loads(run(queue, "requeue", job.id, "--json"))
    assert answer["id"] == job.id
    assert dispatcher.standings([job.id])[job.id] is Standing.LIVE
    dispatcher.close()
    with pytest.raises(StaleAttempt):
        store.progress(job.id, "lost", "fill", 0.5)
    store.begin(job.id, "next")
    assert store.job(job.id).attempts == 1
    assert "in line again" in run(queue, "requeue", job.id)
    with pytest.raises(JobFinished):
        run(queue, "requeue", completed(store).id)


def test_a_job_is_cancelled_here_as_under_jobs(store):
    job = begun(store)
    assert "asked to stop" in run(queue, "cancel", job.id)
    assert store.job(job.id).cancel_asked
    assert json.loads(run(queue, "cancel", completed(store).id, "--json"))["state"] == State.COMPLETED


@pytest.mark.parametrize("command", [migrate, queue, workers])
def test_help_has_examples(command):
    assert "Examples:" in run(command, "--help")


def test_help_does_not_load_the_database():
    modules = ", ".join(f"punchin.cli.{name}" for name in ("migrate", "queue", "workers"))
    code = f"import sys, {modules}; print('sqlalchemy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_tables_are_made_by_a_command_and_those_of_the_dispatcher_too(tmp_path, monkeypatch):
    monkeypatch.setenv("PUNCHIN_HOME", str(tmp_path))
    monkeypatch.delenv("PUNCHIN_DB", raising=False)
    assert "up to date (sqlite)" in run(migrate)
    assert json.loads(run(migrate, "--json")) == {"database": "sqlite"}
    made = Store.open(f"sqlite:///{tmp_path / 'punchin.db'}")
    dispatcher = DbosDispatcher(made.engine)
    job, _ = made.submit("k", spec(), idempotency_key=None, enqueue=dispatcher.enqueue)
    assert dispatcher.standings([job.id])[job.id] is Standing.LIVE
    dispatcher.close()
    made.close()


def test_a_probe_asks_only_the_workers_of_its_machine(store, monkeypatch):
    def asked(host="gpu-7"):
        return CliRunner().invoke(workers, ["ready", "--host", host, "--json"])

    monkeypatch.setenv("PUNCHIN_WORKERS", "2")
    beat(store, "gpu-7-0")
    beat(store, "gpu-7-1", WorkerState.STARTING)
    store.heartbeat("gpu-8-0", WorkerState.READY, host="gpu-8", pid=1)
    told = asked()
    assert isinstance(told.exception, EngineUnavailable)
    assert "1 of 2 workers of gpu-7 take jobs: gpu-7-0 is ready, gpu-7-1 is starting" in str(told.exception)
    assert "none has said anything" in str(asked("gpu-9").exception)
    beat(store, "gpu-7-1", WorkerState.BUSY)
    assert json.loads(asked().stdout) == {"host": "gpu-7", "ready": ["gpu-7-0", "gpu-7-1"]}
    long_ago(store, "gpu-7-0")
    assert "gpu-7-0 is lost" in str(asked().exception)

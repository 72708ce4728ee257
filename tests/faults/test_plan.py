"""The fault plan: each step of a job's path fails, hangs, is killed, has no disk, has no memory.

After each, the same invariant: what was accepted is over; what is there as an output is whole and proved;
nothing is billed twice or without an output; no file of work in progress stays.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest
import soundfile
from sqlalchemy import select, update

from faults.hooks import WORD, installed_in
from punchin.errors import StoreError
from punchin.job import JobSpec, Position, RegionWish, State
from punchin.store import Store
from punchin.store.tables import deliveries
from punchin.supervisor.putting_right import Order
from support.services import Service, running_service

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punchin.store import JobRecord

pytestmark = pytest.mark.slow

DONE = 200
"""Stands for "completed" where the others are codes of failures."""
JOBS = {
    # The line hands a job to a worker, and the worker has not begun it.
    ("queue", "fails"): {DONE},
    ("queue", "killed"): {DONE},
    # The ledger, when the end of the job is written.
    ("store", "fails"): {DONE},
    ("store", "killed"): {DONE},
    ("store", "killed-after"): {DONE},
    ("store", "disk"): {DONE},
    ("store", "memory"): {5003},
    # The file store, when an output is put away.
    ("storage", "fails"): {5003},
    ("storage", "killed"): {DONE},
    ("storage", "killed-after"): {DONE},
    ("storage", "disk"): {5003},
    ("storage", "memory"): {5003},
    ("decode", "fails"): {1402},
    ("decode", "killed"): {1402},
    ("decode", "memory"): {1402, 5003},
    ("engine", "fails"): {1405},
    ("engine", "killed"): {DONE},
    ("engine", "memory"): {5003},
    ("splice", "fails"): {5000},
    ("splice", "killed"): {1402},
    ("splice", "disk"): {5003},
    ("splice", "memory"): {1402, 5003},
    ("write", "fails"): {5003},
    ("write", "killed"): {1402},
    ("write", "disk"): {5003},
    ("write", "memory"): {1402, 5003},
}
"""How a job may end: a disk that is full or a ledger that is away for a moment costs no work."""
HANGING = {
    # Begun again by the next worker; on a slow machine that one may reach the limit, too.
    "queue": {DONE, 5004},
    "store": {5004},
    "storage": {5004},
    "decode": {5004},
    "engine": {5004},
    "splice": {5004},
    "write": {5004},
}
LIMIT_S = 5
"""Of the service in which everything hangs: no job there has to be quick."""
WEBHOOKS = {"fails": 2, "hangs": 2, "disk": 2, "memory": 1}
"""How often a message is seen at least: without memory the first try does not leave the house."""
IMPOSSIBLE = {
    ("queue", "disk"): "an entry in line is a row of the ledger: see the refused submit below",
    ("queue", "memory"): "likewise: a submit without memory is refused whole",
    ("decode", "disk"): "reading a song writes nothing",
    ("engine", "disk"): "an engine is given sound and gives sound; it writes no file",
}
STEPS = ("store", "queue", "storage", "decode", "engine", "splice", "write", "webhook")
FAULTS = ("fails", "hangs", "killed", "disk", "memory")


def test_the_plan_has_every_step_with_every_fault() -> None:
    planned = {(step, fault.partition("-")[0]) for step, fault in JOBS}
    planned |= {(step, "hangs") for step in HANGING}
    planned |= {("webhook", fault) for fault in (*WEBHOOKS, "killed")} | set(IMPOSSIBLE)
    assert planned == {(step, fault) for step in STEPS for fault in FAULTS}


class Receiver:
    """Whom messages go to. `/fails` is 500 once, `/hangs` and `/killed` are not answered at first."""

    def __init__(self) -> None:
        self.ids: dict[str, list[str]] = {}
        self.over = threading.Event()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                heard = outer.ids.setdefault(self.path.strip("/"), [])
                heard.append(self.headers["webhook-id"])
                if len(heard) == 1 and self.path in ("/hangs", "/killed"):
                    outer.over.wait(120)
                with contextlib.suppress(OSError):  # whoever sent it may be dead
                    self.send_response(500 if len(heard) == 1 and self.path == "/fails" else 204)
                    self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Ran:
    """A service in which everything has happened."""

    service: Service
    jobs: dict[tuple[str, str], JobRecord] = field(default_factory=dict)
    receiver: Receiver | None = None

    @property
    def outputs(self) -> set[str]:
        return {o.key for job in self.jobs.values() if job.result for o in job.result.outputs}


def faulty_job(audio: str, step: str, fault: str, webhook: str = "") -> JobSpec:
    wish = RegionWish(start=Position(0.2), end=Position(0.7), seed=1, tags=(f"{WORD} {step} {fault}",))
    return JobSpec(
        model="punchin/tone/audio-inpaint", engine="tone", audio=audio, edits=(wish,), webhook=webhook
    )


@contextlib.contextmanager
def faulty_service(home: Path, **settings: object) -> Generator[Service]:
    with running_service(home, workers=2, max_attempts=10, **settings) as service:
        installed_in(home / "plugins", home / "marks")
        (home / "tmp").mkdir()
        service.environment["TMPDIR"] = str(home / "tmp")
        yield service


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Generator[Ran]:
    receiver = Receiver()
    settings = {"trusted_hosts": receiver.address}
    with faulty_service(tmp_path_factory.mktemp("faults"), **settings) as service:
        supervisor = service.run_module("faults.supervising")
        audio = service.upload()
        sent = {("webhook", fault): faulty_job(audio, "none", "none", f"http://{receiver.address}/{fault}")
                for fault in WEBHOOKS}  # fmt: skip
        sent |= {cell: faulty_job(audio, *cell) for cell in JOBS}
        ids = {cell: service.submit(spec) for cell, spec in sent.items()}
        service.wait_for_end(ids.values(), 400)
        arrive(service, receiver, WEBHOOKS)

        killed = faulty_job(audio, "none", "none", f"http://{receiver.address}/killed")
        ids["webhook", "killed"] = service.submit(killed)
        service.wait(lambda: "killed" in receiver.ids, what="the message that is on its way")
        service.wait_until_ready()
        supervisor.kill()
        supervisor.wait()
        service.environment["PUNCHIN_WORKERS"] = "0"
        service.run_module("faults.supervising")
        arrive(service, receiver, {"killed": 2})
        yield Ran(service, {cell: service.store.job(job_id) for cell, job_id in ids.items()}, receiver)
    receiver.close()


def arrive(service: Service, receiver: Receiver, times: dict[str, int]) -> None:
    """Wait for messages; what was lent to one who is dead or broke comes back at once, not in two minutes."""

    def arrived() -> bool:
        soon = datetime.now(UTC) + timedelta(seconds=60)
        with service.store.writing() as session:
            lent = [deliveries.c.next_at > soon, deliveries.c.address.regexp_match("/(disk|memory|killed)$")]
            session.execute(update(deliveries).where(*lent).values(next_at=datetime.now(UTC)))
        return all(len(receiver.ids.get(fault, [])) >= count for fault, count in times.items())

    service.wait(arrived, 200, f"{times} messages")


@pytest.fixture(scope="module")
def hung(tmp_path_factory: pytest.TempPathFactory) -> Generator[Ran]:
    with faulty_service(tmp_path_factory.mktemp("hanging"), job_limit_s=LIMIT_S) as service:
        service.run_module("faults.supervising")
        audio = service.upload()
        ids = {(step, "hangs"): service.submit(faulty_job(audio, step, "hangs")) for step in HANGING}
        service.wait_for_end(ids.values(), 400)
        service.wait(lambda: {w.state for w in service.store.workers()} == {"ready"}, what="two new workers")
        yield Ran(service, {cell: service.store.job(job_id) for cell, job_id in ids.items()})


def ending(job: JobRecord) -> int:
    return job.failure.code if job.failure else DONE


@pytest.mark.parametrize("cell", JOBS, ids="-".join)
def test_a_job_that_meets_a_fault_is_over_and_says_why(ran: Ran, cell: tuple[str, str]) -> None:
    job = ran.jobs[cell]
    assert job.state in (State.COMPLETED, State.FAILED)
    assert ending(job) in JOBS[cell], job.failure
    if cell[1].startswith("killed") and cell[0] in ("engine", "storage"):
        assert job.attempts >= 2, "the fault struck, here or in a job that the same worker had taken up"


@pytest.mark.parametrize("step", HANGING)
def test_a_job_that_hangs_is_ended_at_the_limit(hung: Ran, step: str) -> None:
    assert ending(hung.jobs[step, "hangs"]) in HANGING[step]


@pytest.fixture(params=["ran", "hung"])
def either(request: pytest.FixtureRequest) -> Ran:
    return request.getfixturevalue(request.param)


def test_outputs_that_exist_are_whole_and_proved(either: Ran) -> None:
    service = either.service
    source, _ = soundfile.read(service.settings.home / "made.wav", dtype="int16")
    for cell, job in either.jobs.items():
        if job.result is None:
            continue
        assert service.whole(job)
        assert all(take["proof"]["identical"] for take in job.result.report["takes"])
        [output] = job.result.outputs
        sound, _ = soundfile.read(service.files.local_path(output.key), dtype="int16")
        assert sound.shape == source.shape, cell
        assert (sound[:1600] == source[:1600]).all()
        assert (sound[5600:] == source[5600:]).all()
        assert (sound != source).any()


def test_every_job_is_billed_once_and_only_what_was_made(either: Ran) -> None:
    store, jobs = either.service.store, either.jobs.values()
    stats = store.usage_stats(either.service.key_id)
    completed = sum(job.state is State.COMPLETED for job in jobs)
    assert (stats.requests, stats.completed) == (len(jobs), completed)
    assert stats.seconds == pytest.approx(0.5 * completed)
    assert store.open_jobs() == []


def test_no_file_of_work_in_progress_stays(either: Ran) -> None:
    """Outputs of attempts that died go with the hourly sweep; all else is gone at once."""
    service = either.service
    home, files = service.settings.home, service.settings.home / "files"
    in_the_making = [path for path in home.rglob("*") if path.name.endswith(".part") or "#" in path.name]
    at_work = [path for place in ("work", "tmp") for path in (home / place).rglob("*") if path.is_file()]
    assert in_the_making + at_work == []
    later = Store(service.store.engine, lambda: datetime.now(UTC) + timedelta(hours=2))
    sweep = Order(
        store=later,
        dispatcher=service.dispatcher,
        files=service.files,
        turns=None,  # type: ignore[arg-type] - a sweep asks for no turn
        dead_after=timedelta(seconds=30),
        keep=timedelta(days=7),
    )
    sweep.kept()
    left = {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()}
    assert {key for key in left if not key.startswith("up/")} == either.outputs
    assert len(left) == len(either.outputs) + 1, "and the song"


@pytest.mark.parametrize("fault", [*WEBHOOKS, "killed"])
def test_a_message_arrives_under_one_name_whatever_happens_to_it(ran: Ran, fault: str) -> None:
    assert ran.receiver is not None
    heard = ran.receiver.ids[fault]
    assert len(heard) >= WEBHOOKS.get(fault, 2)
    assert len(set(heard)) == 1
    with ran.service.store.reading() as session:
        row = session.execute(select(deliveries).where(deliveries.c.address.endswith(f"/{fault}"))).one()
    assert row.id == heard[0]
    assert row.tries >= 2, "the fault struck"


@pytest.mark.parametrize("error", [StoreError("database or disk is full"), MemoryError()])
def test_a_submit_whose_entry_does_not_fit_in_line_leaves_nothing(tmp_path: Path, error: Exception) -> None:
    with running_service(tmp_path) as service:
        spec = faulty_job(service.upload(), "none", "none")

        def refuses(*_: object) -> None:
            raise error

        with pytest.raises(type(error)):
            service.store.submit(service.key_id, spec, idempotency_key="once", enqueue=refuses)
        assert service.store.open_jobs() == []
        job, _ = service.store.submit(
            service.key_id, spec, idempotency_key="once", enqueue=service.dispatcher.enqueue
        )
        assert [each.id for each in service.store.open_jobs()] == [job.id], "sent again, it is one job"

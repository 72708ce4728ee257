"""A small network under load, in which everything dies, freezes, is cut off or full once: nothing is lost.

Three hosts, a PostgreSQL and an S3 server, each in a network namespace of its own. Two clients keep
submitting cheap jobs through two APIs. At the end every job that was accepted has ended, once, and the
outside of every output is compared with the song, sample by sample.
"""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import soundfile

from punchin.job import FailureCode, State
from support import networks, postgres, s3
from support.services import Service, running_service
from support.songs import made_song, wav_of
from support.submitters import Submitter, uploaded

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from punchin.store import JobRecord

pytestmark = pytest.mark.slow

TESTS = Path(__file__).resolve().parents[1]
JOBS = int(os.environ.get("PUNCHIN_TEST_JOBS", "100"))
"""How many are accepted in all; docs/scale.md tells of 500."""
PORT = 8000
BETWEEN = JOBS // 16
"""Jobs that are accepted between two blows."""
DEAD_AFTER_S = 6
DISK_MB = 24
LIMIT_S = 1200.0
"""Longer than it takes anywhere; without one a job that is lost would be waited for, for ever."""


@dataclass
class Host:
    """A machine with `punchin serve` or, without an API, a supervisor and its workers."""

    machine: networks.Machine
    home: Path
    workers: int
    environment: dict[str, str]
    words: tuple[str, ...]
    log: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        own = {"PUNCHIN_HOME": str(self.home), "PUNCHIN_WORKERS": str(self.workers)}
        with self.log.open("ab") as log:
            command = [*self.machine.before, sys.executable, "-m", *self.words]
            environment = os.environ | self.environment | own | {"PYTHONPATH": str(TESTS)}
            self.processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))

    def signal(self, number: signal.Signals) -> None:
        """To every process of the machine."""
        listed = subprocess.run(
            ["ip", "netns", "pids", self.machine.namespace], capture_output=True, text=True, check=True
        )
        for pid in listed.stdout.split():
            with suppress(ProcessLookupError):
                os.kill(int(pid), number)

    def names(self) -> set[str]:
        return {f"{self.machine.name}-{slot}" for slot in range(self.workers)}


@dataclass
class Scene:
    service: Service
    database: postgres.Postgres
    hosts: dict[str, Host]
    clients: tuple[Submitter, ...]
    song: Path

    def accepted(self) -> list[str]:
        return [job_id for client in self.clients for job_id in client.ids]

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            if time.monotonic() > deadline:
                logs = "\n".join(
                    f"{name}: {host.log.read_text()[-3000:]}" for name, host in self.hosts.items()
                )
                raise AssertionError(f"{what} did not come in {LIMIT_S:g} s\n{logs}")
            time.sleep(0.2)

    def more(self, jobs: int = BETWEEN) -> None:
        """Wait until so many more were accepted."""
        enough = len(self.accepted()) + jobs
        self.wait(lambda: len(self.accepted()) >= enough, f"{jobs} more jobs")

    def there(self) -> set[str]:
        """Workers that are known, and have not said goodbye."""
        return {worker.id for worker in self.service.store.workers() if worker.state != "stopped"}

    def wait_for(self, host: Host, *, there: bool) -> None:
        names = host.names()
        self.wait(
            lambda: names <= self.there() if there else not names & self.there(),
            f"{host.machine.name} {'there' if there else 'given up'}",
        )


@pytest.fixture
def scene(tmp_path: Path) -> Generator[Scene]:
    if why := networks.missing() or postgres.missing() or s3.missing():
        pytest.skip(why)
    if postgres.binaries() is None:
        pytest.skip("this needs a PostgreSQL that can be killed: apt-get install postgresql")
    with ExitStack() as stack:
        net = stack.enter_context(networks.network(["first", "second", "third", "db", "bucket"]))
        *machines, db, bucket = net
        before = db.before_as(postgres.server_user())
        database = stack.enter_context(postgres.own(host=db.address, before=before))
        files = s3.started(tmp_path / "s3.log", host=bucket.address, before=bucket.before)
        stack.callback(files.end)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in files.environment.items():
            patch.setenv(name, value)
        public = f"http://{machines[0].address}:{PORT}"
        service = stack.enter_context(
            running_service(
                tmp_path / "us", db=database.address, files=files.address, secret="s" * 32, port=PORT,
                host="0.0.0.0", public_base_url=public, dead_after_s=DEAD_AFTER_S, max_attempts=50,
                poll_s=0.2, max_queued=60,
            )
        )  # fmt: skip
        disk = stack.enter_context(networks.small_disk(tmp_path / "third", DISK_MB))
        hosts = {
            machine.name: Host(
                machine, home, workers, service.environment, words, tmp_path / f"{machine.name}.log"
            )
            for machine, home, workers, words in zip(
                machines,
                (tmp_path / "first", tmp_path / "second", disk),
                (2, 1, 1),
                (("punchin", "serve"), ("punchin", "serve"), ("chaos.supervising",)),
                strict=True,
            )
        }
        for host in hosts.values():
            host.start()
        song = wav_of(made_song(1.0, 8000, channels=1), tmp_path / "song.wav")
        address = uploaded(public, service.secret, song, limit_s=LIMIT_S)
        bases = [f"http://{machine.address}:{PORT}" for machine in machines[:2]]
        clients = tuple(
            Submitter(order, service.secret, address, pause_s=0.05)
            for order in ((bases[0], bases[1]), (bases[1], bases[0]))
        )
        yield Scene(service, database, hosts, clients, song)
        for host in hosts.values():
            host.signal(signal.SIGKILL)
            for process in host.processes:
                process.wait()


def test_nothing_is_lost_and_nothing_done_twice(scene: Scene) -> None:
    _, second, third = scene.hosts.values()
    for host in scene.hosts.values():
        scene.wait_for(host, there=True)
    with ExitStack() as stack:
        for client in scene.clients:
            stack.enter_context(client.submitting())
        scene.more()

        second.signal(signal.SIGSTOP)
        scene.wait_for(second, there=False)
        second.signal(signal.SIGCONT)
        scene.wait_for(second, there=True)
        scene.more()

        third.machine.cut()
        scene.wait_for(third, there=False)
        third.machine.heal()
        scene.wait_for(third, there=True)
        scene.more()

        scene.database.stop(signal.SIGQUIT)
        refused = sum(len(client.refusals) for client in scene.clients)
        scene.wait(lambda: sum(len(c.refusals) for c in scene.clients) > refused, "a refusal")
        scene.database.start()
        scene.more()

        with networks.full(third.home):
            scene.more()
        scene.more()

        second.signal(signal.SIGKILL)
        scene.wait_for(second, there=False)
        second.start()
        scene.wait_for(second, there=True)
        scene.wait(lambda: len(scene.accepted()) >= JOBS, f"{JOBS} jobs")
    jobs = scene.service.wait_for_end(scene.accepted(), LIMIT_S)
    check(scene, jobs)


def check(scene: Scene, jobs: list[JobRecord]) -> None:
    store = scene.service.store
    ids = {job.id for job in jobs}
    assert len(ids) == len(jobs) >= JOBS
    assert store.open_jobs() == [], "nobody else's either"
    usage = store.usage_stats(scene.service.key_id)
    completed = [job for job in jobs if job.state is State.COMPLETED]
    failed = [job for job in jobs if job.state is State.FAILED]
    assert usage.requests == len(jobs), "each ended once"
    assert usage.completed == len(completed) == len(jobs) - len(failed)
    # A full disk fails the jobs that meet it, and says so.
    assert {job.failure.code for job in failed if job.failure} <= {int(FailureCode.UNAVAILABLE)}, failed
    assert len(failed) < len(jobs) / 4
    kinds = {kind for client in scene.clients for kind in client.refusals}
    assert {status for status, _ in kinds} <= {503, 429}
    assert all(again_s.isdigit() for _, again_s in kinds), "when to come back"
    assert any(status == 503 for status, _ in kinds)
    source, rate_hz = soundfile.read(scene.song, dtype="int16")
    for job in completed:
        assert job.result is not None
        assert job.result.report["takes"][0]["proof"]["identical"]
        [output] = job.result.outputs
        made, found_hz = soundfile.read(io.BytesIO(scene.service.files.read(output.key)), dtype="int16")
        assert (found_hz, made.shape) == (rate_hz, source.shape)
        start, end = round(0.2 * rate_hz), round(0.7 * rate_hz)
        assert (made[:start] == source[:start]).all()
        assert (made[end:] == source[end:]).all()
    again = sum(job.attempts > 1 for job in jobs)
    print(
        f"\n{len(jobs)} jobs, {len(completed)} completed, {len(failed)} failed for want of room, "
        f"{again} begun again, refusals {len([r for c in scene.clients for r in c.refusals])}, "
        f"unanswered {sum(len(c.unanswered) for c in scene.clients)}"
    )

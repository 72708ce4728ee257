"""A small service for tests: a home of its own, a ledger, uploads, and processes that can be killed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.dispatch import DbosDispatcher, prepare
from punchin.filestore import FileStore
from punchin.job import JobSpec, Position, RegionWish
from punchin.settings import Settings, settings_from, variable
from punchin.store import JobRecord, Store, migrate
from support.songs import made_song, wav_of
from support.unruly import installed_in

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

TESTS = Path(__file__).resolve().parents[1]


@dataclass
class Service:
    """The parts of a service, without the API.

    Attributes:
        settings: as the processes get them, through `environment`.
        key_id, secret: a key that owns everything.
        processes: those that were started here and must end with the test.
    """

    settings: Settings
    environment: dict[str, str]
    store: Store
    dispatcher: DbosDispatcher
    files: FileStore
    key_id: str
    secret: str
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def upload(self, duration_s: float = 1.0, rate_hz: int = 8000) -> str:
        """A small song, uploaded; gives what `JobSpec.audio` wants."""
        upload = self.store.create_upload(self.key_id, "song.wav")
        made = wav_of(made_song(duration_s, rate_hz, channels=1), self.settings.home / "made.wav")
        size = self.files.put_file(upload.file_key, made)
        self.store.uploaded(upload.id, size, hashlib.sha256(made.read_bytes()).hexdigest())
        return f"upload:{upload.file_key}"

    def submit(self, spec: JobSpec, *, idempotency_key: str | None = None) -> str:
        """Accept a job, as the API does; gives its id."""
        job, _ = self.store.submit(
            self.key_id, spec, idempotency_key=idempotency_key, enqueue=self.dispatcher.enqueue
        )
        return job.id

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start one of our processes: "worker", "--slot", "0" ..."""
        return self.run_module("punchin", *words)

    def run_module(self, module: str, *words: str) -> subprocess.Popen[str]:
        """Start a module as a program with the settings of this service."""
        plugins = installed_in(self.settings.home / "plugins")
        with (self.settings.home / "log.txt").open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *words],
                env=os.environ | self.environment | {"PYTHONPATH": f"{TESTS}{os.pathsep}{plugins}"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=self.settings.home,
            )
        self.processes.append(process)
        return process

    def wait(self, condition: Callable[[], bool], limit_s: float = 180.0, what: str = "that") -> None:
        """Wait until something is so; fails the test with the processes' log when it takes too long."""
        deadline = time.monotonic() + limit_s
        while not condition():
            if time.monotonic() > deadline:
                log = (self.settings.home / "log.txt").read_text()[-6000:]
                raise AssertionError(f"{what} did not come in {limit_s:g} s; the log ends:\n{log}")
            time.sleep(0.02)

    def wait_for_end(self, ids: Iterable[str], limit_s: float = 180.0) -> list[JobRecord]:
        """Wait until these jobs are over, and read them."""
        ids = list(ids)
        self.wait(
            lambda: all(self.store.job(job_id).state.is_final for job_id in ids), limit_s, "the jobs' end"
        )
        return [self.store.job(job_id) for job_id in ids]

    def wait_until_ready(self, *workers: str, limit_s: float = 180.0) -> None:
        """Wait until these workers take jobs, or any worker if none is named."""

        def ready() -> bool:
            found = {worker.id for worker in self.store.workers() if worker.state == "ready"}
            return set(workers) <= found if workers else bool(found)

        self.wait(ready, limit_s, "a ready worker")

    def worker_pids(self) -> list[int]:
        """Process ids of the workers that run; a number in the ledger may be another's by now."""
        return [worker.pid for worker in self.store.workers() if _is_ours(worker.pid)]

    def whole(self, job: JobRecord) -> bool:
        """Whether every output of a completed job is there, of the length the ledger says."""
        assert job.result is not None
        return all(self.files.size(output.key) == output.bytes for output in job.result.outputs)


def children_of(parent: int, *words: str) -> list[int]:
    """Processes that one has started with these words in their command, whether they have begun or not."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            said = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().decode().split("\0")
            if int(said[1]) == parent and set(words) <= set(command):
                found.append(int(folder.name))
    return sorted(found)


def _is_ours(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return b"punchin\0worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def tone_job(audio: str, *, seed: int = 1) -> JobSpec:
    """The shortest job there is: one region of half a second."""
    wish = RegionWish(start=Position(0.2), end=Position(0.7), seed=seed)
    return JobSpec(model="punchin/tone/audio-inpaint", engine="tone", audio=audio, edits=(wish,))


def unruly_job(audio: str, *tricks: str) -> JobSpec:
    """A job whose engine does what its tags say; see `support.unruly`."""
    wish = RegionWish(start=Position(0.2), end=Position(0.7), seed=1, tags=tricks)
    return JobSpec(model="punchin/unruly/audio-inpaint", engine="unruly", audio=audio, edits=(wish,))


@contextlib.contextmanager
def running_service(home: Path, **settings: object) -> Generator[Service]:
    """A service in a folder; what was started in it is killed at the end.

    Args:
        home: its PUNCHIN_HOME.
        settings: fields of `Settings`.
    """
    chosen: dict[str, object] = {"home": home, "engine": "tone", "nsfw": "off", "poll_s": 0.05, **settings}
    environment = {variable(name): str(value) for name, value in chosen.items()}
    read = settings_from(environment)
    migrate(read.db_address)
    store = Store.open(read.db_address)
    prepare(store.engine, read.poll_s)
    dispatcher = DbosDispatcher(store.engine)
    key, secret = store.create_key("tests")
    files = FileStore.open(read.files_address)
    service = Service(read, environment, store, dispatcher, files, key.id, secret)
    try:
        yield service
    finally:
        for process in service.processes:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()
            if process.stdout:
                process.stdout.close()
        dispatcher.close()
        store.close()

"""kill -9 at random moments: of workers, of the API, of the supervisor. Nothing accepted is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import soundfile

from punchin.job import State
from support.running import free_port
from support.services import Service, children_of, running_service
from support.songs import made_song, wav_of

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Generator

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "3"))
JOBS = 17
VICTIMS = ("worker", "worker", "api", "supervisor")
"""Of one round, in random order. A worker or an API that has just been started may be hit as well."""
LIMIT_S = 400.0


class Client:
    """An owner's program: gives each job a name of its own, and asks again until it hears the answer."""

    def __init__(self, service: Service) -> None:
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{service.settings.port}",
            headers={"Authorization": f"Bearer {service.secret}"},
            timeout=30,
            trust_env=False,
        )
        self.accepted: dict[str, set[str]] = {}
        self.over = threading.Event()

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        while not self.over.is_set():
            with contextlib.suppress(httpx.TransportError):
                answer = self._http.request(method, path, **request)
                if answer.status_code < 500:
                    return answer.raise_for_status()
            time.sleep(0.1)
        raise AssertionError("the test is over")

    def close(self) -> None:
        self._http.close()

    def upload(self, service: Service) -> str:
        made = wav_of(made_song(1.0, 8000, channels=1), service.settings.home / "song.wav")
        ticket = self.ask("POST", "/api/v3/media/uploads", json={"filename": "song.wav"}).json()["data"]
        place = httpx.URL(ticket["upload"]["url"]).raw_path.decode()
        self.ask("PUT", place, content=made.read_bytes(), headers=ticket["upload"]["headers"])
        return ticket["download_url"]

    def submit(self, audio: str, name: str, engine: str) -> None:
        """A job, and once more under the same name after it was accepted: that must be the same one."""
        body = {"audio": audio, "tags": "wait 0.5", "start_time": 0.2, "end_time": 0.7, "seed": 1}
        for _ in range(2):
            answer = self.ask(
                "POST",
                f"/api/v3/punchin/{engine}/audio-inpaint",
                json=body,
                headers={"Idempotency-Key": name},
            )
            self.accepted.setdefault(name, set()).add(answer.json()["data"]["id"])


class Machine:
    """A service whose processes die again and again."""

    def __init__(self, service: Service) -> None:
        self.service, self.killed = service, Counter[str]()
        self._supervisor = self._start()

    def _start(self) -> subprocess.Popen[str]:
        return self.service.run_module("chaos.supervising", "api")

    def tend(self) -> None:
        """Start the supervisor again, as an operator's process keeper does."""
        if self._supervisor.poll() is not None:
            self._supervisor = self._start()

    def kill(self, dice: random.Random, kind: str) -> bool:
        pids = [self._supervisor.pid] if kind == "supervisor" else children_of(self._supervisor.pid, kind)
        if not pids:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(dice.choice(pids), signal.SIGKILL)
            self.killed[kind] += 1
            return True
        return False


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Generator[Machine]:
    settings = {"workers": 2, "max_attempts": 50, "dead_after_s": 10, "port": free_port()}
    with running_service(tmp_path_factory.mktemp("kills"), **settings) as service:
        machine = Machine(service)
        service.wait_until_ready()
        yield machine


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_nothing_accepted_is_lost_or_done_twice_whatever_is_killed(machine: Machine, seed: int) -> None:
    dice, service, client = random.Random(seed), machine.service, Client(machine.service)
    audio = client.upload(service)
    engines = {f"{seed}-{n}": "unruly" if n % 3 == 0 else "tone" for n in range(JOBS)}

    def submit_all() -> None:
        for name, engine in engines.items():
            client.submit(audio, name, engine)

    before = service.store.usage_stats(service.key_id)
    submitting = threading.Thread(target=submit_all, daemon=True)
    submitting.start()
    victims, next_kill = dice.sample(VICTIMS, len(VICTIMS)), time.monotonic() + 0.5
    deadline = time.monotonic() + LIMIT_S
    try:
        while victims or submitting.is_alive() or service.store.open_jobs():
            assert time.monotonic() < deadline, (service.settings.home / "log.txt").read_text()[-6000:]
            machine.tend()
            if victims and time.monotonic() >= next_kill and machine.kill(dice, victims[0]):
                victims.pop(0)
                next_kill = time.monotonic() + dice.uniform(0.3, 3.0)
            time.sleep(0.05)
    finally:
        client.over.set()
        submitting.join(timeout=60)
        client.close()
    check(service, client)
    stats = service.store.usage_stats(service.key_id)
    assert stats.requests - before.requests == stats.completed - before.completed == JOBS
    assert stats.seconds - before.seconds == pytest.approx(0.5 * JOBS)


def check(service: Service, client: Client) -> None:
    """Every name is one job, every job has one result, and that is whole."""
    assert len(client.accepted) == JOBS
    assert all(len(ids) == 1 for ids in client.accepted.values()), client.accepted
    jobs = [service.store.job(job_id) for ids in client.accepted.values() for job_id in ids]
    assert len({job.id for job in jobs}) == JOBS
    assert [job.state for job in jobs] == [State.COMPLETED] * JOBS
    for job in jobs:
        assert job.result is not None
        assert job.attempt is not None
        assert service.whole(job)
        [output] = job.result.outputs
        assert job.attempt in output.key, "the result is that of the attempt that owns the job"
        path = service.files.local_path(output.key)
        assert path is not None
        assert soundfile.info(path).frames == 8000


def test_every_kind_of_process_was_killed(machine: Machine) -> None:
    """Runs after the rounds: what they show, in numbers."""
    assert sum(machine.killed.values()) == ROUNDS * len(VICTIMS)
    assert len(machine.killed) == len(set(VICTIMS))
    assert ROUNDS * JOBS >= 50

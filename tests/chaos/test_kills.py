"""kill -9 at random moments: of workers, of the API's side, of the supervisor. Nothing accepted is lost."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
import soundfile

from punchin.job import State
from support.services import Service, running_service

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

ROUNDS = int(os.environ.get("CHAOS_ROUNDS", "2"))
"""How many long rounds, of about a minute each; they are marked slow."""
LIMIT_S = 240.0


class Submitter:
    """Keeps submitting from a process that may be killed; remembers what was accepted."""

    def __init__(self, service: Service, audio: str, jobs: int) -> None:
        self._service, self._audio, self.jobs = service, audio, jobs
        self.accepted: dict[str, str] = {}
        self._process: subprocess.Popen[str] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def done(self) -> bool:
        return len(self.accepted) == self.jobs

    def tend(self) -> None:
        """Read what was accepted, and go on with the rest where the process has ended."""
        if self._process is not None:
            if self._process.poll() is None:
                return
            assert self._process.stdout
            for line in self._process.stdout.read().splitlines():
                with contextlib.suppress(ValueError):  # a line that was cut short was not accepted
                    name, job_id = line.split()
                    if len(job_id) == 32:
                        self.accepted[name] = job_id
        if not self.done:
            names = [str(n) for n in range(self.jobs) if str(n) not in self.accepted]
            self._process = self._service.run_module(
                "chaos.submitting", self._service.key_id, self._audio, *names
            )


LONG = [pytest.param(seed, 52, 14, marks=pytest.mark.slow) for seed in range(1, 1 + ROUNDS)]


@pytest.mark.parametrize(("seed", "jobs", "most_kills"), [(0, 20, 6), *LONG])
def test_nothing_accepted_is_lost_or_done_twice_whatever_is_killed(
    tmp_path: Path, seed: int, jobs: int, most_kills: int
) -> None:
    dice = random.Random(seed)
    with running_service(tmp_path, workers=2, max_attempts=50, dead_after_s=10) as service:
        submitter = Submitter(service, service.upload(), jobs)
        supervisor = service.run_module("chaos.supervising")
        next_kill, kills, deadline = time.monotonic() + 1.0, 0, time.monotonic() + LIMIT_S
        while not (submitter.done and kills >= most_kills and _all_over(service)):
            assert time.monotonic() < deadline, (tmp_path / "log.txt").read_text()[-6000:]
            submitter.tend()
            if supervisor.poll() is not None:
                supervisor = service.run_module("chaos.supervising")
            if kills < most_kills and time.monotonic() >= next_kill:
                next_kill = time.monotonic() + dice.uniform(0.2, 2.0)
                kills += _kill(dice, service, submitter, supervisor)
            time.sleep(0.05)
        _check(service, submitter)


def _kill(
    dice: random.Random, service: Service, submitter: Submitter, supervisor: subprocess.Popen[str]
) -> bool:
    workers = service.worker_pids()
    victim = dice.choice([*workers, *workers, submitter.pid, supervisor.pid])
    if victim is None:
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
        return True
    return False


def _all_over(service: Service) -> bool:
    return not service.store.open_jobs()


def _check(service: Service, submitter: Submitter) -> None:
    jobs = [service.store.job(job_id) for job_id in submitter.accepted.values()]
    assert len({job.id for job in jobs}) == submitter.jobs
    assert [job.state for job in jobs] == [State.COMPLETED] * submitter.jobs
    stats = service.store.usage_stats(service.key_id)
    assert (stats.requests, stats.completed) == (submitter.jobs, submitter.jobs), (
        "one name, one job, one result"
    )
    assert stats.seconds == pytest.approx(0.5 * submitter.jobs)
    for job in jobs:
        assert job.result is not None
        assert job.attempt is not None
        assert service.whole(job)
        [output] = job.result.outputs
        assert job.attempt in output.key, "the result is that of the attempt that owns the job"
        path = service.files.local_path(output.key)
        assert path is not None
        assert soundfile.info(path).frames == 8000

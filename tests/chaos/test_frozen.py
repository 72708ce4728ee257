"""Two workers with one job: one looks dead and is not. There is one result, and it is whole."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
import soundfile

from punchin.job import State
from punchin.worker.working import worker_id
from support.services import running_service, tone_job, unruly_job

if TYPE_CHECKING:
    from pathlib import Path


def test_a_frozen_worker_that_thaws_late_changes_nothing(tmp_path: Path) -> None:
    """Frozen in the middle of a job; another one does it; thawed, it finishes its own copy and is refused."""
    go = tmp_path / "go"
    with running_service(tmp_path) as service:
        audio = service.upload()
        frozen = service.start("worker", "--slot", "0")
        service.wait_until_ready()
        job_id = service.submit(unruly_job(audio, f"until {go}"))
        service.wait(lambda: service.store.job(job_id).stage == "fill", what="the job's start")
        first = service.store.job(job_id).attempt
        frozen.send_signal(signal.SIGSTOP)

        service.start("worker", "--slot", "1")
        service.wait_until_ready(worker_id(1))
        service.dispatcher.reap([worker_id(0)])
        service.wait(lambda: service.store.job(job_id).attempt != first, what="the second attempt")
        go.touch()
        [done] = service.wait_for_end([job_id])
        assert done.state is State.COMPLETED
        assert done.attempt != first

        frozen.send_signal(signal.SIGCONT)
        service.wait_until_ready(worker_id(0))
        assert service.store.job(job_id) == done, "what is written stays"
        assert service.store.usage_stats(service.key_id).completed == 1
        assert done.result is not None
        [output] = done.result.outputs
        assert done.attempt is not None
        assert done.attempt in output.key
        path = service.files.local_path(output.key)
        assert path is not None
        assert soundfile.info(path).frames == 8000

        # Both live on, and do what comes next.
        jobs = service.wait_for_end([service.submit(tone_job(audio, seed=n)) for n in range(4)])
        assert [job.state for job in jobs] == [State.COMPLETED] * 4


@pytest.mark.slow
def test_two_workers_at_one_job_at_once_give_one_result(tmp_path: Path) -> None:
    """Nobody is frozen: the job is simply handed out twice, and the first learns it at its next report."""
    go = tmp_path / "go"
    with running_service(tmp_path) as service:
        audio = service.upload()
        for slot in (0, 1):
            service.start("worker", "--slot", str(slot))
        service.wait_until_ready(worker_id(0), worker_id(1))
        job_id = service.submit(unruly_job(audio, f"report {go}"))
        service.wait(lambda: service.store.job(job_id).stage == "wait", what="the job's start")
        before = service.store.job(job_id)
        [owner] = [worker.id for worker in service.store.workers() if worker.job_id == job_id]

        service.dispatcher.reap([owner])
        service.wait(lambda: service.store.job(job_id).attempt != before.attempt, what="the second attempt")
        service.wait_until_ready(limit_s=5)  # the first has dropped it, long before the job is over
        go.touch()
        [done] = service.wait_for_end([job_id])
        assert (done.state, done.attempts) == (State.COMPLETED, 2)
        assert service.whole(done)
        assert service.store.usage_stats(service.key_id).requests == 1

"""Workers on one PostgreSQL and one S3, as processes: what one host does, too, and what is added."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from punchin.job import State
from punchin.worker.working import worker_id
from support import postgres, s3
from support.services import Service, running_service, tone_job, unruly_job

if TYPE_CHECKING:
    from collections.abc import Generator

pytestmark = pytest.mark.slow
JOBS = 12


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    if why := postgres.missing() or s3.missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("scale")
    store_server = s3.started(folder / "s3.log")
    patch = pytest.MonkeyPatch()
    for name, value in store_server.environment.items():
        patch.setenv(name, value)
    try:
        with (
            postgres.database() as address,
            running_service(folder / "home", db=address, files=store_server.address) as found,
        ):
            for slot in (0, 1):
                found.start("worker", "--slot", str(slot))
            found.wait_until_ready(worker_id(0), worker_id(1))
            yield found
    finally:
        patch.undo()
        store_server.end()


def test_every_job_is_done_once_and_its_output_is_in_the_store(service: Service) -> None:
    audio = service.upload()
    jobs = service.wait_for_end([service.submit(tone_job(audio, seed=n)) for n in range(JOBS)])
    assert [job.state for job in jobs] == [State.COMPLETED] * JOBS
    assert all(service.whole(job) for job in jobs)
    assert all(job.result.report["takes"][0]["proof"]["identical"] for job in jobs if job.result)
    assert service.store.usage_stats(service.key_id).completed == JOBS
    assert len(list((service.settings.home / "kept").iterdir())) == 1, "the song was kept"


def test_a_drained_worker_takes_no_job_until_it_may_go_on(service: Service) -> None:
    audio, name = service.upload(), worker_id(0)
    service.store.drain(name)
    service.wait(lambda: service.processes[0].poll() == 0, what="the end of the drained worker")
    waiting = service.start("worker", "--slot", "0")

    def state() -> str:
        return next(worker.state for worker in service.store.workers() if worker.id == name)

    service.wait(lambda: state() == "draining", what="a worker that waits")
    jobs = service.wait_for_end([service.submit(tone_job(audio, seed=n)) for n in range(3)])
    assert [job.state for job in jobs] == [State.COMPLETED] * 3
    service.store.drain(name, asked=False)
    service.wait_until_ready(name)
    assert waiting.poll() is None


def test_the_job_of_a_host_that_is_gone_is_done_by_another(service: Service) -> None:
    audio = service.upload()
    job_id = service.submit(unruly_job(audio, "wait 3"))
    service.wait(lambda: service.store.job(job_id).stage == "wait", what="the job's start")
    [owner] = [worker for worker in service.store.workers() if worker.job_id == job_id]
    [process] = [each for each in service.processes if each.pid == owner.pid]
    process.send_signal(signal.SIGKILL)
    service.dispatcher.reap([owner.id])
    [done] = service.wait_for_end([job_id])
    assert (done.state, done.attempts) == (State.COMPLETED, 2)
    assert service.whole(done)

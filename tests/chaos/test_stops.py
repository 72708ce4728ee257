"""Jobs that are stopped: by their owner, by the limit of time, by a worker that dies of them."""

from __future__ import annotations

import resource
import time
from typing import TYPE_CHECKING

import pytest

from punchin.job import FailureCode, State
from support.services import Service, running_service, tone_job, unruly_job

if TYPE_CHECKING:
    from collections.abc import Generator


LIMIT_S = 15
"""On a busy machine the first job of a worker takes seconds."""


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Generator[Service]:
    """One worker under a supervisor."""
    with running_service(tmp_path_factory.mktemp("stops"), job_limit_s=LIMIT_S, max_attempts=2) as service:
        service.run_module("chaos.supervising")
        service.wait_until_ready()
        audio = service.upload()
        for _ in range(
            3
        ):  # the first job of a worker may take longer than the limit where much else is going on
            if service.wait_for_end([service.submit(tone_job(audio))])[0].state is State.COMPLETED:
                break
        yield service


@pytest.fixture(scope="module")
def audio(service: Service) -> str:
    return service.upload()


def test_a_cancelled_job_stops_within_a_second_and_a_waiting_one_never_starts(
    service: Service, audio: str
) -> None:
    running = service.submit(unruly_job(audio, "wait 60"))
    waiting = service.submit(unruly_job(audio, "wait 60"))
    service.wait(lambda: service.store.job(running).stage == "wait", what="the job's start")

    assert service.store.cancel(waiting) is State.CANCELLED
    service.dispatcher.cancel(waiting)
    assert service.store.cancel(running) is State.PROCESSING
    began = time.monotonic()
    [done] = service.wait_for_end([running])
    assert time.monotonic() - began < 1
    assert (done.state, done.result) == (State.CANCELLED, None)
    assert service.wait_for_end([service.submit(tone_job(audio))])[0].state is State.COMPLETED
    assert service.store.job(waiting).attempts == 0
    assert not (service.settings.home / "files" / "out" / running).exists(), "nothing is left of it"


def test_a_job_that_takes_too_long_is_failed_and_says_so(service: Service, audio: str) -> None:
    [done] = service.wait_for_end([service.submit(unruly_job(audio, "wait 60"))], 90)
    assert done.failure is not None
    assert done.failure.code == FailureCode.TOO_SLOW
    assert f"{LIMIT_S} s" in done.failure.message
    assert done.started_at is not None
    assert done.finished_at is not None
    assert LIMIT_S <= (done.finished_at - done.started_at).total_seconds() < LIMIT_S + 3


def test_an_engine_that_never_reports_again_ends_with_its_worker_at_the_limit(
    service: Service, audio: str
) -> None:
    """The worker gives signs of life all the while; the job behind gets the next one."""
    service.wait_until_ready()
    before = service.worker_pids()
    hung, behind = service.submit(unruly_job(audio, "mute 120")), service.submit(tone_job(audio))
    [done] = service.wait_for_end([hung], 90)
    assert (done.state, done.attempts) == (State.FAILED, 1)
    assert done.failure is not None
    assert done.failure.code == FailureCode.TOO_SLOW
    assert service.wait_for_end([behind])[0].state is State.COMPLETED
    assert service.store.job(hung) == done, "the next worker does not begin it again"
    assert service.worker_pids() != before


def test_the_job_behind_one_that_kills_every_worker_runs(service: Service, audio: str) -> None:
    poison = service.submit(unruly_job(audio, "die"))
    behind = service.submit(tone_job(audio))
    dead, alive = service.wait_for_end([poison, behind], 90)
    assert alive.state is State.COMPLETED
    assert dead.failure is not None
    assert dead.failure.code == FailureCode.INTERNAL
    assert "2 times" in dead.failure.message


def test_a_disk_without_room_fails_the_job_and_not_the_worker(service: Service) -> None:
    """The largest file that the worker may write is smaller than the song: the kernel refuses the rest."""
    service.wait_until_ready()
    [pid] = service.worker_pids()
    large = service.upload(duration_s=20, rate_hz=192_000)
    free = resource.prlimit(pid, resource.RLIMIT_FSIZE, (6_000_000, resource.RLIM_INFINITY))
    try:
        [full] = service.wait_for_end([service.submit(tone_job(large))])
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, free)
    assert full.state is State.FAILED
    assert full.failure is not None
    assert full.failure.code == FailureCode.UNAVAILABLE, full.failure
    assert not list((service.settings.home / "files").glob(f"out/{full.id}/*/*")), "no part of an output"
    assert not list((service.settings.home / "work").glob("*/*")), "no part of one in the making"
    [again] = service.wait_for_end([service.submit(tone_job(large))])
    assert again.state is State.COMPLETED
    assert service.worker_pids() == [pid]

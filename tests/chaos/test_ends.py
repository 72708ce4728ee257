"""Ends of processes: SIGTERM, two in one place, a parent that dies, a worker that hangs."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from punchin.dispatch import Standing
from punchin.job import State
from support.running import free_port
from support.services import Service, running_service, tone_job, unruly_job
from support.songs import made_song, wav_of

if TYPE_CHECKING:
    from pathlib import Path


def test_sigterm_ends_the_job_or_hands_it_back(tmp_path: Path) -> None:
    go, home = tmp_path / "go", tmp_path / "a home? of 100% #1"
    home.mkdir()
    with running_service(home, grace_s=3) as service:
        audio = service.upload()
        first = service.start("worker")
        service.wait_until_ready()

        # In time: the job is ended by the worker that had it.
        job_id = service.submit(unruly_job(audio, "wait 1"))
        service.wait(lambda: service.store.job(job_id).stage == "wait", what="the job's start")
        first.send_signal(signal.SIGTERM)
        waiting = service.submit(tone_job(audio))
        assert first.wait(timeout=20) == 0
        done = service.store.job(job_id)
        assert (done.state, done.attempts) == (State.COMPLETED, 1)
        assert service.store.job(waiting).state is State.CREATED, "a worker that ends takes no other job"

        # Not in time: it is in line again before the worker is gone, and the attempt does not count.
        second = service.start("worker")
        service.wait_for_end([waiting])
        job_id = service.submit(unruly_job(audio, f"report {go}"))
        service.wait(lambda: service.store.job(job_id).stage == "wait", what="the job's start")
        first_attempt = service.store.job(job_id).attempt
        second.send_signal(signal.SIGTERM)
        assert second.wait(timeout=20) == 0
        back = service.store.job(job_id)
        assert (back.state, back.attempts, back.attempt) == (State.PROCESSING, 0, None)
        assert service.dispatcher.standings([job_id]) == {job_id: Standing.LIVE}
        go.touch()
        service.start("worker", "--slot", "1")  # any worker may take it
        [done] = service.wait_for_end([job_id])
        assert (done.state, done.attempts) == (State.COMPLETED, 1)
        assert done.attempt != first_attempt


def test_an_api_that_ends_lets_go_of_who_waits_for_a_job(tmp_path: Path) -> None:
    """Of a job that nobody has begun at once; of one at work before the grace is over. Both go on."""
    with (
        running_service(tmp_path, grace_s=6, port=free_port()) as service,
        ThreadPoolExecutor() as threads,
        httpx.Client(
            base_url=f"http://127.0.0.1:{service.settings.port}",
            headers={"Authorization": f"Bearer {service.secret}"},
            timeout=60,
            trust_env=False,
        ) as client,
    ):
        api, _ = service.start("api"), service.start("worker")
        service.wait_until_ready()
        service.wait(lambda: answers(client), what="the API")
        song = wav_of(made_song(1.0, 8000, channels=1), tmp_path / "song.wav").read_bytes()
        sent = client.post("/api/v3/media/upload/binary", files={"file": ("song.wav", song)}).json()
        body = {"audio": sent["data"]["download_url"], "tags": "wait 60", "end_time": 0.7}

        def waited() -> tuple[dict[str, Any], float]:
            place = "/api/v3/punchin/unruly/audio-inpaint"
            answer = client.post(place, json=body | {"enable_sync_mode": True})
            return answer.json()["data"], time.monotonic()

        at_work = threads.submit(waited)
        service.wait(lambda: "wait" in stages(service), what="the first job's start")
        waiting = threads.submit(waited)
        service.wait(lambda: len(stages(service)) == 2, what="the second job")
        api.send_signal(signal.SIGTERM)
        (first, first_s), (second, second_s) = at_work.result(60), waiting.result(60)
        assert api.wait(timeout=20) == 0
        assert second_s < first_s
        for task, state in ((first, State.PROCESSING), (second, State.CREATED)):
            assert (task["status"], task["code"], task["outputs"]) == ("processing", 5004, [])
            assert service.store.job(task["id"]).state is state


def answers(client: httpx.Client) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return client.get("/health").status_code == 200
    return False


def stages(service: Service) -> list[str]:
    return [service.store.job(job.id).stage for job in service.store.open_jobs()]


@pytest.mark.slow
def test_a_place_has_one_worker(tmp_path: Path) -> None:
    """While one is there, a second does not take its jobs away; when it dies, the second is in its place."""
    go = tmp_path / "go"
    with running_service(tmp_path) as service:
        audio = service.upload()
        first = service.start("worker")
        service.wait_until_ready()
        job_id = service.submit(unruly_job(audio, f"report {go}"))
        service.wait(lambda: service.store.job(job_id).stage == "wait", what="the job's start")
        service.start("worker")
        time.sleep(4)
        assert service.store.job(job_id).attempts == 1
        first.kill()
        service.wait(lambda: service.store.job(job_id).attempts == 2, what="the next worker's attempt")
        go.touch()
        [done] = service.wait_for_end([job_id])
        assert done.state is State.COMPLETED


@pytest.mark.slow
def test_workers_end_with_their_supervisor_and_hanging_ones_are_replaced(tmp_path: Path) -> None:
    with running_service(tmp_path, dead_after_s=4) as service:
        supervisor = service.run_module("chaos.supervising")
        service.wait_until_ready()
        [pid] = service.worker_pids()
        service.wait(lambda: service.store.workers()[0].state == "ready")
        os.kill(pid, signal.SIGSTOP)
        service.wait(lambda: pid not in service.worker_pids(), what="the end of the hanging worker")
        job_id = service.submit(tone_job(service.upload()))
        [done] = service.wait_for_end([job_id])
        assert done.state is State.COMPLETED

        supervisor.kill()
        service.wait(lambda: not service.worker_pids(), 5, "the end of the worker")

"""Several jobs of a real worker at once: filled together, failed and killed one by one."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from punchin.job import JobSpec, Position, RegionWish, State
from support.ensemble import CALLS, installed_in
from support.services import Service, running_service

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from punchin.store import JobRecord

pytestmark = pytest.mark.slow


@contextlib.contextmanager
def service_in(home: Path, **settings: object) -> Generator[Service]:
    with running_service(home, engine="ensemble", batch=4, workers=1, **settings) as service:
        installed_in(home / "plugins")
        yield service


def job(audio: str, *tricks: str, seed: int = 1) -> JobSpec:
    wish = RegionWish(start=Position(0.2), end=Position(0.7), seed=seed, tags=tricks)
    return JobSpec(model="punchin/ensemble/audio-inpaint", engine="ensemble", audio=audio, edits=(wish,))


def calls_of(service: Service) -> list[tuple[int, int]]:
    lines = (service.settings.home / CALLS).read_text().split()
    return list(zip(map(int, lines[::2]), map(int, lines[1::2]), strict=True))


def in_line_behind(service: Service, *tricks: tuple[str, ...]) -> tuple[str, list[str]]:
    """Jobs that all wait for the engine, and the one that it is at work with; then that may end."""
    audio, gate = service.upload(), service.settings.home / "gate"
    first = service.submit(job(audio, f"report {gate}"))
    # Half of the fill is what the engine says; one that waits in line has none of it.
    service.wait(lambda: service.store.job(first).fraction > 0.3, what="the first fill")
    ids = [service.submit(job(audio, *each)) for each in tricks]
    service.wait(lambda: all(service.store.job(each).stage == "wait" for each in ids), what="a line")
    gate.touch()
    return first, ids


def test_jobs_are_filled_together_and_each_ends_as_its_own(tmp_path: Path) -> None:
    with service_in(tmp_path) as service:
        service.start("worker", "--slot", "0")
        first, ids = in_line_behind(service, (), ("fail",), ())
        alone, good, bad, fine = service.wait_for_end([first, *ids])
        assert [each.state for each in (alone, good, fine)] == [State.COMPLETED] * 3
        assert bad.state is State.FAILED
        assert bad.failure is not None
        assert "unruly engine fails" in bad.failure.message
        assert [at_once for _, at_once in calls_of(service)] == [3]
        assert [at_once_of(each) for each in (alone, good, fine)] == [None, 3, 3]
        assert all(map(service.whole, (alone, good, fine)))
        assert service.store.usage_stats(service.key_id).seconds == pytest.approx(1.5)


def at_once_of(done: JobRecord) -> int | None:
    assert done.result is not None
    [take] = done.result.report["takes"]
    assert take["proof"]["identical"] is True
    return take["receipt"]["punches"][0]["details"].get("jobs_at_once")


def test_a_job_that_kills_its_worker_in_a_batch_takes_nobody_with_it(tmp_path: Path) -> None:
    """kill -9 in mid-batch, three times by the same job; the others are handed on, once."""
    with service_in(tmp_path, max_attempts=3) as service:
        service.run_module("chaos.supervising")
        first, ids = in_line_behind(service, (), ("mute 0.3", "die"), ())
        _, good, poison, fine = service.wait_for_end([first, *ids])
        assert (poison.state, poison.attempts) == (State.FAILED, 4)
        assert poison.failure is not None
        assert "begun 3 times" in poison.failure.message
        for each in (good, fine):
            assert (each.state, each.attempts) == (State.COMPLETED, 2), "not beside it when it killed again"
            assert service.whole(each)
            assert at_once_of(each) is None, "made alone after that"
        assert [at_once for _, at_once in calls_of(service)] == [3]
        assert service.store.usage_stats(service.key_id).seconds == pytest.approx(1.5), "each paid once"

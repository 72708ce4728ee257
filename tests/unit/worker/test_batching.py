"""Fills of several jobs at one engine: together, and yet each by itself."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from punchin.edits import Edit
from punchin.engine import Filling, ManyEngine, NearRegionsEngine, TakesEngine
from punchin.engines.tone import ToneEngine
from punchin.errors import Cancelled, EditError, EngineFailed, EngineOutOfMemory
from punchin.region import Frames, Region
from punchin.song import Song
from punchin.worker import batching
from punchin.worker.batch_engines import SharedEngines

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from punchin.engine import Engine, Progress, Request

LIMIT_S = 60
WINDOW = Song(np.zeros((1, 100), np.float32), 8000)
HOLE = Frames(40, 60)


@pytest.fixture(autouse=True)
def no_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take longer than a fill waits for others."""
    monkeypatch.setattr(batching, "GATHER_S", LIMIT_S)


def filling(value: float) -> Filling:
    return Filling(song=Song(np.full((1, 20), value, np.float32), 8000), details={"own": value})


class Many(ToneEngine):
    """Gives back the seed as sound; what else it does is said by `each`."""

    def __init__(self, each: Callable[[int, Progress], None] = lambda seed, report: None) -> None:
        super().__init__()
        self.each = each
        self.calls: list[list[int]] = []
        self.threads: set[int] = set()
        self.together: Callable[[Sequence[Request]], Any] = self._each

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        self.calls.append([edit.seed or 0])
        self.threads.add(threading.get_ident())
        self.each(edit.seed or 0, progress)
        return filling(edit.seed or 0)

    def fill_many(self, requests: Sequence[Request]) -> Any:
        self.calls.append([request.edit.seed or 0 for request in requests])
        self.threads.add(threading.get_ident())
        return self.together(requests)

    def _each(self, requests: Sequence[Request]) -> list[Any]:
        answers: list[Any] = []
        for request in requests:
            seed = request.edit.seed or 0
            try:
                self.each(seed, request.progress)
                answers.append(filling(seed))
            except (Cancelled, EditError, EngineFailed) as error:
                answers.append(error)
        return answers


class Room:
    """Jobs in threads of their own, which come to the engine when `open` says so."""

    def __init__(self, engine: Engine, most: int) -> None:
        self.engines = SharedEngines("tone", most)
        self.engines._loaded["tone"] = engine
        self._pool = ThreadPoolExecutor(16)

    def job(self, seed: int, progress: Progress = lambda stage, fraction: None) -> Future[Filling]:
        edit = Edit(region=Region(0.005, 0.0075), seed=seed)
        begun, door = threading.Event(), self.open

        def work() -> Filling:
            with self.engines.job():
                begun.set()
                door.wait(LIMIT_S)
                return self.engines.named("tone").fill(WINDOW, HOLE, edit, progress)

        future = self._pool.submit(work)
        assert begun.wait(LIMIT_S)
        return future

    @contextmanager
    def beginning(self) -> Generator[None]:
        """Jobs that are begun within come to their engine at the end."""
        self.open = threading.Event()
        yield
        self.open.set()

    def close(self) -> None:
        self._pool.shutdown()


@contextmanager
def room_of(engine: Engine, most: int = 4) -> Generator[Room]:
    room = Room(engine, most)
    yield room
    room.close()


def test_jobs_that_are_on_the_way_are_filled_in_one_call_and_say_so() -> None:
    engine = Many()
    with room_of(engine) as room:
        with room.beginning():
            jobs = [room.job(seed) for seed in (3, 1, 2)]
        made = [job.result(LIMIT_S) for job in jobs]
    assert [sorted(call) for call in engine.calls] == [[1, 2, 3]]
    assert [float(each.song.samples[0, 0]) for each in made] == [3, 1, 2], "each has its own"
    assert [dict(each.details) for each in made] == [{"own": n, "jobs_at_once": 3} for n in (3, 1, 2)]


def test_one_alone_is_filled_as_ever_and_waits_for_nobody() -> None:
    engine = Many()
    with room_of(engine) as room:
        for seed in (1, 2):
            with room.beginning():
                job = room.job(seed)
            assert dict(job.result(LIMIT_S).details) == {"own": seed}
    assert engine.calls == [[1], [2]]
    assert len(engine.threads) == 1, "what is compiled for a card belongs to the thread that compiled it"


def test_a_job_that_is_long_on_its_way_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batching, "GATHER_S", 0.05)
    engine = Many()
    with room_of(engine) as room:
        with room.beginning():
            late = room.job(1)
            never_ready, room.open = room.open, threading.Event()
            room.open.set()
            soon = room.job(2)
            assert soon.result(LIMIT_S).details == {"own": 2}
            assert not late.done()
            room.open = never_ready
        late.result(LIMIT_S)


def test_never_more_at_once_than_allowed() -> None:
    engine = Many()
    with room_of(engine, most=2) as room:
        with room.beginning():
            jobs = [room.job(seed) for seed in range(1, 6)]
        assert [float(job.result(LIMIT_S).song.samples[0, 0]) for job in jobs] == [1, 2, 3, 4, 5]
    assert max(map(len, engine.calls)) == 2
    assert sorted(seed for call in engine.calls for seed in call) == [1, 2, 3, 4, 5]


def test_an_engine_without_fill_many_does_one_after_the_other() -> None:
    inside: list[int] = []

    class One(ToneEngine):
        def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
            inside.append(1)
            assert len(inside) == 1
            progress("work", 0.5)
            inside.pop()
            return filling(edit.seed or 0)

    with room_of(One()) as room:
        assert room.engines.at_once == 1
        with room.beginning():
            jobs = [room.job(seed) for seed in (1, 2, 3)]
        assert all("jobs_at_once" not in job.result(LIMIT_S).details for job in jobs)


def _raises(requests: Sequence[Request]) -> Any:
    raise EngineOutOfMemory("the card is full")


def _breaks(requests: Sequence[Request]) -> Any:
    raise ZeroDivisionError


@pytest.mark.parametrize(
    "together",
    [
        _raises,
        _breaks,
        lambda requests: [],
        lambda requests: [EngineFailed("somebody's")] * len(requests),
        lambda requests: [None] * len(requests),
    ],
    ids=["raises", "breaks", "too few answers", "all failed", "no fillings"],
)
def test_what_fails_in_company_is_made_once_more_alone(together: Callable[[Any], Any]) -> None:
    def each(seed: int, report: Progress) -> None:
        if seed == 2:
            raise EngineFailed("the second is bad")

    engine = Many(each)
    engine.together = together
    with room_of(engine) as room:
        with room.beginning():
            good, bad, fine = (room.job(seed) for seed in (1, 2, 3))
        assert dict(good.result(LIMIT_S).details) == {"own": 1}
        assert dict(fine.result(LIMIT_S).details) == {"own": 3}
        with pytest.raises(EngineFailed, match="the second is bad"):
            bad.result(LIMIT_S)
    assert sorted(map(len, engine.calls)) == [1, 1, 1, 3]


def test_an_edit_that_cannot_be_done_is_refused_once() -> None:
    def each(seed: int, report: Progress) -> None:
        if seed == 1:
            raise EditError("too many words")

    engine = Many(each)
    with room_of(engine) as room:
        with room.beginning():
            bad, good = room.job(1), room.job(2)
        with pytest.raises(EditError, match="too many words"):
            bad.result(LIMIT_S)
        assert good.result(LIMIT_S).details["jobs_at_once"] == 2
    assert len(engine.calls) == 1


def test_a_job_that_is_cancelled_in_a_batch_stops_nobody_else() -> None:
    told = threading.Event()

    def each(seed: int, report: Progress) -> None:
        report("denoise", 0.5)
        if seed == 1:
            assert told.wait(LIMIT_S)
            while True:
                report("denoise", 0.6)

    def cancelled(stage: str, fraction: float) -> None:
        if stage == "denoise":
            told.set()
            raise Cancelled("by its owner")

    with room_of(Many(each)) as room:
        with room.beginning():
            stopped, other = room.job(1, cancelled), room.job(2)
        with pytest.raises(Cancelled, match="by its owner"):
            stopped.result(LIMIT_S)
        assert other.result(LIMIT_S).details["jobs_at_once"] == 2


def test_a_job_whose_process_hangs_holds_up_nobody_else() -> None:
    """A song that has taken over its process can refuse to hear of progress, but only for its own job."""
    hanging, free = threading.Event(), threading.Event()
    heard: list[float] = []

    def hangs(stage: str, fraction: float) -> None:
        hanging.set()
        free.wait(LIMIT_S)

    def each(seed: int, report: Progress) -> None:
        report("denoise", 0.5)
        assert hanging.wait(LIMIT_S)

    with room_of(Many(each)) as room:
        with room.beginning():
            stuck = room.job(1, hangs)
            other = room.job(2, lambda stage, fraction: heard.append(fraction))
        assert other.result(LIMIT_S).details["jobs_at_once"] == 2
        assert not stuck.done()
        free.set()
        stuck.result(LIMIT_S)
    assert set(heard) <= {0.0, 0.5}


def test_a_job_that_waits_in_line_can_be_cancelled_at_once() -> None:
    busy, free = threading.Event(), threading.Event()

    def each(seed: int, report: Progress) -> None:
        busy.set()
        assert free.wait(LIMIT_S)

    stages: list[str] = []

    def cancelled(stage: str, fraction: float) -> None:
        stages.append(stage)
        raise Cancelled("in line")

    engine = Many(each)
    with room_of(engine) as room:
        with room.beginning():
            first = room.job(1)
        assert busy.wait(LIMIT_S)
        with room.beginning():
            second = room.job(2, cancelled)
        with pytest.raises(Cancelled, match="in line"):
            second.result(LIMIT_S)
        assert not first.done()
        free.set()
        first.result(LIMIT_S)
    assert stages == ["wait"]
    assert engine.calls == [[1]]


def test_a_job_that_is_stopped_keeps_its_place_until_the_engine_comes_back() -> None:
    """Else an engine that never does would look idle, and nobody would end its worker."""
    free, over = threading.Event(), threading.Event()

    def stopped(stage: str, fraction: float) -> None:
        over.set()
        raise Cancelled("too long")

    with room_of(Many(lambda seed, report: (report("mute", 0.1), free.wait(LIMIT_S), None)[2])) as room:
        with room.beginning():
            job = room.job(1, stopped)
        assert over.wait(LIMIT_S)
        assert not job.done()
        free.set()
        with pytest.raises(Cancelled, match="too long"):
            job.result(LIMIT_S)


def test_takes_and_near_regions_are_made_in_a_call_of_their_own() -> None:
    class All(Many):
        def fill_takes(self, window: Song, hole: Frames, edits: Any, progress: Progress) -> Any:
            self.calls.append([-1])
            return [filling(0), filling(1)]

        def window_together(self, holes: Any, total: int, rate_hz: int, edits: Any) -> Frames:
            return Frames(0, total)

        def fill_together(self, window: Song, holes: Any, edits: Any, progress: Progress) -> Any:
            self.calls.append([-2])
            return [[filling(0)]]

    engine = All()
    with room_of(engine) as room:
        shared: Any = room.engines.named("tone")
        assert shared.window_together([HOLE], 100, 8000, []) == Frames(0, 100)
        assert len(shared.fill_takes(WINDOW, HOLE, [], print)) == 2
        assert shared.fill_together(WINDOW, [HOLE], [], print)[0][0].details == {"own": 0}
    assert engine.calls == [[-1], [-2]]


def test_a_shared_engine_can_what_the_real_one_can() -> None:
    with room_of(Many()) as room:
        shared = room.engines.load()
        assert not isinstance(shared, TakesEngine | NearRegionsEngine | ManyEngine)
        assert room.engines.at_once == 4
        assert shared.spec.name == "tone"
        assert room.engines.named("tone") is shared

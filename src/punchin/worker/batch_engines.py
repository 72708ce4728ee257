"""The engines of a worker that has several jobs at once: each stands in for the real one and has a line."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from punchin.engine import ManyEngine, NearRegionsEngine, Request, TakesEngine
from punchin.worker.batching import Asked, Line, OnTheWay
from punchin.worker.engines import AUTO, WarmEngines

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from punchin.edits import Edit
    from punchin.engine import Engine, EngineSpec, Filling, Progress
    from punchin.region import Frames
    from punchin.song import Song


class SharedEngine:
    """An engine that several jobs use: one after the other, or together where it can.

    Args:
        engine: the real one, loaded.
        line: who waits for it.
    """

    def __init__(self, engine: Engine, line: Line) -> None:
        self._engine, self._line = engine, line

    @property
    def spec(self) -> EngineSpec:
        """That of the real one."""
        return self._engine.spec

    def load(self) -> None:
        """The real one is loaded."""

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:
        """See `Engine.window`."""
        return self._engine.window(hole, total, rate_hz, edit)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """See `Engine.fill`; may be made together with fills of other jobs."""
        asked = Asked(
            lambda report: self._engine.fill(window, hole, edit, report),
            lambda report: Request(window, hole, edit, report),
        )
        return self._line.made(asked, progress)


class _Takes(SharedEngine):
    def fill_takes(
        self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Filling]:
        """See `TakesEngine.fill_takes`."""
        engine = self._engine
        assert isinstance(engine, TakesEngine)
        return self._line.made(Asked(lambda report: engine.fill_takes(window, hole, edits, report)), progress)


class _Near(SharedEngine):
    def window_together(
        self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit]
    ) -> Frames | None:
        """See `NearRegionsEngine.window_together`."""
        assert isinstance(self._engine, NearRegionsEngine)
        return self._engine.window_together(holes, total, rate_hz, edits)

    def fill_together(
        self, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
    ) -> Sequence[Sequence[Filling]]:
        """See `NearRegionsEngine.fill_together`."""
        engine = self._engine
        assert isinstance(engine, NearRegionsEngine)
        return self._line.made(
            Asked(lambda report: engine.fill_together(window, holes, edits, report)), progress
        )


class _TakesNear(_Takes, _Near):
    pass


_KINDS: dict[tuple[bool, bool], type[SharedEngine]] = {
    (False, False): SharedEngine,
    (True, False): _Takes,
    (False, True): _Near,
    (True, True): _TakesNear,
}
"""By what the real one can, takes at once and near regions together: what an engine has, it is asked for."""


class SharedEngines(WarmEngines):
    """`WarmEngines` for a worker that has several jobs at once.

    Args:
        name: as there.
        most: how many jobs at once.
    """

    def __init__(self, name: str, most: int) -> None:
        super().__init__(name)
        self._most = most
        self._on_the_way = OnTheWay()
        self._shared: dict[str, SharedEngine] = {}
        self._loading = threading.Lock()

    @property
    def at_once(self) -> int:
        """More than one only if the engine of jobs that name none makes several fills in one call."""
        return self._most if isinstance(self._loaded.get(self._name), ManyEngine) else 1

    @contextmanager
    def job(self) -> Generator[None]:
        """See `WarmEngines.job`: fills of others wait a moment for its own."""
        self._on_the_way.begin()
        try:
            yield
        finally:
            self._on_the_way.arrive()

    def load(self) -> Engine:
        """See `WarmEngines.load`."""
        return self.named(AUTO)

    def named(self, name: str) -> Engine:
        """See `WarmEngines.named`; safe to ask from several threads."""
        with self._loading:
            engine = super().named(name)
            kind = _KINDS[isinstance(engine, TakesEngine), isinstance(engine, NearRegionsEngine)]
            line = Line(engine, self._most, self._on_the_way)
            return self._shared.setdefault(engine.spec.name, kind(engine, line))

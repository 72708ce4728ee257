"""Engines that stay loaded between jobs, and what this worker can tell about the installed ones."""

from __future__ import annotations

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from punchin.engine import CheckedEngine
from punchin.engines import installed_engines, load_engine
from punchin.errors import EngineUnavailable

if TYPE_CHECKING:
    from collections.abc import Generator

    from punchin.engine import Engine, EngineSpec

AUTO = "auto"


class WarmEngines:
    """Loads each engine once.

    Args:
        name: the one that serves jobs which name none: `PUNCHIN_ENGINE`.
    """

    def __init__(self, name: str = AUTO) -> None:
        self._name = name
        self._loaded: dict[str, Engine] = {}

    @property
    def at_once(self) -> int:
        """How many jobs the worker takes at once, when the engine of jobs that name none is loaded."""
        return 1

    @contextmanager
    def job(self) -> Generator[None]:
        """A job of this thread is at work."""
        yield

    def load(self) -> Engine:
        """The engine of jobs that name none, loaded.

        Raises:
            UnknownEngine, EngineUnavailable: as `load_engine`.
        """
        return self.named(AUTO)

    def named(self, name: str) -> Engine:
        """The engine of that name, loaded; `auto` is the one that this worker was set up with.

        Raises:
            UnknownEngine, EngineUnavailable: as `load_engine`.
        """
        wanted = self._name if name == AUTO else name
        if wanted not in self._loaded:
            engine = load_engine(wanted)
            # "auto" and the name that it stands for are one engine, loaded once.
            self._loaded[wanted] = self._loaded.setdefault(engine.spec.name, engine)
        return self._loaded[wanted]

    def known(self) -> list[dict[str, Any]]:
        """Every installed engine as JSON values: what the API tells of them without loading one."""
        loaded = {engine.spec.name for engine in self._loaded.values()}
        serving = self._loaded.get(self._name)
        told: list[dict[str, Any]] = []
        for name, entry in installed_engines().items():
            try:
                engine = entry.make()
                if isinstance(engine, CheckedEngine):
                    engine.check()
                spec = engine.spec
            except EngineUnavailable as error:
                told.append({"name": name, "available": False, "why": str(error)})
                continue
            told.append(
                described(spec)
                | {
                    "available": True,
                    "loaded": spec.name in loaded,
                    "auto": serving is not None and serving.spec.name == spec.name,
                }
            )
        return told


def described(spec: EngineSpec) -> dict[str, Any]:
    """A spec as JSON values; None where there is no upper limit."""
    return {
        "name": spec.name,
        "version": spec.version,
        "summary": spec.summary,
        "shortest_s": spec.shortest_s,
        "longest_s": spec.longest_s if math.isfinite(spec.longest_s) else None,
        "honours": sorted(spec.honours),
    }

"""What this server can run, as its workers last said: the API itself loads no engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from punchin.web.wire import HOSTED_MODEL, MODEL_ENDING, NoSuchModel

if TYPE_CHECKING:
    from collections.abc import Iterable

    from punchin.store import WorkerRecord

AUTO = "auto"
OURS = "punchin"


@dataclass(frozen=True, slots=True)
class Installed:
    """Engines as the workers told of them.

    Attributes:
        told: one object an engine: name, version, summary, available, auto and more; empty before the first
            worker has said anything.
    """

    told: tuple[dict[str, Any], ...]

    @classmethod
    def of(cls, workers: Iterable[WorkerRecord]) -> Installed:
        """The engines of all workers; where they differ, whoever can run it counts, and was heard last."""
        told: dict[str, dict[str, Any]] = {}
        for worker in sorted(workers, key=lambda worker: worker.seen_at):
            for engine in worker.engines:
                name = str(engine.get("name"))
                if engine.get("available") or not told.get(name, {}).get("available"):
                    told[name] = engine
        return cls(tuple(told[name] for name in sorted(told)))

    @property
    def names(self) -> list[str]:
        """Those that can run."""
        return [str(engine["name"]) for engine in self.told if engine.get("available")]

    @property
    def serving(self) -> str:
        """The one behind `auto`, or "" as long as no worker has loaded it."""
        return next((str(engine["name"]) for engine in self.told if engine.get("auto")), "")

    @property
    def models(self) -> list[str]:
        """Model ids that can be called."""
        return [HOSTED_MODEL, *(f"{OURS}/{name}/{MODEL_ENDING}" for name in self.names)]

    def engine_of(self, model: str) -> str:
        """The engine that a model id stands for.

        Raises:
            NoSuchModel: there is none of that id.
        """
        if model == HOSTED_MODEL:
            return AUTO
        owner, _, rest = model.partition("/")
        name, _, ending = rest.rpartition("/")
        known = bool(name) and (name in self.names if self.told else "/" not in name)
        if owner == OURS and ending == MODEL_ENDING and (why := self._why_not(name)):
            raise NoSuchModel(f"engine {name!r} cannot run on this server yet: {why}")
        if owner != OURS or ending != MODEL_ENDING or not (known or name == AUTO):
            raise NoSuchModel(f"there is no model {model[:100]!r} here; there are {', '.join(self.models)}")
        return name

    def _why_not(self, name: str) -> str:
        """What an installed engine lacks; "" for one that lacks nothing or is not installed."""
        return next((str(engine.get("why", "")) for engine in self.told if engine.get("name") == name), "")

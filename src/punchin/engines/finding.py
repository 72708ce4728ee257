"""Finds engines by entry point: ours and those of other packages come through the same door."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from punchin.errors import EngineOutOfMemory, EngineUnavailable, UnknownEngine

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.engine import Engine

GROUP = "punchin.engines"
"""The entry point group; each entry names a class or function that makes an `Engine` without arguments."""

BEST_FIRST = ("ace-step", "embedded")
"""What `auto` tries, in this order: the first one that loads on this machine serves."""


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """An installed engine that is not imported yet.

    Attributes:
        name: as in `--engine NAME`.
        package: the distribution that brings it, with its version.
        entry_point: where it is.
    """

    name: str
    package: str
    entry_point: EntryPoint

    def make(self) -> Engine:
        """Import the engine and make one, not loaded yet.

        Raises:
            EngineUnavailable: if a package that it needs is missing.
        """
        try:
            factory = cast("Callable[[], Engine]", self.entry_point.load())
        except ImportError as error:
            raise EngineUnavailable(
                f"engine {self.name!r} of {self.package} cannot start: {error}"
            ) from error
        return factory()


def installed_engines() -> dict[str, EngineEntry]:
    """Every engine that some installed package offers, by name."""
    found: dict[str, EngineEntry] = {}
    for entry in entry_points(group=GROUP):
        package = f"{entry.dist.name} {entry.dist.version}" if entry.dist else "unknown package"
        found.setdefault(entry.name, EngineEntry(entry.name, package, entry))
    return dict(sorted(found.items()))


def load_engine(name: str = "auto") -> Engine:
    """The engine of that name, loaded and ready to fill; errors are those of `find_engine`."""
    engine = find_engine(name)
    engine.load()
    return engine


def find_engine(name: str = "auto") -> Engine:
    """The engine of that name, not loaded yet; `auto` is the best one that this machine can run.

    Raises:
        UnknownEngine: if there is none of that name; names those that come near.
        EngineUnavailable: if it cannot run here; says what is missing.
    """
    entries = installed_engines()
    if name == "auto":
        return _first_that_loads(entries)
    if name not in entries:
        near = difflib.get_close_matches(name, entries, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UnknownEngine(f"there is no engine {name!r}; {hint}installed: {', '.join(entries)}")
    return entries[name].make()


def _first_that_loads(entries: dict[str, EngineEntry]) -> Engine:
    reasons: list[str] = []
    for name in BEST_FIRST:
        if name not in entries:
            continue
        try:
            engine = entries[name].make()
            engine.load()
        except (EngineUnavailable, EngineOutOfMemory) as error:
            reasons.append(str(error))
        else:
            return engine
    raise EngineUnavailable("; ".join(reasons) or "no engine is installed; reinstall punchin")

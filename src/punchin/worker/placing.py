"""Which jobs belong to a worker: those of engines that run here, or of fewer, where the operator says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from punchin.errors import SettingsError
from punchin.job import AUTO

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LEFT_OUT = "PUNCHIN_SERVES leaves it to other workers"


def checked(serves: Sequence[str], installed: Collection[str]) -> Sequence[str]:
    """What PUNCHIN_SERVES says, if all of it is something.

    Raises:
        SettingsError: a name is no engine's: no job of it would ever come.
    """
    for name in serves:
        if name != AUTO and name not in installed:
            there = ", ".join([AUTO, *sorted(installed)])
            raise SettingsError(f"PUNCHIN_SERVES names {name!r}, which is no engine here; there are {there}")
    return serves


def placed(known: Sequence[dict[str, Any]], serves: Sequence[str]) -> list[dict[str, Any]]:
    """Engines as a worker tells of them: those whose jobs it leaves to others are not available here.

    Args:
        known: see `WarmEngines.known`.
        serves: whose jobs it takes; empty: everybody's.
    """
    if not serves:
        return list(known)
    told: list[dict[str, Any]] = []
    for engine in known:
        if engine.get("available") and not _served(engine, serves):
            told.append({"name": engine["name"], "available": False, "why": LEFT_OUT})
        else:
            told.append(engine | ({"auto": AUTO in serves and engine["auto"]} if "auto" in engine else {}))
    return told


def _served(engine: dict[str, Any], serves: Sequence[str]) -> bool:
    return engine["name"] in serves or (AUTO in serves and bool(engine.get("auto")))


def taken(known: Sequence[dict[str, Any]], serves: Sequence[str]) -> list[str]:
    """Whose jobs a worker takes, as jobs name them.

    Args:
        known, serves: see `placed`.
    """
    names = [AUTO, *(str(engine["name"]) for engine in known if engine.get("available"))]
    return [name for name in names if name in serves] if serves else names

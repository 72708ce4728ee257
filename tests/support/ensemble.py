"""An engine that fills several songs in one call, and writes down how many: `support.unruly` in company."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.engine import EngineSpec
from punchin.errors import PunchinError
from support.unruly import UnrulyEngine

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engine import Filling, Request

CALLS = "calls.txt"
"""In the folder that the worker was started in: its process and how many fills, a line each call."""


class EnsembleEngine(UnrulyEngine):
    """See the module."""

    spec = EngineSpec(
        name="ensemble", version="1", summary="Fills several at once.", honours=frozenset({"tags"})
    )

    def fill_many(self, requests: Sequence[Request]) -> list[Filling | PunchinError]:
        with Path(CALLS).open("a") as calls:
            calls.write(f"{os.getpid()} {len(requests)}\n")
        answers: list[Filling | PunchinError] = []
        for request in requests:
            try:
                answers.append(self.fill(request.window, request.hole, request.edit, request.progress))
            except PunchinError as error:
                answers.append(error)
        return answers


def installed_in(folder: Path) -> None:
    """Make a folder that, on Python's path, installs this engine through the door for foreign packages."""
    info = folder / "punchin_ensemble-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: punchin-ensemble\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[punchin.engines]\nensemble = support.ensemble:EnsembleEngine\n")

"""Progress for people: what is being done, a bar and the time left; nothing at all where nobody watches."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from punchin.engine import no_progress

if TYPE_CHECKING:
    from collections.abc import Generator

    from punchin.engine import Progress


@contextmanager
def shown_progress(*, quiet: bool) -> Generator[Progress]:
    """A progress bar on standard error while the block runs, if that is a terminal.

    Args:
        quiet: show nothing in any case.
    """
    if quiet or not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("open", total=1.0)

        def show(stage: str, fraction: float) -> None:
            bar.update(task, description=stage, completed=fraction)

        yield show

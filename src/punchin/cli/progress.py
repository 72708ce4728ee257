"""Progress for people: what is being done, a bar and the time left; nothing at all where nobody watches."""

from __future__ import annotations

import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from punchin.engine import no_progress
from punchin.errors import Cancelled

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

    from punchin.engine import Progress


class _Stop:
    """Whether the person has asked to stop.

    An exception out of a signal handler may surface inside a callback of a C library, which swallows it or
    takes it for a damaged file. So the first signal only sets a flag, and the next progress report raises; a
    second signal stops at once.
    """

    def __init__(self) -> None:
        self.asked = False

    def __call__(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """The signal handler."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True

    def guarding(self, progress: Progress) -> Progress:
        """The same progress, which raises `Cancelled` once the person has asked to stop."""

        def report(stage: str, fraction: float) -> None:
            if self.asked:
                raise Cancelled
            progress(stage, fraction)

        return report


@contextmanager
def shown_progress(*, quiet: bool) -> Generator[Progress]:
    """A progress bar on standard error while the block runs, if that is a terminal; Ctrl-C cancels the work.

    Args:
        quiet: show nothing in any case.
    """
    stop = _Stop()
    before = {sign: signal.signal(sign, stop) for sign in (signal.SIGINT, signal.SIGTERM)}
    try:
        if quiet or not sys.stderr.isatty():
            yield stop.guarding(no_progress)
        else:
            with _bar() as progress:
                yield stop.guarding(progress)
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)


@contextmanager
def _bar() -> Generator[Progress]:
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

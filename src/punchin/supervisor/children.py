"""A process that is kept running."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = structlog.get_logger("punchin.supervisor")

FIRST_WAIT_S = 0.2
LONGEST_WAIT_S = 30.0
HEALTHY_S = 10.0
"""A process that ran so long was not broken from the start: the next wait is short again."""


class Child:
    """A process that is started again whenever it ends, after a wait that grows while it keeps ending.

    Args:
        name: for the log.
        command: program and arguments.
        clock: monotonic seconds.
    """

    def __init__(
        self, name: str, command: Sequence[str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.name = name
        self._command, self._clock = list(command), clock
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._wait_s = FIRST_WAIT_S
        self._not_before = 0.0

    @property
    def pid(self) -> int | None:
        """Its process id; None while it does not run."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def age_s(self) -> float:
        """How long it has been running."""
        return self._clock() - self._started

    def tend(self) -> None:
        """Start it if it does not run and has waited long enough. From the main thread only.

        Linux ends a process that asked for it when the thread that started it ends.
        """
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._process = None
            self._wait_s = FIRST_WAIT_S if self.age_s >= HEALTHY_S else min(2 * self._wait_s, LONGEST_WAIT_S)
            self._not_before = self._clock() + self._wait_s
            log.warning("ended", process=self.name, code=code, again_in_s=self._wait_s)
        if self._clock() >= self._not_before:
            self._process = subprocess.Popen(self._command, stdin=subprocess.DEVNULL)
            self._started = self._clock()
            log.info("started", process=self.name, pid=self._process.pid)

    def kill(self) -> None:
        """End it at once; `tend` starts it again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        """Tell it to end."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, timeout_s: float) -> None:
        """Wait for its end; kill it when that takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(timeout=max(0.0, timeout_s))
        except subprocess.TimeoutExpired:
            log.warning("killed", process=self.name)
            self.kill()

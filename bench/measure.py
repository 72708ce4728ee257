"""Runs Python code in a fresh process and says what it cost; rows of a table share nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took; `peak_mb` is its largest resident memory."""

    wall_s: float
    cpu_s: float
    peak_mb: float


class Failed(Exception):
    """The measured process did not end well; the message is what it printed."""


def cost_of(code: str, *arguments: object) -> Cost:
    """The cost of `python -c code arguments`, start of the interpreter and imports included.

    Raises:
        Failed: if it ends with anything but 0.
    """
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr
    complaint = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall_s = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise Failed(complaint.decode(errors="replace"))
    return Cost(wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median_cost(runs: int, code: str, *arguments: object) -> Cost:
    """The median of several runs, figure by figure."""
    costs = [cost_of(code, *arguments) for _ in range(runs)]

    def middle(name: str) -> float:
        return sorted(getattr(cost, name) for cost in costs)[len(costs) // 2]

    return Cost(middle("wall_s"), middle("cpu_s"), middle("peak_mb"))

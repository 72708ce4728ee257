from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from punchin.supervisor.children import FIRST_WAIT_S, LONGEST_WAIT_S, Child

if TYPE_CHECKING:
    from collections.abc import Callable


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class FakeProcess:
    def __init__(self) -> None:
        self.pid, self.code = 7, None

    def poll(self) -> int | None:
        return self.code


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[FakeProcess]:
    made: list[FakeProcess] = []

    def start(*args: object, **options: object) -> FakeProcess:
        made.append(FakeProcess())
        return made[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return made


def waited(child: Child, clock: Clock, started: list[FakeProcess]) -> float:
    """Let the process end and tend it until it runs again; how long that took."""
    started[-1].code = 1
    count, began = len(started), clock.now_s
    while len(started) == count:
        child.tend()
        clock.now_s += 0.01
    return clock.now_s - began


def test_one_that_keeps_ending_is_started_ever_more_seldom(started: list[FakeProcess]) -> None:
    clock = Clock()
    child = Child("worker", ["program"], clock)
    child.tend()
    child.tend()
    assert len(started) == 1
    waits = [round(waited(child, clock, started), 1) for _ in range(12)]
    assert waits[0] == pytest.approx(2 * FIRST_WAIT_S, abs=0.05)
    assert waits == sorted(waits)
    assert waits[-1] == pytest.approx(LONGEST_WAIT_S, abs=0.05)


def test_one_that_ran_well_is_started_again_at_once(started: list[FakeProcess]) -> None:
    clock = Clock()
    child = Child("worker", ["program"], clock)
    child.tend()
    for _ in range(5):
        waited(child, clock, started)
    clock.now_s += 60
    assert waited(child, clock, started) == pytest.approx(FIRST_WAIT_S, abs=0.05)


def test_one_that_does_not_end_when_told_is_killed() -> None:
    deaf = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"
    child = Child("deaf", [sys.executable, "-c", deaf])
    child.tend()
    assert child.pid is not None
    child.stop()
    child.wait(0.2)
    assert child.pid is None


PARENT = """
import subprocess, sys, os
child = subprocess.Popen([sys.executable, "-c", {child!r}, str(os.getpid())],
    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
child.stdout.readline()
print(child.pid, flush=True)
{then}
"""
CHILD = """
import sys, time
from punchin.supervisor.parenthood import end_with
end_with(int(sys.argv[1]))
print(flush=True)
time.sleep(30)
"""


def test_a_child_does_not_outlive_its_parent(until_gone: Callable[[int], bool]) -> None:
    code = PARENT.format(child=CHILD, then="os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert until_gone(int(done.stdout))


def test_a_child_whose_parent_died_before_it_could_ask_ends_too() -> None:
    code = "from punchin.supervisor.parenthood import end_with; end_with(1 << 30); print('alive')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")

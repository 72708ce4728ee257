from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from punchin.confinement import Zygote

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from punchin.confinement import Child

TESTS = Path(__file__).resolve().parents[2]
NEST = [sys.executable, "-m", "support.nest"]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(TESTS)}


@pytest.fixture(scope="module")
def zygote() -> Generator[Zygote]:
    zygote = Zygote(NEST, env=environment())
    yield zygote
    zygote.close()


def ask(child: Child, word: str) -> list[int]:
    child.line.sendall(f"{word}\n".encode())
    child.line.settimeout(30)
    return list(map(int, child.line.recv(100).split()))


def wait_for(condition: Callable[[], bool], limit_s: float = 20.0) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_each_child_is_a_process_of_its_own_of_one_zygote(zygote: Zygote) -> None:
    first, second = zygote.fork(), zygote.fork()
    pid, parent, threads = ask(first, "pid")
    other, same, _ = ask(second, "pid")
    assert len({pid, other, parent, os.getpid()}) == 4
    assert (same, threads) == (parent, 1)
    for child in (first, second):
        child.line.sendall(b"end\n")
        ending = child.wait()
        assert ending is not None
        assert ending.code == 0
        assert ending.peak_bytes > 1_000_000
        child.close()


@pytest.mark.parametrize(
    ("word", "code"),
    [("crash", -signal.SIGSEGV), ("abort", -signal.SIGABRT), ("raise", 1), ("exit", 1)],
)
def test_how_a_child_ended_is_told_and_the_next_one_runs(zygote: Zygote, word: str, code: int) -> None:
    child = zygote.fork()
    child.line.sendall(f"{word}\n".encode())
    assert child.line.recv(1) == b"", "nobody else holds the other end"
    ending = child.wait()
    assert ending is not None
    assert ending.code == code
    child.close()
    after = zygote.fork()
    assert ask(after, "pid")
    after.close()


def test_a_child_that_does_not_listen_is_killed(zygote: Zygote) -> None:
    child = zygote.fork()
    pid, *_ = ask(child, "pid")
    child.line.sendall(b"sleep\n")
    child.kill()
    ending = child.wait()
    assert ending is not None
    assert ending.code == -signal.SIGKILL
    assert not runs(pid)
    child.close()


def test_a_child_that_is_let_go_of_is_killed(zygote: Zygote) -> None:
    child = zygote.fork()
    pid, *_ = ask(child, "pid")
    child.line.sendall(b"sleep\n")
    child.close()
    wait_for(lambda: not runs(pid))


def test_who_tells_everybody_to_stop_does_not_stop_a_child(zygote: Zygote) -> None:
    child = zygote.fork()
    pid, parent, _ = ask(child, "pid")
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(parent, told)
        os.kill(pid, told)
    assert ask(child, "pid") == [pid, parent, 1]
    child.close()


def test_after_the_zygotes_death_there_is_another(zygote: Zygote) -> None:
    child = zygote.fork()
    pid, parent, _ = ask(child, "pid")
    child.line.sendall(b"sleep\n")
    os.kill(parent, signal.SIGKILL)
    assert child.wait() is None
    wait_for(lambda: not runs(pid))
    child.close()
    after = zygote.fork()
    assert ask(after, "pid")[1] != parent
    after.close()


def test_nobody_outlives_a_program_that_is_killed() -> None:
    code = """
import sys, time
from punchin.confinement import Zygote
zygote = Zygote([sys.executable, "-m", "support.nest"])
child = zygote.fork()
child.line.sendall(b"pid\\n")
print(child.line.recv(100).decode(), flush=True)
child.line.sendall(b"sleep\\n")
time.sleep(600)
"""
    program = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment())
    with program:
        assert program.stdout is not None
        pid, parent, _ = map(int, program.stdout.readline().split())
        assert runs(pid)
        program.kill()
    wait_for(lambda: not runs(pid) and not runs(parent))

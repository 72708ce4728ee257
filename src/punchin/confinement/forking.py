"""One process for each piece of work, forked from a program that has everything imported: milliseconds.

    this program            the zygote                        a child
    Zygote.fork ──fds──►  serve: fork ───────────────────►  work(line)
      Child.line ◄═══════════════════════════════════════►  line
      Child.wait ◄─── how it ended ── wait for the child

A program with threads must not fork by itself: their locks would stay locked in the child. When the program
that made a zygote ends, however it ends, so do the zygote and its children.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from punchin.confinement.kernel import die_with_parent

if TYPE_CHECKING:
    import resource
    from collections.abc import Callable, Mapping, Sequence
    from types import FrameType

LOOK_S = 2.0
"""How often a zygote looks whether its parent is still there, beside noticing the end of its line."""
END_S = 10.0
"""How long the end of a killed child may take; a process that waits for a disk can be slow to die."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How a child ended.

    Attributes:
        code: its exit code, or minus the signal that killed it.
        cpu_s: how long it computed.
        peak_bytes: the most memory that it had at once.
    """

    code: int
    cpu_s: float
    peak_bytes: int


class Child:
    """A child of a zygote, as the program sees it that asked for it.

    Attributes:
        line: what it talks through; reads nothing more when it has ended.
    """

    def __init__(self, line: socket.socket, news: socket.socket) -> None:
        self.line = line
        self._news = news

    def kill(self) -> None:
        """End it at once; its zygote does, which alone knows that the number is still its own."""
        with contextlib.suppress(OSError):
            self._news.shutdown(socket.SHUT_WR)

    def wait(self, limit_s: float = END_S) -> Ending | None:
        """How it ended; None if the zygote is gone or the time over."""
        self._news.settimeout(limit_s)
        told = b""
        try:
            while more := self._news.recv(4096):
                told += more
            return Ending(**json.loads(told)) if told else None
        except (OSError, ValueError):
            return None

    def close(self) -> None:
        """Let go of it; one that still runs is killed."""
        self.line.close()
        self._news.close()


class Zygote:
    """A program that forks, started when it is first needed and again if it has died.

    Args:
        argv: the program; it is given the number of a socket as one more argument, and calls `serve` on it.
        env: its environment; None is this one's.
    """

    def __init__(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> None:
        self._argv, self._env = list(argv), env
        self._program: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._changing = threading.Lock()

    def start(self) -> None:
        """Begin to import: what takes a second need not wait for the first work."""
        with self._changing:
            self._started()

    def fork(self) -> Child:
        """A new child.

        Raises:
            OSError: there is none to be had: no more memory, processes or open files.
        """
        ours, theirs = socket.socketpair()
        news, told = socket.socketpair()
        with theirs, told, self._changing:
            try:
                socket.send_fds(self._started(), [b"f"], [theirs.fileno(), told.fileno()])
            except OSError:  # it died between two pieces of work
                self._ended()
                socket.send_fds(self._started(), [b"f"], [theirs.fileno(), told.fileno()])
        return Child(ours, news)

    def close(self) -> None:
        """End it and its children."""
        with self._changing:
            self._ended()

    def _started(self) -> socket.socket:
        if self._program is not None and self._program.poll() is not None:
            self._ended()
        if self._control is None:
            ours, theirs = socket.socketpair()
            with theirs:
                self._program = subprocess.Popen(
                    [*self._argv, str(theirs.fileno())],
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                )
            self._control = ours
        return self._control

    def _ended(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._program is not None:
            try:
                self._program.wait(END_S)
            except subprocess.TimeoutExpired:
                self._program.kill()
                self._program.wait()
            self._program = None


def serve(control: socket.socket, work: Callable[[socket.socket], None]) -> None:
    """Fork a child for each request, until the other end is closed; for a program without threads.

    Args:
        control: what `Zygote` gave.
        work: what a child does with its line; its process ends when this returns.
    """
    # The one who asked decides when a child ends, also when a terminal or an init system tells all at once.
    for told in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(told, signal.SIG_IGN)
    # What is there now is there for good: children need not look at it, and so need no copy of its pages.
    gc.collect()
    gc.freeze()
    _Nursery(control, work).keep()


class _Nursery:
    def __init__(self, control: socket.socket, work: Callable[[socket.socket], None]) -> None:
        self._control, self._work = control, work
        self._own, self._parent = os.getpid(), os.getppid()
        self._children: dict[int, socket.socket] = {}
        self._woken, self._wake = os.pipe()
        for end in (self._woken, self._wake):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, _wake_up)
        signal.set_wakeup_fd(self._wake, warn_on_full_buffer=False)

    def keep(self) -> None:
        """Until the other end is gone; then the children go as well."""
        try:
            while self._look():
                pass
        finally:
            for pid in list(self._children):
                self._kill(pid)

    def _look(self) -> bool:
        by_news = {news.fileno(): pid for pid, news in self._children.items()}
        ready, _, _ = select.select([self._control.fileno(), self._woken, *by_news], [], [], LOOK_S)
        for handle in ready:
            if handle in by_news:  # whoever asked for it wants its end, or is gone
                self._kill(by_news[handle])
        if self._woken in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._woken, 4096)
        self._reap()
        if self._control.fileno() in ready and not self._answer():
            return False
        return os.getppid() == self._parent

    def _answer(self) -> bool:
        word, handles, _, _ = socket.recv_fds(self._control, 1, 2)
        if not word:
            return False
        line, news = (socket.socket(fileno=handle) for handle in handles)
        pid = os.fork()
        if pid == 0:
            news.close()
            self._be_born(line)
        line.close()
        self._children[pid] = news
        return True

    def _be_born(self, line: socket.socket) -> NoReturn:
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            die_with_parent(self._own, signal.SIGKILL)
            self._control.close()
            for handle in (self._woken, self._wake):
                os.close(handle)
            for news in self._children.values():
                news.close()
            _say_nothing()
            self._work(line)
            code = 0
        finally:
            os._exit(code)

    def _kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        self._buried(*os.wait4(pid, 0))

    def _reap(self) -> None:
        while self._children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            self._buried(pid, status, usage)

    def _buried(self, pid: int, status: int, usage: resource.struct_rusage) -> None:
        news = self._children.pop(pid)
        peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)  # getrusage(2) of each
        told = {
            "code": os.waitstatus_to_exitcode(status),
            "cpu_s": usage.ru_utime + usage.ru_stime,
            "peak_bytes": peak,
        }
        with contextlib.suppress(OSError):
            news.sendall(json.dumps(told).encode())
        news.close()


def _wake_up(signum: int, frame: FrameType | None) -> None:
    """Nothing; but only a signal that has a handler is written to the pipe that wakes."""


def _say_nothing() -> None:
    """What a decoder prints does not belong into the log: not its words, and not their number."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for handle in (1, 2):
        os.dup2(nothing, handle)
    os.close(nothing)

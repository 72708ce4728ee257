"""The desks: child processes that look at songs, so that no stranger's file is ever opened by the API.

`python -m punchin.desk` reads a question and answers it (its `protocol` says how). One that crashes, hangs or
wants too much ends alone; the next question gets a new one.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from punchin.confinement import Confinement, start
from punchin.errors import CallerError, OutputError, RegionError, SongError, StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import IO

log = structlog.get_logger("punchin.web")

COMMAND = (sys.executable, "-m", "punchin.desk")
MEMORY_BYTES = 2 << 30
"""Of its own: the beats of five minutes take about a third of it."""
FILE_BYTES = 8 << 30
"""The longest file that is made: a song in another format, before it is sent."""
PROBLEM = 0xFFFFFFFF
HEAVY, STEPS_BACK = "beats", 10
MOST_SONGS = 200
"""Then a desk is replaced, whatever its decoders have piled up."""
ERRORS: dict[str, type[CallerError]] = {
    error.code: error for error in (SongError, RegionError, OutputError, CallerError)
}


class DeskBusy(StoreError):
    """Songs cannot be looked at right now; try again in a moment."""

    code = "busy"


class Desks:
    """Some desks, each for one question at a time.

    Args:
        most: how many there are at once.
        songs: folders that they may read.
        scratch: a folder that they may write.
        command: starts one.
    """

    def __init__(
        self, most: int, songs: Sequence[Path], scratch: Path, command: Sequence[str] = COMMAND
    ) -> None:
        self._command = list(command)
        self._confinement = Confinement(
            memory_bytes=MEMORY_BYTES,
            cpu_s=None,
            file_bytes=FILE_BYTES,
            # In a checkout the package is found by looking through the folder above it.
            folders_readable=(*songs, Path(__file__).resolve().parents[2]),
            folders_writable=(scratch,),
        )
        self._most = most
        self._free = threading.BoundedSemaphore(most)
        self._lock = threading.Lock()
        self._idle: list[_Desk] = []
        self._at_work: list[_Desk] = []
        self._closed = False

    def warm(self) -> None:
        """Start all of them before anybody asks: each gets ready by itself.

        Raises:
            DeskBusy: none can be started.
        """
        with self._lock:
            while len(self._idle) < self._most and not self._closed:
                self._idle.append(self._new())

    def ask(self, question: dict[str, Any], take: Callable[[bytes], object], limit_s: float) -> None:
        """Ask, and wait for the answer.

        Args:
            question: as `punchin.desk.protocol` has it.
            take: gets the answer piece by piece.
            limit_s: how long it may take.

        Raises:
            SongError: the song cannot be read; or reading it crashed, or took too long.
            CallerError: that cannot be done with this song.
            DeskBusy: no desk can be started.
        """
        with self._free:
            desk = self._take(question["path"])
            try:
                desk.ask(question, take, limit_s)
            except BaseException:
                desk.settle()
                raise
            finally:
                self._put_back(desk)

    def close(self) -> None:
        """End all of them, those at work too; nothing can be asked any more."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
            for desk in self._at_work:
                desk.kill()
        for desk in idle:
            desk.end()

    def _take(self, path: str) -> _Desk:
        """An idle desk: the one that has the song open already, else the one that was used last."""
        with self._lock:
            for dead in [desk for desk in self._idle if not desk.alive]:
                self._idle.remove(dead)
                dead.end()
            if self._closed:
                raise DeskBusy("this server is stopping")
            if self._idle:
                desk = next((desk for desk in self._idle if path in desk.seen), self._idle[-1])
                self._idle.remove(desk)
            else:
                desk = self._new()
            self._at_work.append(desk)
            return desk

    def _new(self) -> _Desk:
        return _Desk(self._command, self._confinement)

    def _put_back(self, desk: _Desk) -> None:
        with self._lock:
            self._at_work.remove(desk)
            usable = desk.alive and not desk.tired
            if not self._closed:
                with contextlib.suppress(DeskBusy):
                    self._idle.append(desk if usable else self._new())
            usable = usable and not self._closed
        if not usable:
            desk.end()


class _Ended(Exception):
    """The process is not there any more."""


class _Desk:
    """One process."""

    def __init__(self, command: list[str], confinement: Confinement) -> None:
        self.seen: set[str] = set()
        self.tired = False
        self._mid_answer = False
        self._killed_late = False
        try:
            self._process = start(command, confinement, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        except OSError as error:
            raise DeskBusy(f"songs cannot be looked at right now: {error.strerror}") from error

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, question: dict[str, Any], take: Callable[[bytes], object], limit_s: float) -> None:
        # The analysis steps back behind what is drawn and played. What it has loaded stays in the process, so
        # that is not used again: a new one is small, and in front.
        if question["ask"] == HEAVY:
            self.tired = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, STEPS_BACK)
        watch = threading.Timer(limit_s, self._too_late)
        watch.daemon = True
        watch.start()
        self._mid_answer = True
        try:
            self._say(msgspec.json.encode(question) + b"\n")
            while piece := self._piece():
                take(piece)
            self._mid_answer = False
        except _Ended as error:
            raise SongError(self._ending(question["name"], limit_s)) from error
        finally:
            watch.cancel()
        self.seen.add(question["path"])
        self.tired = self.tired or len(self.seen) > MOST_SONGS

    def settle(self) -> None:
        """After an error: a desk that is still in the middle of an answer is of no use any more."""
        if self._mid_answer:
            self.kill()
            self._process.wait()

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _piece(self) -> bytes:
        length = int.from_bytes(self._read(4), "little")
        if length != PROBLEM:
            return self._read(length)
        told = msgspec.json.decode(self._read(int.from_bytes(self._read(4), "little")))
        self._mid_answer = False
        raise ERRORS.get(told["code"], CallerError)(told["message"])

    def _say(self, line: bytes) -> None:
        try:
            pipe = self._pipe(self._process.stdin)
            pipe.write(line)
            pipe.flush()
        except OSError as error:
            raise _Ended from error

    def _read(self, count: int) -> bytes:
        try:
            found = self._pipe(self._process.stdout).read(count)
        except OSError as error:
            raise _Ended from error
        if len(found) < count:
            raise _Ended
        return found

    def _ending(self, name: str, limit_s: float) -> str:
        """Why there was no answer."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(1.0)
        log.warning("a desk ended", code=self._process.returncode, late=self._killed_late)
        if self._killed_late:
            return f"{name} could not be looked at in {limit_s:g} s, so that was given up"
        return f"{name} could not be read safely: the program that read it ended"

    def _too_late(self) -> None:
        self._killed_late = True
        self._process.kill()

    @staticmethod
    def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
        assert pipe is not None
        return pipe

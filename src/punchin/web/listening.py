"""What is known of songs: asked of the desks once, kept, and given while it comes in."""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from punchin.errors import PunchinError, SongError, StoreError
from punchin.web.desks import HEAVY, DeskBusy, Desks
from punchin.web.finding import Finding, trim

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from punchin.filestore import FileStore

LANES = {"quick": 2, "slow": 1, HEAVY: 1}
"""How many questions are answered at once: short ones, those that take their time, and beats: those of
an hour take minutes, and whoever compares takes shall not wait for them."""
MOST_WAITING = 64


@dataclass(frozen=True, slots=True)
class Heard:
    """A song of the file store that is asked about.

    Attributes:
        key: in the file store.
        identity: the same for files with the same bytes.
        name: what people call it.
    """

    key: str
    identity: str
    name: str


class _Staff:
    """Desks, and those who wait for them."""

    def __init__(self, desks: Desks) -> None:
        self.desks = desks
        self.lanes = {
            lane: ThreadPoolExecutor(count, thread_name_prefix="listening") for lane, count in LANES.items()
        }

    def close(self) -> None:
        # Without desks, those who wait are told so at once.
        self.desks.close()
        for lane in self.lanes.values():
            lane.shutdown()


class Listening:
    """Asks the desks about songs.

    Args:
        files: where the songs are.
        songs: the same as a folder of this machine, if it is one.
        folder: for what is kept; nothing in it is needed.
        most_bytes: how much is kept.
    """

    def __init__(self, files: FileStore, songs: Path | None, folder: Path, most_bytes: int) -> None:
        self._files, self._folder, self._most_bytes = files, folder.absolute(), most_bytes
        self._songs = songs
        self._staff: _Staff | None = None
        self._lock = threading.Lock()
        self._coming: dict[str, Finding] = {}
        self._waiting = 0

    @property
    def scratch(self) -> Path:
        """A folder for files that nobody needs once they are sent."""
        return self._made("scratch")

    def warm(self) -> None:
        """Get desks ready before anybody asks; nothing where they are."""
        with suppress(DeskBusy):
            self._working().desks.warm()

    def close(self) -> None:
        """End the desks; who waits for them is told so, and who asks afterwards gets new ones."""
        with self._lock:
            staff, self._staff = self._staff, None
        if staff:
            staff.close()

    def ask(
        self,
        songs: Sequence[Heard],
        ask: str,
        *,
        keep: bool = True,
        slow: bool = False,
        limit_s: float = 120.0,
        **details: Any,
    ) -> Finding:
        """Ask, or find what was asked before. Comes back at once; errors come with the finding.

        Args:
            songs: which one; for a comparison the new and the old one.
            ask: what, a question of the desk.
            keep: whether the answer is kept for the next who asks.
            slow: whether it takes its time, so that short questions must not wait behind it.
            limit_s: how long the desk may take.
            details: of the question.

        Raises:
            DeskBusy: too many are waiting.
            StoreError: there is no room for the answer.
        """
        name = _name_of(songs, ask, details)
        with self._lock:
            if keep and (finding := self._coming.get(name) or self._kept(name)):
                return finding
            if self._waiting >= MOST_WAITING:
                raise DeskBusy
            finding, part = self._new()
            self._waiting += 1
            if keep:
                self._coming[name] = finding
        question = {"ask": ask, **details}
        try:
            lane = HEAVY if ask == HEAVY else "slow" if slow else "quick"
            self._working().lanes[lane].submit(
                self._answer, songs, question, finding, part, name, keep, limit_s
            )
        except RuntimeError as error:
            self._done(name, keep)
            part.unlink(missing_ok=True)
            raise DeskBusy("this server is stopping") from error
        return finding

    def _answer(
        self,
        songs: Sequence[Heard],
        question: dict[str, Any],
        finding: Finding,
        part: Path,
        name: str,
        keep: bool,
        limit_s: float,
    ) -> None:
        error: PunchinError | None = None
        try:
            question["name"] = songs[0].name
            for word, song in zip(("path", "against"), songs, strict=False):
                question[word] = str(self._local(song))
            self._working().desks.ask(question, finding.add, limit_s)
            if keep:
                part.replace(self._place(name))
        except PunchinError as found:
            error = found
        except FileNotFoundError:
            error = SongError(f"{songs[0].name} is not here any more, or has not arrived yet")
        except OSError as found:
            error = StoreError(f"there is no room to look at songs: {found.strerror}")
        except Exception as found:  # noqa: BLE001  # whoever waits for it must not wait for ever
            error = StoreError(f"a fault of this server stopped the look at the song: {found!r}")
        finally:
            part.unlink(missing_ok=True)
            self._done(name, keep)
            finding.finish(error)
        if keep:
            self._trim()

    def _working(self) -> _Staff:
        """Desks and their queues; their folders are made when somebody asks, and not before."""
        with self._lock:
            if self._staff is None:
                folders = [self._made("."), *([self._songs.absolute()] if self._songs else [])]
                self._staff = _Staff(Desks(sum(LANES.values()), folders, self.scratch))
            return self._staff

    def _done(self, name: str, keep: bool) -> None:
        with self._lock:
            self._waiting -= 1
            if keep:
                self._coming.pop(name, None)

    def _local(self, song: Heard) -> Path:
        """The song on this machine; one of an object store is fetched, and kept like an answer."""
        if path := self._files.local_path(song.key):
            return path.absolute()
        place = self._place(f"{song.identity}.song")
        if place.exists():
            os.utime(place)
        else:
            self._files.fetch_to(song.key, place)
        return place

    def _kept(self, name: str) -> Finding | None:
        place = self._place(name)
        with suppress(OSError):
            handle = os.open(place, os.O_RDONLY)
            os.utime(place)
            return Finding(handle, os.fstat(handle).st_size)
        return None

    def _new(self) -> tuple[Finding, Path]:
        try:
            handle, path = tempfile.mkstemp(".part", dir=self._made("."))
        except OSError as error:
            raise StoreError(f"there is no room to look at songs: {error.strerror}") from error
        from pathlib import Path

        return Finding(handle), Path(path)

    def _place(self, name: str) -> Path:
        return self._made(".") / name

    def _made(self, inner: str) -> Path:
        place = self._folder / inner
        place.mkdir(parents=True, exist_ok=True)
        return place

    def _trim(self) -> None:
        """Let go of what was used longest ago, until the rest fits."""
        trim(self._folder, self._most_bytes, time.time())


def _name_of(songs: Sequence[Heard], ask: str, details: dict[str, Any]) -> str:
    """A file name for an answer: the same for the same question about the same bytes."""
    told = repr([[song.identity for song in songs], ask, sorted(details.items())])
    return f"{hashlib.sha256(told.encode()).hexdigest()[:40]}.{ask}"

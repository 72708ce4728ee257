"""Uploads that are not whole yet: files on this machine that grow part by part."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from punchin.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Generator
    from io import FileIO
    from pathlib import Path

SYNCED_AT_ONCE = 32 << 20
"""So often what came is brought to the disk: the end of a long upload then has little left to do."""


@dataclass
class Part:
    """What is there of one upload.

    Attributes:
        size: bytes.
        digest: of these bytes.
    """

    size: int = 0
    digest: Any = field(default_factory=hashlib.sha256)


class Writing:
    """An upload that is being written on.

    Attributes:
        part: what is there.
    """

    def __init__(self, file: FileIO, part: Part) -> None:
        self.part = part
        self._file, self._synced = file, part.size

    def add(self, content: bytes | bytearray) -> int:
        """Append; give how many bytes there are now.

        Raises:
            StoreError: the disk is full.
        """
        view = memoryview(content)
        try:
            while view:
                written = self._file.write(view) or 0
                self.part.digest.update(view[:written])
                self.part.size += written
                view = view[written:]
            if self.part.size - self._synced >= SYNCED_AT_ONCE:
                os.fdatasync(self._file.fileno())
                self._synced = self.part.size
        except OSError as error:
            raise StoreError(f"there is no room for the upload: {error.strerror}") from error
        return self.part.size


class Spool:
    """A folder of uploads that are not whole yet.

    Args:
        folder: made when it is needed.
        keep_s: how long one is kept that nobody goes on with.
    """

    def __init__(self, folder: Path, keep_s: float) -> None:
        self._folder, self._keep_s = folder, keep_s
        self._lock = threading.Lock()
        self._parts: dict[str, Part] = {}
        self._busy: set[str] = set()

    def path(self, upload_id: str) -> Path:
        """Where an upload lies; its id is one of the ledger, never what somebody wrote.

        Raises:
            StoreError: the folder cannot be made.
        """
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"there is no room for uploads: {error.strerror}") from error
        return self._folder.absolute() / upload_id

    def size(self, upload_id: str) -> int:
        """How many bytes are there."""
        with suppress(FileNotFoundError):
            return self.path(upload_id).stat().st_size
        return 0

    @contextmanager
    def writing(self, upload_id: str) -> Generator[Writing | None]:
        """Write on at its end; None while another request does.

        Raises:
            StoreError: it cannot be written.
        """
        with self._lock:
            busy = upload_id in self._busy
            self._busy.add(upload_id)
        if busy:
            yield None
            return
        try:
            with self._opened(upload_id) as file:
                yield Writing(file, self.part(upload_id))
        finally:
            with self._lock:
                self._busy.discard(upload_id)

    def part(self, upload_id: str) -> Part:
        """What is there of an upload; read again where another process began it."""
        part = self._parts.setdefault(upload_id, Part())
        if part.size != self.size(upload_id):
            with self.path(upload_id).open("rb") as file:
                part.digest = hashlib.file_digest(file, "sha256")
            part.size = self.size(upload_id)
        return part

    def let_go(self, upload_id: str) -> None:
        """It is not needed any more."""
        self._parts.pop(upload_id, None)
        self.path(upload_id).unlink(missing_ok=True)

    def sweep(self) -> None:
        """Let go of what nobody went on with for long."""
        if not self._folder.is_dir():
            return
        before_s = time.time() - self._keep_s
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < before_s:
                    self.let_go(path.name)

    def _opened(self, upload_id: str) -> FileIO:
        try:
            return self.path(upload_id).open("ab", buffering=0)
        except OSError as error:
            raise StoreError(f"there is no room for the upload: {error.strerror}") from error

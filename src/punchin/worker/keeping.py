"""Songs of an object store that the workers of a machine keep, so that each is fetched once."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.filestore import FileStore


@dataclass(frozen=True, slots=True)
class Kept:
    """A folder of songs by key; what was used longest ago goes first. Several processes may share it.

    Attributes:
        files: where songs come from; what is under a key never changes.
        folder: made when it is needed; on the disk that jobs work on, since songs are linked.
        most_bytes: how much is kept; 0: nothing.
    """

    files: FileStore
    folder: Path
    most_bytes: int

    def bring(self, key: str, path: Path) -> int:
        """Put a song at a path and give its length in bytes; it stays there whatever becomes of the kept one.

        Raises:
            FileNotFoundError: there is no such file, here or in the store.
            StoreError: the store cannot be used.
        """
        if self.files.size(key) > self.most_bytes:
            return self.files.fetch_to(key, path)
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.folder / hashlib.sha256(key.encode()).hexdigest()
        for _ in range(2):
            # Another worker may let it go between the look and the link.
            with suppress(FileNotFoundError):
                _used(place)
                os.link(place, path)
                return path.stat().st_size
            self.files.fetch_to(key, place)
            self._trim(place)
        return self.files.fetch_to(key, path)

    def _trim(self, newest: Path) -> None:
        """Let go of what was used longest ago until the rest fits; what was just fetched stays."""
        found: list[tuple[float, int, Path]] = []
        for place in self.folder.iterdir():
            with suppress(FileNotFoundError):
                known = place.stat()
                found.append((known.st_atime, known.st_size, place))
        total = sum(size for _, size, _ in found)
        for _, size, place in sorted(found):
            if total <= self.most_bytes:
                return
            if place != newest and not place.name.endswith(".part"):
                place.unlink(missing_ok=True)
                total -= size


def _used(place: Path) -> None:
    """Write down that a song was wanted, where its jobs do not see it.

    The time of its last change is theirs too: a song that changes while it is read is refused.
    """
    os.utime(place, ns=(time.time_ns(), place.stat().st_mtime_ns))

"""Answers that grow, in files: read while they come, kept for the next who asks, let go at last."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from punchin.errors import PunchinError

BLOCK_BYTES = 1 << 18
LOOK_S = 0.01
STALE_S = 3600.0
"""What nobody finished in an hour was left by a process that died."""


class Finding:
    """An answer that grows until it is whole; may be read from any number of places meanwhile.

    Attributes:
        error: why it is none.
    """

    def __init__(self, handle: int, size: int | None = None) -> None:
        self._handle = handle
        self._over = threading.Event()
        self.size = size or 0
        self.error: PunchinError | None = None
        weakref.finalize(self, os.close, handle)
        if size is not None:
            self._over.set()

    @property
    def over(self) -> bool:
        """Whether there is no more to come."""
        return self._over.is_set()

    def add(self, piece: bytes) -> None:
        """More of it."""
        view = memoryview(piece)
        while view:
            written = os.pwrite(self._handle, view, self.size)
            view = view[written:]
            self.size += written

    def finish(self, error: PunchinError | None = None) -> None:
        """It is whole, or will never be."""
        self.error = error
        self._over.set()

    def read(self, start: int) -> bytes:
        """Some of what is there from byte `start` on."""
        return os.pread(self._handle, min(BLOCK_BYTES, self.size - start), start)

    async def begun(self) -> None:
        """Wait until there is something.

        Raises:
            PunchinError: why there will be nothing.
        """
        while not self.size and not self.over:
            await asyncio.sleep(LOOK_S)
        if self.error and not self.size:
            raise self.error

    async def whole(self) -> None:
        """Wait until all is there.

        Raises:
            PunchinError: why it will never be.
        """
        while not self.over:
            await asyncio.sleep(LOOK_S)
        if self.error:
            raise self.error

    async def blocks(self) -> AsyncIterator[bytes]:
        """All of it, as it comes in.

        Raises:
            PunchinError: it broke off.
        """
        at = 0
        while True:
            over = self.over
            while at < self.size:
                block = await asyncio.to_thread(self.read, at)
                at += len(block)
                yield block
            if over and at >= self.size:
                break
            await asyncio.sleep(LOOK_S)
        if self.error:
            raise self.error


def trim(folder: Path, most_bytes: int, now_s: float) -> None:
    """Delete the files of a folder that were used longest ago until the rest has at most so many bytes."""
    found: list[tuple[float, int, Path]] = []
    for path in folder.iterdir():
        with suppress(OSError):
            told = path.stat()
            if path.is_file() and (path.suffix != ".part" or now_s - told.st_mtime > STALE_S):
                found.append((told.st_mtime, told.st_size, path))
    left = sum(size for _, size, _ in found)
    for used_s, size, path in sorted(found):
        if left <= most_bytes and not (path.suffix == ".part" and now_s - used_s > STALE_S):
            continue
        with suppress(OSError):
            path.unlink()
            left -= size

"""The file that libsndfile writes into: failures come through as they are, and room can be left in front."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import soundfile

if TYPE_CHECKING:
    from collections.abc import Generator


class Sink:
    """A file for libsndfile's callbacks.

    Everything from byte `head` on is written `room` bytes further back, so that metadata can be put between.
    """

    def __init__(self, file: BinaryIO, head: int = 0, room: int = 0) -> None:
        self._file, self._head, self._room = file, head, room
        self._at = 0
        self._failure: OSError | None = None

    @contextmanager
    def failing_plainly(self) -> Generator[None]:
        """Raise the error that writing met: libsndfile only knows that fewer bytes were written.

        Raises:
            OSError: as the file raised it.
        """
        try:
            yield
        # soundfile states by an assertion that all was written.
        except (soundfile.LibsndfileError, AssertionError) as error:
            if self._failure:
                raise self._failure from error
            raise
        if self._failure:
            raise self._failure

    def write(self, data: bytes) -> int:
        """Append; 0 after a failure, which is kept."""
        before = data[: max(0, self._head - self._at)]
        try:
            for part in (before, data[len(before) :]):
                if part:
                    self._file.seek(self._at + (0 if self._at < self._head else self._room))
                    self._at += self._file.write(part)
        except OSError as error:
            # An exception may not pass through C; it is raised when libsndfile has come back.
            self._failure = error
            return 0
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; positions do not count the room."""
        if whence == os.SEEK_CUR:
            offset += self._at
        elif whence == os.SEEK_END:
            end = self._file.seek(0, os.SEEK_END)
            offset += end - self._room if end > self._head else end
        self._at = offset
        return offset

    def tell(self) -> int:
        """The position, not counting the room."""
        return self._at

    def read(self, count: int) -> bytes:
        """Read; libsndfile does so only for formats that are read back."""
        self._file.seek(self._at + (0 if self._at < self._head else self._room))
        data = self._file.read(count)
        self._at += len(data)
        return data

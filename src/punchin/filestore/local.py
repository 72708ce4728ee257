"""What a local folder needs beside obstore: safe from power cuts, moves without a copy, sweeping."""

from __future__ import annotations

import contextlib
import errno
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from io import FileIO

_STAGED = re.compile(r"#\d+$")
"""obstore writes to `name#1` and renames; our keys have no `#`."""


def blocks(path: Path, start: int, end: int | None, block_bytes: int) -> Iterator[bytes]:
    """The bytes from `start` to `end` (None, or past the end: the end), half-open.

    The file is opened at once, so that one that is replaced or deleted meanwhile is read as it was. It is 40
    times as fast as through obstore, which reads a local file in small pieces.

    Raises:
        FileNotFoundError: there is no such file.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    file = path.open("rb", buffering=0)
    size = os.fstat(file.fileno()).st_size
    reading = _read(file, start, size if end is None else min(end, size), block_bytes)
    next(reading)
    return reading


def _read(file: FileIO, start: int, end: int, block_bytes: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        yield b""  # taken by `blocks`: a generator that was never begun would not close its file
        while start < end and (block := file.read(min(block_bytes, end - start))):
            start += len(block)
            yield block


def sync(folder: Path, key: str) -> None:
    """Bring a file and the folders that name it from memory to the disk."""
    path = folder / key
    for place in (path, *path.parents):
        _sync(place)
        if place == folder:
            break


def moved(path: Path, folder: Path, key: str) -> bool:
    """Move a file under its key; False, and nothing done, where that is another disk."""
    _sync(path)
    try:
        _put_in_place(path.replace, folder / key)
    except OSError as error:
        if error.errno == errno.EXDEV:
            return False
        raise
    sync(folder, key)
    return True


def rename_new(folder: Path, key: str, new_key: str) -> None:
    """Give a file another key that no file has, certain against other processes.

    Raises:
        FileExistsError: another was first; the file is gone.
    """
    source = folder / key
    try:
        _put_in_place(lambda target: os.link(source, target), folder / new_key)
    finally:
        source.unlink()
    sync(folder, new_key)


def delete_staged(folder: Path, before_s: float) -> int:
    """Delete what obstore was writing when it was killed; give how many.

    Args:
        folder: everything under it.
        before_s: only what was last written before this time, in Unix seconds.
    """
    deleted = 0
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names if _STAGED.search(name)):
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < before_s:
                    path.unlink()
                    deleted += 1
    return deleted


def _put_in_place(put: Callable[[Path], object], target: Path) -> None:
    """Try again when a sweeper takes an empty folder away between its making and its use."""
    for last in (False, False, True):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            put(target)
        except FileNotFoundError:
            if last:
                raise
        else:
            return


def _sync(place: Path) -> None:
    handle = os.open(place, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

"""A file appears whole or not at all, and never over the song that it was made from."""

from __future__ import annotations

import errno
import os
import secrets
import stat
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, BinaryIO

from punchin.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

FORGOTTEN_S = 86_400.0
"""An unfinished file that is older was left by a program that is gone: none is silent for a day."""
_UNFINISHED = ".part"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_output(path: Path, source: Path, *, overwrite: bool) -> None:
    """Refuse, before any work, an output that could not be written in the end.

    Raises:
        OutputError: if it is the source itself, exists already, or its folder is missing or not writable.
    """
    try:
        _check_place(path, source, overwrite=overwrite)
    except OSError as error:  # a name that is too long, for one
        raise _output_error(path, error) from error


def _check_place(path: Path, source: Path, *, overwrite: bool) -> None:
    folder = path.parent
    if not folder.is_dir():
        raise OutputError(f"there is no folder {folder}; make it, or choose another place with -o")
    if path.is_dir():
        raise OutputError(f"{path} is a folder; name a file in it with -o")
    if _same_file(path, source):
        raise OutputError(f"{path} is the song itself, which is never written; choose another name with -o")
    if path.exists() and not path.is_file():
        raise OutputError(f"{path} is no plain file, and none is replaced; choose another name with -o")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already; choose another name with -o, or give --overwrite")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(f"{folder} may not be written by this user; choose another place with -o")


def _same_file(path: Path, source: Path) -> bool:
    try:
        return path.samefile(source)
    except OSError:
        return False


@contextmanager
def whole_file(path: Path, *, overwrite: bool, protect: Path) -> Generator[BinaryIO]:
    """An empty file open "w+b" that takes its name when the block ends well, and vanishes when it does not.

    The content is on the disk before the name is (fsync, rename, fsync of the folder), so that after a power
    cut there is the old file, the new file or none, never half of one.

    Args:
        path: the name in the end; the temporary file lies beside it.
        overwrite: whether `path` may exist.
        protect: a file that must not be replaced, whatever `overwrite` says: the source.

    Raises:
        OutputError: if it cannot be written: no permission, disk full, exists already.
    """
    check_output(path, protect, overwrite=overwrite)
    _tidy_up(path)
    temporary = path.with_name(f"{_beginning(path)}{secrets.token_hex(8)}{_UNFINISHED}")
    try:
        # "x" makes it new or fails; "+" because splicers read back what they wrote.
        with temporary.open("x+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _take_name(temporary, path, overwrite=overwrite)
        _sync_folder(path.parent)
    except OSError as error:
        raise _output_error(path, error) from error
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _beginning(path: Path) -> str:
    return f".{path.name[:100]}."


def _tidy_up(path: Path) -> None:
    """Remove what edits into this name left that were killed: nobody has written to it for a day."""
    oldest_s = time.time() - FORGOTTEN_S
    with suppress(OSError):
        for left in path.parent.iterdir():
            if left.name.startswith(_beginning(path)) and left.name.endswith(_UNFINISHED):
                found = left.lstat()
                if stat.S_ISREG(found.st_mode) and found.st_mtime < oldest_s:
                    left.unlink()


def _take_name(temporary: Path, path: Path, *, overwrite: bool) -> None:
    if overwrite:
        temporary.replace(path)
        return
    try:
        # A hard link fails if the name has come into being meanwhile; a rename would replace it.
        path.hardlink_to(temporary)
    except FileExistsError:
        raise OutputError(f"{path} came into being while it was made; nothing was replaced") from None
    except OSError:
        # File systems without hard links: the check before the work has to do.
        temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _output_error(path: Path, error: OSError) -> OutputError:
    if error.errno in _FULL:
        return OutputError(
            f"no room for {path}: {error.strerror}; free some space, or choose another place with -o"
        )
    return OutputError(f"{path} cannot be written: {error.strerror or error}; choose another place with -o")

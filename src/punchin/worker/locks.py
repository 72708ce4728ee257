"""One process at a time: a lock that the system lets go of when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from punchin.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

LOOK_AGAIN_S = 0.05


@contextmanager
def alone(path: Path, *, wait_s: float = 0.0) -> Generator[None]:
    """Hold the lock of a file while the block runs.

    Args:
        path: made if it is not there, and left there: a file that is removed can be locked twice.
        wait_s: how long to wait for another holder to end.

    Raises:
        SettingsError: another process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_s
    # Python's handles are not inherited (PEP 446): no child holds the lock after its parent's death.
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        while not _taken(handle):
            if time.monotonic() >= deadline:
                raise SettingsError(f"{path.stem} runs already: another process holds {path}")
            time.sleep(LOOK_AGAIN_S)
        yield
    finally:
        os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

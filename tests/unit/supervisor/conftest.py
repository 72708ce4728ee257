from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from support.ledgers import clock, store

if TYPE_CHECKING:
    from collections.abc import Callable


__all__ = ["clock", "store"]


@pytest.fixture
def until_gone() -> Callable[[int], bool]:
    """Whether a process is gone within five seconds."""

    def gone(pid: int) -> bool:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            try:
                os.kill(pid, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.01)
        return False

    return gone

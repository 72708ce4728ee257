"""Sums that do not depend on how many cores there are.

A matrix product that BLAS shares out over threads adds its terms in an order that depends on their number,
and so rounds differently: the same edit would be other bytes on another machine, or in a service whose
processes have one thread each. The many small products of an edit are also faster in one (analysis of three
minutes of music: 1.4 processor seconds instead of 2.4).
"""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from threadpoolctl import OpenBLASController, ThreadpoolController

if TYPE_CHECKING:
    from collections.abc import Generator


class _Turn:
    """Who computes in one thread just now: the limit is the process's, and goes when the last one leaves."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._limit = ExitStack()

    def enter(self) -> None:
        with self._lock:
            if not self._inside:
                self._take_control()
                self._limit.enter_context(_numeric_libraries().limit(limits=1))
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if not self._inside:
                self._take_control()
                self._limit.close()

    @staticmethod
    def _take_control() -> None:
        """OpenBLAS obeys one Python thread alone, and ignores the others without a word: be that one."""
        OpenBLASController.clear_controlling_thread(force=True)


_turn = _Turn()  # BLAS has one setting for the whole process, and so has this


@contextmanager
def one_thread() -> Generator[None]:
    """BLAS of numpy and scipy computes in one thread within; other libraries' threads stay as they are.

    May be entered again within, and by several Python threads at once: the last to leave lifts the limit.
    """
    _turn.enter()
    try:
        yield
    finally:
        _turn.leave()


def _numeric_libraries() -> ThreadpoolController:
    """The BLAS libraries that are loaded, without what torch brings for itself: a model needs its threads."""
    loaded = ThreadpoolController().select(user_api="blas")
    paths = [each["filepath"] for each in loaded.info()]
    return loaded.select(filepath=[path for path in paths if "torch" not in Path(path).parts])

"""A thread that a compiled model lives in.

What CUDA graphs record belongs to the thread that recorded it: from another one, torch before 2.13 fails
(pytorch#123177) and later ones record again. A service does each job in a thread of its own.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

from punchin.engines.ace_step.frameworks import torch

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class OneThread:
    """Does everything in one thread, started when it is first needed."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="compiled")

    def do(self, work: Callable[[], T]) -> T:
        """Do it there and wait; what it raises is raised here."""

        def inside() -> T:
            with torch.inference_mode():  # each thread has a mode of its own
                return work()

        return self._thread.submit(inside).result()

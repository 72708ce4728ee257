"""A child that does not outlive its parent, however that ends."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import time

PR_SET_PDEATHSIG = 1
"""prctl(2) of Linux: the signal that a process gets when its parent dies."""
LOOK_S = 1.0


def end_with(parent: int) -> None:
    """End this process, without ceremony, when its parent does.

    A worker that nobody watches could hang for ever and hold its place. Linux sends a signal by itself;
    elsewhere, and for a parent that had died before it was asked, it is looked up.

    Args:
        parent: the parent's process id, as the parent knows it.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    if sys.platform != "linux":
        threading.Thread(target=_watch, args=(parent,), name="parent", daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOK_S)
    os._exit(1)

"""Limits of memory, computing and files, by setrlimit(2)."""

from __future__ import annotations

import resource
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punchin.confinement.model import Confinement

_CPU_MARGIN_S = 1
"""Between the signal that tells the reason (SIGXCPU) and the one that cannot be caught."""


def limit(confinement: Confinement) -> bool:
    """Set the limits of this process; gives whether all could be set.

    Memory is limited as what the process can write to (RLIMIT_DATA), which counts neither a file that is
    mapped nor what was only reserved; the whole address space is the second line. The number of processes
    (RLIMIT_NPROC) is not limited so, since it counts all of a user's: `calls` refuses new ones.
    """
    reserved, written = _taken()
    memory = confinement.memory_bytes
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": confinement.file_bytes,
        "RLIMIT_NOFILE": confinement.open_files,
        "RLIMIT_DATA": written + memory,
        "RLIMIT_AS": reserved + 2 * memory,
    }
    done = [_set(name, most, most) for name, most in wanted.items()]
    if confinement.cpu_s is not None:
        done.append(_set("RLIMIT_CPU", confinement.cpu_s, confinement.cpu_s + _CPU_MARGIN_S))
    return all(done)


def _set(name: str, soft: int, hard: int) -> bool:
    """Never more than the limit that holds already."""
    kind = getattr(resource, name, None)
    if kind is None:
        return False
    _, most = resource.getrlimit(kind)
    if most != resource.RLIM_INFINITY:
        soft, hard = min(soft, most), min(hard, most)
    try:
        resource.setrlimit(kind, (soft, hard))
    except (OSError, ValueError):
        return False
    return True


def _taken() -> tuple[int, int]:
    """Bytes of address space that this process has, and those of them that it can write to."""
    if sys.platform != "linux":
        return 0, 0
    fields = Path("/proc/self/statm").read_text().split()  # proc(5): in pages; the sixth is data + stack
    return int(fields[0]) * resource.getpagesize(), int(fields[5]) * resource.getpagesize()

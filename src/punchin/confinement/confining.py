"""A process confines itself: from the call on, it and what it starts can do no more than they may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from punchin.confinement.calls import refuse
from punchin.confinement.folders import keep_to, version
from punchin.confinement.kernel import ON_LINUX, drop_privileges
from punchin.confinement.limits import limit
from punchin.confinement.model import Barriers

if TYPE_CHECKING:
    from punchin.confinement.model import Confinement


def confine(confinement: Confinement, *, exec_first: bool = False) -> Barriers:
    """Confine this process, for good. For our own programs, when all that they need is imported:

        os.environ["OPENBLAS_NUM_THREADS"] = "1"   # before numpy, whose threads would stay free
        import numpy
        barriers = confine(Confinement(memory_bytes=1 << 30, cpu_s=60, folders_readable=(song,)))
        log.info("confined", by=str(barriers))

    Python's own folders are not among what can be read, unless they are named (`folders_of_python`). What
    this machine cannot do is left out, and told.

    Args:
        confinement: what it may use.
        exec_first: this process becomes another program (execve) next; see `start`.

    Raises:
        RuntimeError: the process has other threads, which would not be held.
        OSError: a folder is not there.
    """
    if (threads := _threads()) > 1:
        raise RuntimeError(f"confine a process before it has threads; it has {threads}")
    # Limits first: what is there already is read from /proc, which the folders shut out.
    limits = limit(confinement)
    privileges = drop_privileges(keep_files=version() > 0)
    folders = keep_to(confinement.folders_readable, confinement.folders_writable, network=confinement.network)
    calls = refuse(network=confinement.network, programs=confinement.programs, exec_first=exec_first)
    return Barriers(limits=limits, privileges=privileges, calls=calls, folders=folders)


def _threads() -> int:
    tasks = Path("/proc/self/task")
    return len(list(tasks.iterdir())) if ON_LINUX and tasks.is_dir() else 1

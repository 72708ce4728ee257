"""Keeps a program in: what it may read, write, use of memory and time, and reach of the network.

    confine(confinement)          this process, from now on
    start(argv, confinement)      another program
    Zygote(argv).fork()           one process for each piece of work, from one that has everything imported

Barriers, where the system has them: setrlimit, no_new_privs and no capabilities, seccomp (x86-64 and
aarch64), Landlock. Elsewhere it is limits and a process of its own, which a crash ends alone; `Barriers` says
what holds. See docs/adr/0006-songs-are-read-apart.md.
"""

from punchin.confinement.confining import confine
from punchin.confinement.forking import Child, Ending, Zygote, serve
from punchin.confinement.model import Barriers, Confinement
from punchin.confinement.starting import folders_of_programs, folders_of_python, start

__all__ = [
    "Barriers",
    "Child",
    "Confinement",
    "Ending",
    "Zygote",
    "confine",
    "folders_of_programs",
    "folders_of_python",
    "serve",
    "start",
]

"""The few calls of Linux that Python has no name for."""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from functools import cache
from pathlib import Path

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_CAPBSET_DROP = 24
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION_3 = 0x20080522
CAP_DAC_OVERRIDE = 1
"""capabilities(7): to pass over the permissions of files."""
_LAST_CAPABILITY = 63

ON_LINUX = sys.platform == "linux"


def machine() -> str:
    """The kind of processor, as the kernel calls it."""
    return os.uname().machine if hasattr(os, "uname") else ""


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def call(number: int, *arguments: int | bytes | None) -> int:
    """A system call by its number; bytes are passed by their address, None is no address.

    Returns:
        Its answer, or minus the number of its error.
    """
    # Without types, ctypes passes 32 bits of each; what stands above them is then anything.
    given = [ctypes.c_long(one) if isinstance(one, int) else ctypes.c_char_p(one) for one in arguments]
    answer = int(_libc().syscall(ctypes.c_long(number), *given))
    return -ctypes.get_errno() if answer < 0 else answer


def prctl(option: int, *arguments: int) -> bool:
    """Change something of this process (man 2 prctl); gives whether that worked."""
    padded = [*arguments, 0, 0, 0, 0][:4]
    return _libc().prctl(ctypes.c_int(option), *[ctypes.c_ulong(one) for one in padded]) == 0


def die_with_parent(parent: int, signal: int) -> None:
    """Get this signal when the thread ends that started this process; end now if that has happened.

    Args:
        parent: the parent's process id, as the parent knows it.
        signal: its number.
    """
    if ON_LINUX:
        prctl(PR_SET_PDEATHSIG, signal)
    if os.getppid() != parent:
        os._exit(1)


def drop_privileges(*, keep_files: bool) -> bool:
    """Give up root's rights and every way to new ones; gives whether that worked.

    Args:
        keep_files: keep the right to pass over permissions of files: right where only some folders can be
            reached anyway, since the files of a container's volume may belong to somebody else.
    """
    if not ON_LINUX or not prctl(PR_SET_NO_NEW_PRIVS, 1):
        return False
    for capability in range(_LAST_CAPABILITY + 1):
        prctl(PR_CAPBSET_DROP, capability)  # fails for numbers that this kernel does not know
    number = _CAPSET.get(machine())
    if number is None:
        return os.geteuid() != 0
    had = _permitted()
    kept = had & (1 << CAP_DAC_OVERRIDE) if keep_files else 0
    # capget(2): two sets of effective, permitted, inheritable, 32 bits each.
    header = struct.pack("=II", _CAPABILITY_VERSION_3, 0)
    sets = struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    return call(number, header, sets) == 0


def _permitted() -> int:
    lines = Path("/proc/self/status").read_bytes().splitlines()
    return next((int(line.split()[1], 16) for line in lines if line.startswith(b"CapPrm:")), 0)

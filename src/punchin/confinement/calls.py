"""System calls that reading a song does not need are refused: seccomp(2) with a filter of our own.

The filter is a program of classic BPF that the kernel runs before each call, on the number of the call and
its arguments (`struct seccomp_data` of `include/uapi/linux/seccomp.h`). What is refused is listed; calls that
are newer than this list are refused as well, with ENOSYS, as on a kernel that does not have them yet.
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.confinement.kernel import ON_LINUX, machine, prctl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# name: number on x86-64 (arch/x86/entry/syscalls/syscall_64.tbl), on aarch64 (asm-generic/unistd.h), or None
_NETWORK: dict[str, tuple[int | None, int | None]] = {
    "socket": (41, 198), "connect": (42, 203), "bind": (49, 200), "listen": (50, 201), "accept": (43, 202),
    "accept4": (288, 242),
}  # fmt: skip
_PROGRAMS: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None), "vfork": (58, None), "setsid": (112, 157), "setpgid": (109, 154),
}  # fmt: skip
_EXEC: dict[str, tuple[int | None, int | None]] = {"execve": (59, 221), "execveat": (322, 281)}
_NEVER: dict[str, tuple[int | None, int | None]] = {
    # other programs
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setscheduler": (144, 119),
    "sched_setparam": (142, 118), "sched_setattr": (314, 274), "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # doors into the kernel that have been broken most
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218), "personality": (135, 92), "modify_ldt": (154, None), "uselib": (134, None),
    "lookup_dcookie": (212, 18), "nfsservctl": (180, 42), "fanotify_init": (300, 262),
    # memory that no limit counts
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "semget": (64, 190), "msgget": (68, 186), "mq_open": (240, 180),
    # the machine
    "mount": (165, 40), "umount2": (166, 39), "move_mount": (429, 429), "open_tree": (428, 428),
    "fsopen": (430, 430), "fsmount": (432, 432), "fsconfig": (431, 431), "fspick": (433, 433),
    "mount_setattr": (442, 442), "pivot_root": (155, 41), "chroot": (161, 51), "setns": (308, 268),
    "unshare": (272, 97), "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106),
    "kexec_load": (246, 104), "kexec_file_load": (320, 294), "reboot": (169, 142), "swapon": (167, 224),
    "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60), "quotactl_fd": (443, 443),
    "sethostname": (170, 161), "setdomainname": (171, 162), "settimeofday": (164, 170),
    "clock_settime": (227, 112), "adjtimex": (159, 171), "clock_adjtime": (305, 266), "syslog": (103, 116),
    "vhangup": (153, 58), "iopl": (172, None), "ioperm": (173, None),
    # files by other ways than their folder, and whose they are
    "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264), "mknod": (133, None),
    "mknodat": (259, 33), "chown": (92, None), "fchown": (93, 55), "lchown": (94, None),
    "fchownat": (260, 54), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    "setfsuid": (122, 151), "setfsgid": (123, 152), "capset": (126, 91),
}  # fmt: skip
_NEWEST = 462
"""mseal; numbers are the same everywhere from 424 on."""

_CLONE_THREAD = 0x10000
_MAP_SHARED_ANONYMOUS = 0x01 | 0x20
_PR_SET_PDEATHSIG = 1

_LOAD, _JUMP_EQUAL, _JUMP_AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
"""BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_JMP|BPF_JGE|BPF_K, BPF_ALU|BPF_AND|BPF_K, BPF_RET|BPF_K"""
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16
_ALLOW, _KILL, _ERROR = 0x7FFF0000, 0x80000000, 0x00050000
_X32 = 0x40000000
"""x86-64 has a second set of numbers, from here."""
_PR_SET_SECCOMP, _MODE_FILTER = 22, 2

_Step = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class _Machine:
    """A kind of processor: its column in the tables, its AUDIT_ARCH, and calls that are looked at closer."""

    column: int
    audit: int
    clone: int
    kill: int
    tgkill: int
    prlimit: int
    affinity: int
    mmap: int
    prctl: int


_MACHINES = {
    "x86_64": _Machine(0, 0xC000003E, 56, 62, 234, 302, 203, 9, 157),
    "aarch64": _Machine(1, 0xC00000B7, 220, 129, 131, 261, 122, 222, 167),
}
_CLONE3 = 435


def refuse(*, network: bool, programs: bool, exec_first: bool = False) -> bool:
    """Refuse the calls from now on, in this thread and what it starts; gives whether that worked.

    The privileges must have been dropped (no_new_privs).

    Args:
        network: whether sockets may be opened.
        programs: whether programs may be started.
        exec_first: this process becomes another program (execve) before it does anything else.
    """
    known = _MACHINES.get(machine()) if ON_LINUX else None
    if known is None:
        return False
    steps = list(_filter(known, network=network, programs=programs, exec_first=exec_first))
    code = b"".join(struct.pack("=HBBI", *step) for step in steps)
    buffer = ctypes.create_string_buffer(code, len(code))
    # struct sock_fprog: a count and an address, with the address on its natural border.
    program = struct.pack("@HP", len(steps), ctypes.addressof(buffer))
    held = ctypes.create_string_buffer(program, len(program))
    return prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(held))


def _filter(known: _Machine, *, network: bool, programs: bool, exec_first: bool) -> Iterator[_Step]:
    yield (_LOAD, 0, 0, _ARCHITECTURE)
    yield (_JUMP_EQUAL, 1, 0, known.audit)
    yield (_RETURN, 0, 0, _KILL)
    yield (_LOAD, 0, 0, _NUMBER)
    yield from _if_at_least(_X32, _KILL)
    yield from _if_at_least(_NEWEST + 1, _ERROR | errno.ENOSYS)
    yield from _refused(_numbers(known, _NEVER))
    if not network:
        yield from _refused(_numbers(known, _NETWORK))
    if not programs:
        yield from _refused(_numbers(known, _PROGRAMS))
        if not exec_first:
            yield from _refused(_numbers(known, _EXEC))
        # The C library then takes `clone`, whose flags can be looked at: threads, but no processes.
        yield from _if(_CLONE3, [(_RETURN, 0, 0, _ERROR | errno.ENOSYS)])
        yield from _if(known.clone, _argument(0, _CLONE_THREAD, _CLONE_THREAD))
        for call in (known.kill, known.tgkill):
            yield from _if(call, _argument(0, 0xFFFFFFFF, os.getpid()))
        for call in (known.prlimit, known.affinity):
            yield from _if(call, _argument(0, 0xFFFFFFFF, 0))
    yield from _if(known.mmap, _argument(3, _MAP_SHARED_ANONYMOUS, _MAP_SHARED_ANONYMOUS, otherwise=True))
    yield from _if(known.prctl, _argument(0, 0xFFFFFFFF, _PR_SET_PDEATHSIG, otherwise=True))
    yield (_RETURN, 0, 0, _ALLOW)


def _numbers(known: _Machine, table: dict[str, tuple[int | None, int | None]]) -> list[int]:
    return [number for row in table.values() if (number := row[known.column]) is not None]


def _refused(numbers: Iterable[int]) -> Iterator[_Step]:
    for number in numbers:
        yield from _if(number, [(_RETURN, 0, 0, _ERROR | errno.EPERM)])


def _if(number: int, then: list[_Step]) -> Iterator[_Step]:
    """For this call go through `then`, which must end in an answer; for others pass over it."""
    yield (_JUMP_EQUAL, 0, len(then), number)
    yield from then


def _if_at_least(number: int, answer: int) -> Iterator[_Step]:
    yield (_JUMP_AT_LEAST, 0, 1, number)
    yield (_RETURN, 0, 0, answer)


def _argument(which: int, mask: int, value: int, *, otherwise: bool = False) -> list[_Step]:
    """Allow the call if the low 32 bits of an argument, masked, are this value; or if they are not."""
    allow, deny = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERROR | errno.EPERM)
    return [
        (_LOAD, 0, 0, _ARGUMENTS + 8 * which),  # little-endian: the low half comes first
        (_AND, 0, 0, mask),
        (_JUMP_EQUAL, 0, 1, value),
        deny if otherwise else allow,
        allow if otherwise else deny,
    ]

"""Only some folders can be opened: Landlock (Linux 5.13 and later).

Constants and structures are those of the kernel's `include/uapi/linux/landlock.h`; the numbers of its calls
are the same on every kind of processor.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from punchin.confinement.kernel import ON_LINUX, call

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_PATH_BENEATH = 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_TCP = 0b11
"""Binding and connecting (version 4)."""
_SCOPES = 0b11
"""Sockets without a name in the file system, and signals, of programs outside (version 6)."""

_READ = _EXECUTE | _READ_FILE | _READ_DIR
_CHANGE = _WRITE_FILE | _TRUNCATE | _MAKE_REG | _MAKE_DIR | _REMOVE_FILE | _REMOVE_DIR | _REFER
"""No symbolic links, sockets, devices: who looks at the results must not be led elsewhere."""
_WRITE = _READ_FILE | _READ_DIR | _CHANGE
_OF_A_FILE = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV


def version() -> int:
    """The version of Landlock that this kernel has; 0: none, or not switched on."""
    return max(0, call(_CREATE_RULESET, None, 0, _ASK_VERSION)) if ON_LINUX else 0


def _handled(version: int) -> int:
    """Everything that this version can forbid in folders."""
    rights = (1 << 13) - 1
    if version >= 2:
        rights |= _REFER
    if version >= 3:
        rights |= _TRUNCATE
    if version >= 5:
        rights |= _IOCTL_DEV
    return rights


def keep_to(readable: Iterable[Path], writable: Iterable[Path], *, network: bool) -> int:
    """Keep this thread, and what it starts, to these folders and files.

    Args:
        readable: what may be read and run.
        writable: folders in which files may also be made, written, renamed and removed.
        network: whether TCP stays open.

    Returns:
        The version of Landlock that does it; 0 if none does.

    Raises:
        OSError: one of the folders is not there.
    """
    known = version()
    if not known:
        return 0
    handled = _handled(known)
    attributes = struct.pack(
        "=QQQ", handled, _TCP if known >= 4 and not network else 0, _SCOPES if known >= 6 else 0
    )
    # Older kernels know a shorter structure.
    size = 24 if known >= 6 else 16 if known >= 4 else 8
    ruleset = call(_CREATE_RULESET, attributes, size, 0)
    if ruleset < 0:
        return 0
    try:
        for paths, rights in ((readable, _READ), (writable, _WRITE)):
            for path in paths:
                _allow(ruleset, path, rights & handled)
        return known if call(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    try:
        if not path.is_dir():
            rights &= _OF_A_FILE
        rule = struct.pack("=Qi", rights, handle)
        answer = call(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
        if answer < 0:
            raise OSError(-answer, os.strerror(-answer), str(path))
    finally:
        os.close(handle)

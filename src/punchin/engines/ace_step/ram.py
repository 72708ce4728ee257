"""How much main memory could still be taken: asked by the engine before an edit and by `punchin doctor`.

Without torch, which the doctor does not load.
"""

from __future__ import annotations

import os
import re
from pathlib import Path


def free_ram(root: Path = Path("/")) -> int | None:
    """Bytes of the machine, or of the container where one sets a limit (control groups, version 2).

    Args:
        root: of the file system.

    Returns:
        All memory where the system does not say what is free, and None where it says nothing.
    """
    found = re.search(r"^MemAvailable:\s*(\d+) kB", _text(root / "proc/meminfo"), re.MULTILINE)
    room = [int(found[1]) * 1024] if found else []
    group = root / "sys/fs/cgroup"
    limit, used = _text(group / "memory.max").strip(), _text(group / "memory.current").strip()
    # What files are cached there gives way to whoever needs memory.
    cached = re.search(r"^inactive_file (\d+)", _text(group / "memory.stat"), re.MULTILINE)
    if limit.isdigit() and used.isdigit():
        room.append(max(0, int(limit) - int(used)) + (int(cached[1]) if cached else 0))
    return min(room) if room else all_ram()


def all_ram() -> int | None:
    """Bytes of the machine, used or not; None where the system does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""

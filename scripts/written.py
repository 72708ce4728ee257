"""Files that a script of this folder writes: written, or with `--check` compared."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_or_check(file: Path, text: str) -> int:
    """Write a file; with `--check` on the command line only compare it.

    Args:
        file: where it lies.
        text: what it shall say.

    Returns:
        The exit code: 1 for a file that is not current, with a line that says what to run.
    """
    if "--check" not in sys.argv[1:]:
        file.write_text(text, "utf-8")
        return 0
    if file.is_file() and file.read_text("utf-8") == text:
        return 0
    print(f"{file.name} is not current; run: python {sys.argv[0]}")
    return 1

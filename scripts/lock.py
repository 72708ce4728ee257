"""Renew requirements/*.txt: exact versions with hashes, good for every Python and system we support.

Usage: python scripts/lock.py [package ...]     (names: move only these; nothing: move everything)
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCKS: dict[str, list[str]] = {
    "build.txt": ["--group", "build"],
    "core.txt": ["pyproject.toml"],
    # Not the extra ace-step: which build of torch is right depends on the machine (see ace-step.txt).
    "dev.txt": ["pyproject.toml", "--group", "dev", "--extra", "m4a", "--extra", "serve", "--extra", "voice"],
}


def main(packages: list[str]) -> None:
    upgrade = [flag for name in packages for flag in ("--upgrade-package", name)] or ["--upgrade"]
    for name, what in LOCKS.items():
        subprocess.run(
            ["uv", "pip", "compile", *what, "--universal", "--python-version", "3.11",
             "--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet",
             "--output-file", f"requirements/{name}", *upgrade],
            cwd=ROOT, check=True,
        )  # fmt: skip


if __name__ == "__main__":
    main(sys.argv[1:])

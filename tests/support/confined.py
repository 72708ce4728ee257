"""Runs a few lines of Python confined, and tells what they found."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from punchin.confinement import start

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.confinement import Confinement

_AROUND = """
import json, sys
found = {}
def attempt(name, do):
    try:
        do()
        found[name] = "done"
    except BaseException as error:
        found[name] = type(error).__name__
PLACE = sys.argv[1]
"""


def tried(confinement: Confinement, place: Path, lines: str) -> dict[str, Any]:
    """What the lines found; `attempt(name, function)` tells how something ended, PLACE is a folder."""
    code = f"{_AROUND}\n{lines}\nprint(json.dumps(found))"
    argv = [sys.executable, "-c", code, str(place)]
    with start(argv, confinement, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        told, wrong = program.communicate(timeout=60)
    assert program.returncode == 0, wrong.decode()
    return json.loads(told)


def ended(confinement: Confinement, lines: str) -> int:
    """How a program ended that runs these lines: its exit code, or minus the signal."""
    with start([sys.executable, "-c", lines], confinement, stderr=subprocess.DEVNULL) as program:
        return program.wait(timeout=60)

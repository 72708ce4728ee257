from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from punchin.errors import SettingsError
from punchin.worker.locks import alone

if TYPE_CHECKING:
    from pathlib import Path


def test_one_holds_it_and_the_next_gets_it(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "host-0.lock"
    with alone(path), pytest.raises(SettingsError, match="host-0 runs already"), alone(path):
        pass
    with alone(path):
        pass


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "host-0.lock"
    holder = f"""
import os
from pathlib import Path
from punchin.worker.locks import alone
with alone(Path({str(path)!r})):
    os.kill(os.getpid(), 9)
"""
    assert subprocess.run([sys.executable, "-c", holder], check=False).returncode == -9
    with alone(path):
        pass

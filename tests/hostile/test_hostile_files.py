"""Every hostile file through library and command: refused in order or proved, within limits."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.hostile_files import HOSTILE

HERE = Path(__file__).resolve().parent


@pytest.mark.slow
def test_every_file_is_refused_or_edited_within_limits(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(HERE.parent), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, HERE / "reading_apart.py", tmp_path]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) == 2 * len(HOSTILE) >= 80
    known = {each.name: each for each in HOSTILE}
    for row in rows:
        hostile = known[row["name"]]
        assert row["ended"] == hostile.becomes, row
        assert row["left"] == [], row
        assert hostile.says in row.get("said", "").replace("\n", " "), row
        if row["ended"] == "edited":
            assert row["proved"], row
    slowest, largest = (max(rows, key=lambda row, by=by: row[by]) for by in ("cpu_s", "memory_mb"))
    print(f"worst: {slowest['cpu_s']} s of computing ({slowest['name']}), "
          f"{largest['memory_mb']} MB ({largest['name']})")  # fmt: skip

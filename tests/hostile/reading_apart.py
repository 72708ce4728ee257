"""Edits every hostile file by the library and by the command, each in a limited process of its own.

Run as a program with a folder: prints one line of JSON for each file and door. It has one thread and
forks, so that a file costs milliseconds and what a file does to memory is its own.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path

import punchin
from punchin.cli import main
from punchin.errors import PunchinError
from support.hostile_files import HOSTILE, Hostile, bytes_of

LIMIT_S, LIMIT_BYTES = 10, 1 << 30
"""Of computing and of memory, for one file; the tests allow no more."""


def library(path: Path, output: Path, start: str, end: str) -> dict[str, object]:
    """One edit by the library."""
    try:
        take = punchin.edit(path, start, end, engine="tone", seed=1, output=output)
    except PunchinError as error:
        return {"ended": "refused", "code": error.code, "said": str(error)}
    verdict = punchin.verify(path, take.path, take.receipt_path)
    return {"ended": "edited", "proved": take.receipt.proof.identical and verdict.holds}


def command(path: Path, output: Path, start: str, end: str) -> dict[str, object]:
    """One edit by the command."""
    sys.argv = [
        "punchin",
        "edit",
        str(path),
        start,
        end,
        "--engine",
        "tone",
        "--seed",
        "1",
        "-o",
        str(output),
    ]
    said = io.StringIO()
    code: object = None
    with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as left:
            code = left.code
    if code in (0, None):
        return {"ended": "edited", "proved": output.exists()}
    return {"ended": "refused" if "Traceback" not in said.getvalue() else "broken", "code": code,
            "said": said.getvalue()[-2000:]}  # fmt: skip


DOORS = {"library": library, "command": command}


def apart(door: str, hostile: Hostile, folder: Path) -> dict[str, object]:
    """What becomes of a file in a child; with its computing in seconds and its memory in bytes."""
    path = folder / hostile.name
    path.write_bytes(bytes_of(hostile))
    output = folder / f"out-{door}{'' if hostile.becomes == 'refused' else path.suffix}"
    start, end = ("0", "end") if hostile.whole else ("0.3", "0.6")
    reading, writing = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if child == 0:
        _limit()
        try:
            told = DOORS[door](path, output.with_suffix(""), start, end)
        except BaseException as error:  # noqa: BLE001 - anything else is what is looked for
            told = {"ended": "broken", "said": repr(error)}
        os.write(writing, json.dumps(told).encode()[:60_000])
        os._exit(0)
    os.close(writing)
    _, status, used = os.wait4(child, 0)
    with os.fdopen(reading, "rb") as pipe:
        raw = pipe.read()
    told = (
        json.loads(raw)
        if raw
        else {"ended": "broken", "said": f"ended by {os.waitstatus_to_exitcode(status)}"}
    )
    left = sorted(each.name for each in folder.iterdir() if each != path and each.name != "secret.wav")
    for name in left:
        (folder / name).unlink()
    path.unlink()
    return {"door": door, "name": hostile.name, **told, "left": left if told["ended"] != "edited" else [],
            "cpu_s": round(used.ru_utime + used.ru_stime, 2), "wall_s": round(time.monotonic() - begun, 2),
            "memory_mb": used.ru_maxrss >> 10}  # fmt: skip


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (LIMIT_S, LIMIT_S))
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.alarm(20 * LIMIT_S)  # a machine may be busy; a hang is still a hang


def everything(folder: Path, names: list[str]) -> None:
    """Warm up, then every file through both doors."""
    (folder / "secret.wav").write_bytes(bytes_of(next(each for each in HOSTILE if each.name == "is-wav.mp3")))
    punchin.edit(folder / "secret.wav", 0.3, 0.6, engine="tone", output=folder / "warm.wav")
    for left in folder.glob("warm.wav*"):
        left.unlink()
    for hostile in HOSTILE:
        if not names or hostile.name in names:
            for door in DOORS:
                print(json.dumps(apart(door, hostile, folder)), flush=True)


if __name__ == "__main__":
    everything(Path(sys.argv[1]), sys.argv[2:])

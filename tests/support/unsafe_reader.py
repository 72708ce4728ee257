"""The reader of songs with a broken decoder: what a song is called says what its decoder does.

`python -m support.unsafe_reader FD` stands in for `punchin.worker.inside`.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punchin.errors import Cancelled, SongError
from punchin.region import Frames
from punchin.worker import inside

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.engine import Engine, Progress
    from punchin.worker.editing import Edited, Order

LEFT = "left behind"


def _memory() -> None:
    held = []
    while True:
        held.append(bytearray(1 << 20))


def _compute() -> None:
    while True:
        pass


def _files() -> None:
    held = []
    while True:
        held.append(os.dup(0))


def _lie() -> None:
    """A job that its worker takes for cancelled never ends."""
    raise Cancelled


def _other_jobs() -> None:
    """What a decoder that was taken over would look for."""
    found = [attempt for attempt in _attempts() if _works(attempt)]
    raise SongError(f"reached: {found}")


def _attempts() -> list[Callable[[], Any]]:
    home = Path(os.environ["PUNCHIN_TEST_HOME"])
    return [
        (home / "punchin.db").read_bytes,
        (home / "other" / "song.wav").read_bytes,
        lambda: (home / "written").write_text("x"),
        lambda: os.kill(os.getppid(), 9),
        lambda: socket.socket().connect(("127.0.0.1", 9)),
        os.fork,
    ]


def _works(attempt: Callable[[], Any]) -> bool:
    try:
        attempt()
    except PermissionError:
        return False
    return True


TRICKS: dict[str, Callable[[], Any]] = {
    "segfault": lambda: ctypes.string_at(0),
    "abort": os.abort,
    "exit": lambda: os._exit(3),
    "memory": _memory,
    "compute": _compute,
    "hang": lambda: time.sleep(600),
    "files": _files,
    "curious": _other_jobs,
    "liar": _lie,
}
_real = inside.edited


def edited(order: Order, engine: Engine, progress: Progress) -> Edited:
    """Start a file, then do the trick, or the edit."""
    song = Path(order.song)
    (song.parent / LEFT).write_text("half an output")
    if song.stem in TRICKS:
        progress(song.stem, 0.0)
        TRICKS[song.stem]()
    if song.stem == "unasked":
        engine.window(Frames(0, 1), 10, 8000, _unasked())
    if song.stem == "garbage":
        engine._line._socket.sendall(b"\xff" * 1000)  # type: ignore[attr-defined]
    if song.stem == "uninstalled":  # what half an installation looks like
        sys.modules["punchin.songfile.wav"] = None  # type: ignore[assignment]
    if song.stem == "elsewhere":
        done = _real(order, engine, progress)
        done.takes[0].path.unlink()
        done.takes[0].path.hardlink_to(song)
        return done
    return _real(order, engine, progress)


def _unasked() -> Any:
    from punchin.edits import Edit
    from punchin.region import Region

    return Edit(region=Region.parse(0, 1), tags=("words that nobody looked at",))


if __name__ == "__main__":
    inside.edited = edited
    inside.main()

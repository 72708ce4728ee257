"""An engine that does what its tags say, to test everything around engines.

wait 2          works for two seconds and reports all the time
mute 2          works for two seconds and reports nothing
until FILE      works until a file exists, and reports nothing meanwhile
report FILE     works until a file exists, and reports all the time
die             kills its process
fail            raises EngineFailed
break           raises something that is no error of ours
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from punchin.engine import EngineSpec, Filling
from punchin.engines.tone import ToneEngine
from punchin.errors import EngineFailed

if TYPE_CHECKING:
    from punchin.edits import Edit
    from punchin.engine import Progress
    from punchin.region import Frames
    from punchin.song import Song

LONGEST_S = 120.0


class UnrulyEngine(ToneEngine):
    """See the module; the sound is that of `ToneEngine`."""

    spec = EngineSpec(
        name="unruly", version="1", summary="Does what its tags say.", honours=frozenset({"tags"})
    )

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        for tag in edit.tags:
            what, _, how = tag.partition(" ")
            _TRICKS[what](how, progress)
        return super().fill(window, hole, edit, progress)


def _wait(how: str, progress: Progress) -> None:
    end = time.monotonic() + float(how)
    while time.monotonic() < end:
        progress("wait", 0.5)
        time.sleep(0.02)


def _mute(how: str, progress: Progress) -> None:
    time.sleep(float(how))


def _until(how: str, progress: Progress) -> None:
    end = time.monotonic() + LONGEST_S
    while not Path(how).exists() and time.monotonic() < end:
        time.sleep(0.02)


def _report(how: str, progress: Progress) -> None:
    end = time.monotonic() + LONGEST_S
    while not Path(how).exists() and time.monotonic() < end:
        progress("wait", 0.5)
        time.sleep(0.02)


def _die(how: str, progress: Progress) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _fail(how: str, progress: Progress) -> None:
    raise EngineFailed("the unruly engine fails since it was asked to")


def _break(how: str, progress: Progress) -> None:
    raise ZeroDivisionError("a secret of the server: timeout, connection, HTTP 500")


_TRICKS = {
    "wait": _wait,
    "mute": _mute,
    "until": _until,
    "report": _report,
    "die": _die,
    "fail": _fail,
    "break": _break,
}


def installed_in(folder: Path) -> Path:
    """Make a folder that, on Python's path, installs this engine through the door for foreign packages."""
    info = folder / "punchin_unruly-1.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: punchin-unruly\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[punchin.engines]\nunruly = support.unruly:UnrulyEngine\n")
    return folder

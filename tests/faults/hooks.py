"""Faults inside the real processes of a service: each job's tags say what breaks, and where.

A job with the tag `fault STEP FAULT` meets that fault in that step, in whichever process does the step.
Python imports `sitecustomize` whenever it starts; `installed_in` makes one that comes here.
"""

from __future__ import annotations

import errno
import functools
import os
import signal
import sys
import threading
import time
from pathlib import Path

from punchin.errors import EngineFailed, SongError, StoreError

WORD = "fault"
LONG_S = 900.0
"""Longer than every limit: whoever hangs so long is ended by somebody else, or the test fails."""
NOBODYS = {
    "queue": ZeroDivisionError("the line breaks"),
    "store": StoreError("the ledger is away"),
    "storage": StoreError("the store is away"),
    "decode": SongError("it makes no sense"),
    "engine": EngineFailed("it broke"),
    "splice": ZeroDivisionError("a fault of the splicer"),
    "write": OSError(errno.EIO, "Input/output error"),
}
"""What a step that fails raises."""
TIMES = {
    ("store", "fails"): 2,
    ("store", "disk"): 2,
    ("queue", "fails"): 1,
    ("queue", "hangs"): 1,
    ("webhook", "memory"): 1,
    ("webhook", "disk"): 1,
}
"""How often a fault strikes where not always: what killed a worker strikes once as well."""


class Armed(threading.local):
    """The fault of the job that this thread works on: a worker may take up an old job beside a new one.

    Args:
        marks: a folder that remembers what struck already, over the death of processes; None where a process
            may not write there, and dies with its job anyway.
    """

    def __init__(self, marks: Path | None) -> None:
        self._marks = marks
        self._step = self._fault = self._job = ""
        self._left = 0

    def arm(self, tags: list[str] | tuple[str, ...], job: str) -> None:
        """Read what a job wants."""
        self._step = self._fault = ""
        words = next((tag.split() for tag in tags if tag.startswith(f"{WORD} ")), None)
        if words:
            _, self._step, self._fault = words
            self._job = job
            self._left = TIMES.get((self._step, self._fault), 1_000_000)

    def strike(self, step: str, moment: str = "before") -> None:
        """Do what is wanted if this is the step; `moment` stands behind a fault: `killed-after`."""
        fault, _, wanted = self._fault.partition("-")
        if step != self._step or moment != (wanted or "before") or self._left == 0:
            return
        if (fault == "killed" or self._left == 1) and self._struck_before():
            return
        self._left -= 1
        if fault == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if fault == "hangs":
            time.sleep(LONG_S)
        if fault == "memory":
            raise MemoryError
        if fault == "disk":
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise StoreError(str(full)) if step in ("store", "webhook") else full
        raise NOBODYS[step]

    def _struck_before(self) -> bool:
        if self._marks is None:
            return False
        self._marks.mkdir(exist_ok=True)
        mark = self._marks / f"{self._job}.{self._step}"
        if mark.exists():
            return True
        mark.touch()
        return False


def before(owner: object, name: str, do: object) -> None:
    """Call `do` with the arguments of a function before each call of it."""
    whole = getattr(owner, name)

    @functools.wraps(whole)
    def both(*given, **named):
        do(*given, **named)
        return whole(*given, **named)

    setattr(owner, name, both)


def in_worker(marks: Path) -> None:
    """Faults of the line, the ledger, the file store and the engine."""
    from punchin.engines.tone import ToneEngine
    from punchin.filestore import local
    from punchin.store import Store
    from punchin.worker.performing import Performer

    armed = Armed(marks)
    finish = Store.finish

    def at_work(performer, job_id, attempt):
        armed.arm(performer.store.job(job_id).spec.edits[0].tags, job_id)
        armed.strike("queue")

    def finished(store, *given):
        armed.strike("store")
        finish(store, *given)
        armed.strike("store", "after")

    before(Performer, "run", at_work)
    before(ToneEngine, "fill", lambda *_: armed.strike("engine"))
    # After the file's own checks, where a full or dying disk shows.
    before(local, "_put_in_place", lambda *_: armed.strike("storage"))
    before(local, "sync", lambda *_: armed.strike("storage", "after"))
    Store.finish = finished


def in_reader() -> None:
    """Faults of decoding, splicing and writing."""
    from punchin.splice import wav, writing
    from punchin.worker import editing

    armed = Armed(None)

    def opened(source, order):
        armed.arm(order.edits[0].tags, "")
        armed.strike("decode")

    before(editing, "check_size", opened)
    before(wav.WavSplicer, "write", lambda *_: armed.strike("splice"))
    before(writing, "_take_name", lambda *_, **__: armed.strike("write"))


def in_supervisor(marks: Path) -> None:
    """Faults of webhooks: the address says which. Each strikes once."""
    from punchin.store import Store
    from punchin.supervisor.delivering import Courier

    armed = Armed(marks)
    addresses: dict[str, str] = {}

    def delivering(courier, delivery):
        addresses[delivery.id] = delivery.address
        struck(delivery.id, "memory")

    def struck(delivery_id, fault):
        if addresses[delivery_id].endswith(f"/{fault}"):
            armed.arm([f"{WORD} webhook {fault}"], delivery_id)
            armed.strike("webhook")

    before(Courier, "_deliver", delivering)
    before(Store, "delivery_done", lambda store, delivery_id: struck(delivery_id, "disk"))


def installed_in(folder: Path, marks: Path) -> None:
    """Make every process that has this folder on Python's path come here first."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sitecustomize.py").write_text(
        f"import faults.hooks, pathlib\nfaults.hooks.come({str(marks)!r})\n"
    )


def come(marks: str) -> None:
    """Break what this process shall break."""
    if "punchin.worker.inside" in sys.orig_argv:
        in_reader()
    elif "worker" in sys.orig_argv:
        in_worker(Path(marks))
    elif "faults.supervising" in sys.orig_argv:
        in_supervisor(Path(marks))

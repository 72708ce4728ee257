"""The process of a worker: one engine kept warm, signs of life, and an orderly end."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from punchin.errors import JobNotFound, StoreError
from punchin.job import PROTOCOL
from punchin.store import WorkerState
from punchin.worker.batch_places import Places
from punchin.worker.locks import alone
from punchin.worker.placing import placed, taken

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    from punchin.dispatch import Dispatcher
    from punchin.store import Store
    from punchin.worker.apart import Apart
    from punchin.worker.engines import WarmEngines
    from punchin.worker.performing import Performer
    from punchin.worker.turns import Turns

log = structlog.get_logger("punchin.worker")

BEAT_S = 2.0
"""How often a worker says what it does."""
LOOK_S = 0.5
"""How often a drained worker looks whether it may go on; the answer comes with a sign of life."""
UP_S = 5.0
"""How often a worker asks whether what reads its songs is up; that takes two seconds on a quiet machine."""
LOCK_WAIT_S = 30.0
"""How long a new worker waits for the one before it in its place to be really gone."""


_OF_JOBS = frozenset({WorkerState.READY, WorkerState.BUSY})
"""What a worker says that takes jobs."""


def worker_id(slot: int, host: str | None = None) -> str:
    """The name of the worker in a place: the same for every process that ever stands there."""
    return f"{host or socket.gethostname()}-{slot}"


class Pulse:
    """Says in the ledger what a worker does: at once when that changes, and every two seconds anyway."""

    def __init__(
        self,
        store: Store,
        worker: str,
        engines: WarmEngines,
        device: str = "",
        serves: Sequence[str] = (),
    ) -> None:
        self._store, self._worker, self._engines, self._device = store, worker, engines, device
        self._serves = serves
        self._state, self._job_id, self._engine = WorkerState.STARTING, None, ""
        self._jobs: list[str] = []
        self._counting = threading.Lock()
        self._known = placed(engines.known(), serves)
        self._changing = threading.Lock()
        self._over = threading.Event()
        self.ending = threading.Event()
        """Set when no further job shall be taken: by whoever ends the worker, or since an operator asked."""
        self.drain_asked = False
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def start(self) -> None:
        """Begin."""
        self.say(WorkerState.STARTING)
        self._thread.start()

    def loaded(self, engine: str) -> None:
        """The engine is warm."""
        self._engine, self._known = engine, placed(self._engines.known(), self._serves)

    def say(self, state: WorkerState, job_id: str | None = None) -> None:
        """What the worker does from now on; a worker that ends stays draining whatever its job says."""
        with self._changing:
            if self._state is not WorkerState.DRAINING or state not in _OF_JOBS:
                self._state = state
            self._job_id = job_id
            self._tell()

    @contextmanager
    def at_work(self, job_id: str) -> Generator[None]:
        """A job is at work within; of several the oldest is told."""
        with self._counting:
            self._jobs.append(job_id)
            self.say(WorkerState.BUSY, self._jobs[0])
        try:
            yield
        finally:
            with self._counting:
                self._jobs.remove(job_id)
                oldest = next(iter(self._jobs), None)
                self.say(WorkerState.BUSY if oldest else WorkerState.READY, oldest)

    def stop(self) -> None:
        """End, and say so."""
        self._over.set()
        self._thread.join(timeout=BEAT_S * 2)
        self.say(WorkerState.STOPPED)

    def _beat(self) -> None:
        while not self._over.wait(BEAT_S):
            with self._changing:
                self._tell()

    def _tell(self) -> None:
        try:
            self.drain_asked = self._store.heartbeat(
                self._worker,
                self._state,
                self._job_id,
                self._engine,
                self._known,
                host=socket.gethostname(),
                pid=os.getpid(),
                device=self._device,
                protocol=PROTOCOL,
            )
        except StoreError as error:
            log.warning("the ledger is away", why=str(error))
        if self.drain_asked and self._state in _OF_JOBS:
            self.ending.set()


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """A worker, put together.

    Attributes:
        name: see `worker_id`.
        apart: makes edits in processes of their own; None where they are made in this one.
        turns: jobs that had to wait come in again when one is over.
        locks: a folder for the lock of this worker.
        grace_s: how long a job may go on when the worker is told to stop.
        device: what its engine computes on, for the ledger.
        serves: whose jobs it takes; see `punchin.worker.placing`.
    """

    name: str
    store: Store
    dispatcher: Dispatcher
    performer: Performer
    engines: WarmEngines
    turns: Turns
    locks: Path
    grace_s: float
    apart: Apart | None = None
    device: str = ""
    serves: Sequence[str] = ()

    def work(self, stop: threading.Event) -> None:
        """Take jobs until told to stop; then end the one at work, or leave it to the next worker.

        The process must end when this returns: a job that took longer than the grace still runs in a thread.
        The processes that read songs end with it, and not before: that job would be taken for a failed one.

        Raises:
            SettingsError: another process works in this place.
            UnknownEngine, EngineUnavailable: the engine cannot be loaded.
        """
        with alone(self.locks / f"{self.name}.lock", wait_s=LOCK_WAIT_S):
            # Nobody else writes there: what lies there was left by one that died.
            shutil.rmtree(self.performer.work, ignore_errors=True)
            self.performer.work.mkdir(parents=True)
            pulse = Pulse(self.store, self.name, self.engines, self.device, self.serves)
            pulse.start()
            try:
                if not may_begin(pulse, stop):
                    return
                if self.apart:
                    self.apart.start()  # warms up beside the engine
                engine = self.engines.load()
                pulse.loaded(engine.spec.name)
                log.info("warm", worker=self.name, engine=engine.spec.name, version=engine.spec.version)
                if self.apart is None or until_up(self.apart, stop):
                    self._take_jobs(pulse, stop)
            finally:
                pulse.stop()

    def _take_jobs(self, pulse: Pulse, stop: threading.Event) -> None:
        at_once = self.engines.at_once
        places = Places(self.store, pulse.ending.is_set) if at_once > 1 else None
        if places:
            log.info("jobs at once", worker=self.name, most=at_once)

        def run(job_id: str, attempt: str) -> None:
            with places.place_of(job_id) if places else nullcontext(True) as may_begin:
                if not may_begin:
                    with suppress(JobNotFound):
                        self.dispatcher.enqueue_again(self.store.job(job_id))
                    return
                with pulse.at_work(job_id), self.engines.job():
                    self.performer.run(job_id, attempt)
                    self.turns.let_in()

        def ready() -> None:
            pulse.say(WorkerState.READY)
            log.info("ready", worker=self.name)

        def end() -> None:
            stop.wait()
            pulse.ending.set()

        def drain() -> None:
            pulse.ending.wait()
            log.info("draining", worker=self.name)
            pulse.say(WorkerState.DRAINING)

        for waiting in (end, drain):
            threading.Thread(target=waiting, name=waiting.__name__, daemon=True).start()
        engines = taken(self.engines.known(), self.serves)
        log.info("takes jobs of", worker=self.name, engines=engines)
        self.dispatcher.run_worker(self.name, run, pulse.ending, self.grace_s, ready, at_once, engines)


def until_up(apart: Apart, stop: threading.Event) -> bool:
    """Wait until songs can be read apart: the first job shall not wait; False if told to stop first."""
    while not stop.is_set():
        began_s = time.monotonic()
        if apart.up(UP_S):
            return True
        log.warning("what reads songs is not up yet")
        stop.wait(UP_S - (time.monotonic() - began_s))
    return False


def may_begin(pulse: Pulse, stop: threading.Event) -> bool:
    """Wait, without an engine, while this place is drained; False if the worker was told to stop first."""
    if pulse.drain_asked:
        log.info("drained: waits until it may go on")
        pulse.say(WorkerState.DRAINING)
        while pulse.drain_asked and not stop.wait(LOOK_S):
            pass
        if not stop.is_set():
            pulse.say(WorkerState.STARTING)
    return not stop.is_set()

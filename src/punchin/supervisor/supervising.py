"""The supervisor: one loop that tends the processes, two threads for what is due in between."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from punchin.errors import StoreError
from punchin.store import WorkerState
from punchin.supervisor.silence import Silence
from punchin.worker.locks import alone

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from punchin.store import Store, WorkerRecord
    from punchin.supervisor.children import Child
    from punchin.supervisor.delivering import Courier
    from punchin.supervisor.overdue import Overdue
    from punchin.supervisor.putting_right import Order

log = structlog.get_logger("punchin.supervisor")

TICK_S = 0.1
LOOK_S = 1.0
JOBS_EVERY_S = 5.0
KEPT_EVERY_S = 300.0
POST_EVERY_S = 1.0
STARTING_S = 300.0
"""How long a worker may load its engine before it says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervisor:
    """Keeps the processes of one machine.

    Attributes:
        store: the ledger.
        others: processes that need no watching but for their end: the API.
        workers: the workers of this machine, by name.
        order: what deaths leave behind.
        courier: messages to owners' servers.
        lock: a file that one supervisor holds.
        dead_after_s: a worker without a sign of life for so long is killed, and started again.
        grace_s: how long the processes may take to end.
        overdue: jobs of workers that live and do not get on.
        silence: of the workers.
    """

    store: Store
    others: Sequence[Child]
    workers: Mapping[str, Child]
    order: Order
    courier: Courier
    lock: Path
    dead_after_s: float
    grace_s: float
    overdue: Overdue
    silence: Silence = field(default_factory=Silence)
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def _children(self) -> list[Child]:
        return [*self.others, *self.workers.values()]

    def supervise(self, stop: threading.Event) -> None:
        """Keep everything running until told to stop; then end it all in order.

        Raises:
            SettingsError: another supervisor runs with this home.
        """
        with alone(self.lock):
            self._every(JOBS_EVERY_S, self.order.jobs)
            self._every(LOOK_S, lambda: self.order.workers(self.workers))
            self._every(KEPT_EVERY_S, self.order.kept)
            self._every(POST_EVERY_S, self.courier.deliver_due)
            try:
                self._tend(stop)
            finally:
                self._over.set()
                self.end()

    def _tend(self, stop: threading.Event) -> None:
        looked = time.monotonic()
        while True:
            for child in self._children:
                child.tend()
            if stop.wait(TICK_S):
                return
            if time.monotonic() - looked >= LOOK_S:
                looked = time.monotonic()
                self.look_after_workers()

    def look_after_workers(self) -> None:
        """Kill workers that hang: without a sign of life for too long, or past the limit with a job."""
        try:
            self._kill_those_that_hang({worker.id: worker for worker in self.store.workers()})
        except StoreError as error:
            # Workers cannot write either: their silence means nothing now.
            log.warning("the ledger is away", why=str(error))

    def _kill_those_that_hang(self, seen: Mapping[str, WorkerRecord]) -> None:
        for name, child in self.workers.items():
            if child.pid is not None and self._hangs(child, seen.get(name)):
                log.error("killed, since it hangs", process=child.name)
                child.kill()

    def _hangs(self, child: Child, seen: WorkerRecord | None) -> bool:
        if seen is None or seen.pid != child.pid:
            return child.age_s > STARTING_S
        return self.silence.of(seen) > self.dead_after_s or self.overdue.must_be_killed(seen)

    def _every(self, seconds: float, chore: Callable[[], object]) -> None:
        """A thread of its own for each chore: one that waits for the network keeps no other waiting."""

        def repeat() -> None:
            while not self._over.wait(seconds):
                try:
                    chore()
                except Exception:
                    log.exception("a chore failed")

        threading.Thread(target=repeat, daemon=True).start()

    def end(self) -> None:
        """End all processes, the workers' jobs in peace if that does not take too long."""
        deadline = time.monotonic() + self.grace_s + 5.0
        for child in self._children:
            child.stop()
        for name in self._starting():
            self.workers[name].kill()
        for child in self._children:
            child.wait(deadline - time.monotonic())
        log.info("stopped")

    def _starting(self) -> list[str]:
        """Workers that take no jobs yet: loading may take long, and there is nothing to end."""
        try:
            begun = {
                worker.pid for worker in self.store.workers() if worker.state is not WorkerState.STARTING
            }
        except StoreError as error:
            log.warning("the ledger is away", why=str(error))
            return []
        return [name for name, child in self.workers.items() if child.pid not in begun]

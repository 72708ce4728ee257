"""The dispatcher on DBOS Transact 3.4, in the ledger's own database, SQLite or PostgreSQL.

Each job is one DBOS workflow with a single call in it. What is used of DBOS: an entry in line in the
transaction of the ledger, one claimer per entry, the entries of an executor that comes back. What is not: its
time limits and cancelling of running work. Both are the ledger's, since DBOS cannot tell one from the other,
does not hand such a workflow to another worker if the first died, and measures time by a clock that can jump.

Settings that matter, each for a reason:
    system_database_engine  the ledger's engine: DBOS by itself would use no write-ahead log in SQLite
    application_version     pinned: the default changes with every release and strands what is in line
    priority                always given: an entry without one comes before all others
    DBOSClient              for everybody but workers: a second DBOS under a worker's name takes its jobs away
    retry_connection_errors False: the API answers 503 at once instead of hanging
    executor_id             the same for a worker and its successor: it takes up what the first left
    queue_name              the line of the job's engine and protocol (`line_of`); workers look along those
                            that they can do (`punchin.dispatch.claiming`)
"""

from __future__ import annotations

import math
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from punchin.dispatch.claiming import Claims, Heads
from punchin.dispatch.model import Standing
from punchin.errors import StoreError
from punchin.job import AUTO, PROTOCOL
from punchin.store import said_plainly

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime
    from threading import Event

    from dbos import DBOSClient, DBOSConfig, WorkflowStatus
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from punchin.dispatch.model import Queued, Run
    from punchin.store import JobRecord

APPLICATION = "punchin"
QUEUE = "punchin-jobs"
WORKFLOW = "punchin-job"
VERSION = "1"
"""The application version of all entries. DBOS takes up only those of its own version, also when a worker
comes back: with another, a newer Punchin would leave what an older one began. What is new, the line says."""
FIRST_PROTOCOL = "1"

IN_LINE = frozenset({"ENQUEUED", "DELAYED", "PENDING"})
OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
GIVEN_UP = "MAX_RECOVERY_ATTEMPTS_EXCEEDED"

LARGEST_PRIORITY = 2**31 - 1
BATCH = 200
"""How many entries are looked up or dropped at once: the databases limit the length of a statement."""
REAP_S = 180.0
"""On a machine that is short of processor time, starting Python alone may take a minute."""


def prepare(engine: Engine, poll_s: float) -> None:
    """Make the dispatcher's tables or bring them up to date, and set up its queue.

    Everybody else only connects: a client of DBOS never makes tables.

    Args:
        engine: of the ledger's database.
        poll_s: how often an idle worker looks for a job.
    """
    from dbos import DBOS

    DBOS.migrate(engine.url.render_as_string(hide_password=False))
    client = _client(engine)
    try:
        client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=poll_s)
    finally:
        client.destroy()


def _client(engine: Engine) -> DBOSClient:
    from dbos import DBOSClient

    return DBOSClient(
        system_database_engine=engine,
        application_name=APPLICATION,
        retry_connection_errors=False,
        lazy=True,
    )


def config(engine: Engine, executor_id: str) -> DBOSConfig:
    """How DBOS is set up in a worker, and in what stands in for a dead one."""
    return {
        "name": APPLICATION,
        "system_database_engine": engine,
        "executor_id": executor_id,
        "application_version": VERSION,
        "run_migrations": False,
        "log_level": "WARNING",
    }


class DbosDispatcher:
    """See `Dispatcher`.

    Args:
        engine: the ledger's own (`store.engine`).
        most_handed_out: how often a job is handed out when its workers die with it. The ledger counts too,
            and stricter; this catches a job that kills its worker before the ledger hears of it.
    """

    def __init__(self, engine: Engine, *, most_handed_out: int = 10) -> None:
        self.engine = engine
        self._most = most_handed_out
        self._lazy_client: DBOSClient | None = None
        self._making = threading.Lock()
        self._at_work: dict[str, str] = {}

    @property
    def _client(self) -> DBOSClient:
        with self._making:
            if self._lazy_client is None:
                self._lazy_client = _client(self.engine)
            return self._lazy_client

    def close(self) -> None:
        """Let go of what is open; the engine stays as it is."""
        with self._making:
            if self._lazy_client is not None:
                self._lazy_client.destroy()
                self._lazy_client = None

    def enqueue(self, session: Session, job: JobRecord) -> None:
        """See `Dispatcher.enqueue`."""
        self._client.enqueue_in_transaction(session, _entry(job, job.id), job.id)

    def enqueue_again(self, job: Queued) -> None:
        """See `Dispatcher.enqueue_again`.

        The entry that is over stays; the new one is numbered by how many there are, so that two who do this
        at once make the same.
        """
        with said_plainly():
            before = len(self._entries([job.id]))
            self._client.enqueue(_entry(job, f"{job.id}.{before}"), job.id)

    def cancel(self, job_id: str) -> None:
        """See `Dispatcher.cancel`."""
        with said_plainly():
            waiting = [entry.workflow_id for entry in self._entries([job_id]) if entry.status in IN_LINE]
            if waiting:
                self._client.cancel_workflows(waiting)

    def standings(self, job_ids: Iterable[str]) -> dict[str, Standing]:
        """See `Dispatcher.standings`."""
        ids = list(job_ids)
        found: dict[str, set[str]] = {job_id: set() for job_id in ids}
        with said_plainly():
            for start in range(0, len(ids), BATCH):
                batch = ids[start : start + BATCH]
                for entry in self._first_entries(batch):
                    found[entry.workflow_id].add(entry.status)
                # Those put in line again have later entries; looked for only where the first is used up.
                used_up = [job_id for job_id in batch if not found[job_id] & IN_LINE]
                for entry in self._entries(used_up) if used_up else ():
                    found[_job_of(entry.workflow_id)].add(entry.status)
        return {job_id: _standing(statuses) for job_id, statuses in found.items()}

    def _first_entries(self, job_ids: list[str]) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            workflow_ids=job_ids, name=WORKFLOW, load_input=False, load_output=False
        )

    def _entries(self, job_ids: list[str]) -> list[WorkflowStatus]:
        return self._client.list_workflows(
            workflow_id_prefix=job_ids, name=WORKFLOW, load_input=False, load_output=False
        )

    def forget(self, before: datetime) -> None:
        """See `Dispatcher.forget`."""
        with said_plainly():
            while old := self._client.list_workflows(
                status=OVER,
                completed_before=before.isoformat(),
                name=WORKFLOW,
                limit=BATCH,
                load_input=False,
                load_output=False,
            ):
                self._client.delete_workflows([entry.workflow_id for entry in old])

    def run_worker(
        self,
        executor_id: str,
        run: Run,
        stop: Event,
        grace_s: float,
        ready: Callable[[], None],
        at_once: int = 1,
        engines: Sequence[str] = (AUTO,),
    ) -> None:
        """See `Dispatcher.run_worker`. Once in a process: DBOS is one for all of it."""
        from dbos import DBOS

        claims: Claims | None = None

        def hand_over(job_id: str) -> None:
            if claims:
                claims.begun(DBOS.workflow_id or "")
            attempt = uuid4().hex
            self._at_work[attempt] = job_id
            try:
                run(job_id, attempt)
            finally:
                del self._at_work[attempt]

        if stop.is_set():
            return

        # The first time counts as a recovery of DBOS's, but is not one of those it allows.
        DBOS.workflow(name=WORKFLOW, max_recovery_attempts=max(0, self._most - 1))(hand_over)
        dbos: Any = DBOS(config=config(self.engine, executor_id))
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        # Its first look comes when it has waited once; before it is launched it has no database to look into.
        heads = Heads(self.engine, lines_of(engines), VERSION)
        claims = _claims(dbos, heads, at_once)
        ready()
        stop.wait()
        DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=math.ceil(grace_s))

    def unfinished(self) -> list[tuple[str, str]]:
        """See `Dispatcher.unfinished`."""
        return [(job_id, attempt) for attempt, job_id in list(self._at_work.items())]

    def reap(self, dead: Sequence[str]) -> None:
        """See `Dispatcher.reap`.

        DBOS puts the entries of an executor back in line when one of that name starts, and has no other
        public way to do it: so a process takes the dead one's name for a moment.

        Raises:
            StoreError: it did not work; try again later.
        """
        address = self.engine.url.render_as_string(hide_password=False)
        for executor_id in dead:
            try:
                subprocess.run(
                    [sys.executable, "-m", "punchin.dispatch.reaping"],
                    input=msgspec.json.encode({"address": address, "executor_id": executor_id}),
                    timeout=REAP_S,
                    check=True,
                )
            except subprocess.SubprocessError as error:
                raise StoreError(
                    f"the jobs of worker {executor_id} could not be put in line again"
                ) from error


def _claims(dbos: Any, heads: Heads, at_once: int) -> Claims:
    """Let this process look along its own lines, and have so many jobs at once.

    Neither is in what DBOS offers: it keeps one limit for all workers, in the database, reads it before each
    look along the line, and looks along each line by itself. Should a later version do so elsewhere, the
    tests of this say so; what is used here is why `dbos` is pinned to one minor version.
    """
    database = dbos._sys_db
    read = database.get_queue

    def limited(*names: Any, **how: Any) -> Any:
        queue = read(*names, **how)
        if queue is not None:
            queue._worker_concurrency = at_once
        return queue

    claims = Claims(
        database.start_queued_workflows, heads.look, dbos._active_workflows_set.activeList, at_once
    )
    database.get_queue = limited
    database.start_queued_workflows = claims
    return claims


def line_of(engine: str, protocol: str = PROTOCOL) -> str:
    """The line that jobs stand in: workers take only from those of engines and protocols that they can do."""
    of_engine = QUEUE if engine == AUTO else f"{QUEUE}.{engine}"
    return of_engine if protocol == FIRST_PROTOCOL else f"{of_engine}@{protocol}"


def lines_of(engines: Iterable[str], protocol: str = PROTOCOL) -> list[str]:
    """The lines of a worker: of every engine, jobs written down as today and in every way before."""
    known = range(int(FIRST_PROTOCOL), int(protocol) + 1)
    return [line_of(engine, str(each)) for engine in dict.fromkeys(engines) for each in known]


def _entry(job: Queued, workflow_id: str) -> Any:
    return {
        "workflow_name": WORKFLOW,
        "queue_name": line_of(job.engine, job.protocol),
        "workflow_id": workflow_id,
        "app_version": VERSION,
        "application_name": APPLICATION,
        "priority": min(max(1, job.turn), LARGEST_PRIORITY),
    }


def _job_of(workflow_id: str) -> str:
    return workflow_id.partition(".")[0]


def _standing(statuses: set[str]) -> Standing:
    if statuses & IN_LINE:
        return Standing.LIVE
    return Standing.GIVEN_UP if GIVEN_UP in statuses else Standing.GONE

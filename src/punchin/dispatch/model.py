"""What a dispatcher is: it holds jobs in line and hands each to one living worker at a time.

It may hand a job out twice (a worker looked dead and was not); that is why every hand-over has an attempt of
its own, and the ledger takes a result only from the latest one. It must never forget a job.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from punchin.job import AUTO

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime
    from threading import Event

    from sqlalchemy.orm import Session

    from punchin.store import JobRecord

Run = Callable[[str, str], None]
"""Does a job: run(job_id, attempt). Returns when the ledger says how it ended, or that others have it."""


class Queued(Protocol):
    """What must be known of a job to put it in line."""

    @property
    def id(self) -> str:
        """The job."""
        ...

    @property
    def engine(self) -> str:
        """Whom it shall be made by; "auto" leaves it to the worker."""
        ...

    @property
    def protocol(self) -> str:
        """How it is written down; see `punchin.job.PROTOCOL`."""
        ...

    @property
    def turn(self) -> int:
        """Jobs are handed out by turn, smallest first."""
        ...


class Standing(StrEnum):
    """Where a job stands in the dispatcher."""

    LIVE = "live"
    """In line, or with a worker."""
    GIVEN_UP = "given_up"
    """Handed out as often as allowed; every worker died with it."""
    GONE = "gone"
    """Not here: done, cancelled, or put aside."""


class Dispatcher(Protocol):
    """Holds jobs in line; all methods block, and may be called from several threads."""

    def enqueue(self, session: Session, job: JobRecord) -> None:
        """Put a new job in line, in the transaction that accepts it: both are committed, or neither is.

        Jobs are handed out by their `turn`, then in the order accepted.

        Args:
            session: of the database that the dispatcher uses too; is not committed here.
            job: as the ledger has just written it.
        """
        ...

    def enqueue_again(self, job: Queued) -> None:
        """Put a job in line that is GONE although it is not over."""
        ...

    def cancel(self, job_id: str) -> None:
        """Take a job out of line that the ledger has ended; saves a worker the trouble of finding out."""
        ...

    def standings(self, job_ids: Iterable[str]) -> dict[str, Standing]:
        """Where these jobs stand; costs as much as they are many, however long the line is."""
        ...

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
        """Take jobs until `stop` is set; whatever this worker had when it died comes first.

        Args:
            executor_id: the same for every process that stands in this worker's place; never two at once.
            run: does a job.
            stop: takes no further job from now on.
            grace_s: how long to wait then for the job at work; if it is not over by then this returns all
                the same, and the process must end at once, so that the job goes to another one.
            ready: called when jobs are taken from now on.
            at_once: how many jobs it has at once; `run` is called in a thread for each.
            engines: whose jobs it takes, as jobs name them: "auto" for those that leave it to the worker.
        """
        ...

    def unfinished(self) -> list[tuple[str, str]]:
        """Job and attempt of what `run_worker` left at work when it returned."""
        ...

    def reap(self, dead: Sequence[str]) -> None:
        """Put the jobs of workers that will never come back in line again."""
        ...

    def forget(self, before: datetime) -> None:
        """Drop what is remembered of jobs that were over before a time."""
        ...

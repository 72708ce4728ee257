"""What a worker that is told to stop does with a job that it could not end in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from punchin.errors import JobFinished, JobNotFound, StaleAttempt, StoreError

if TYPE_CHECKING:
    from punchin.dispatch import Dispatcher
    from punchin.store import Store

log = structlog.get_logger("punchin.worker")


def hand_back(store: Store, dispatcher: Dispatcher) -> None:
    """Put jobs that this worker leaves unfinished in line again: any worker may take them at once.

    Their attempts do not count: only a job whose worker died with it comes closer to being given up. Should
    the process die in here, the supervisor or the next worker in this place finds them.

    Args:
        store: the ledger.
        dispatcher: this worker's, which has stopped.
    """
    for job_id, attempt in dispatcher.unfinished():
        try:
            job = store.hand_back(job_id, attempt)
            dispatcher.cancel(job_id)
            dispatcher.enqueue_again(job)
        except (JobFinished, JobNotFound, StaleAttempt) as error:
            log.info("not ours", job=job_id, why=str(error))
        except StoreError as error:
            log.warning("the ledger is away", job=job_id, why=str(error))
        else:
            log.info("handed back", job=job_id, attempt=attempt)

"""Sends the messages about ended jobs to their owners' servers, until they arrive or are given up.

A message is written with the job's end and lies in the ledger, so nothing is lost when this process ends.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from punchin.errors import JobNotFound, PunchinError, StoreError
from punchin.supervisor.signing import signed_headers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from punchin.store import Delivery, JobRecord, Store

    Post = Callable[[str, bytes, Mapping[str, str]], int]
    """post(address, body, headers): the status of the answer; raises PunchinError where there is none."""

log = structlog.get_logger("punchin.supervisor")

DELAYS_S = (5, 30, 120)
"""After the first, second and third try that failed; the fourth is the last."""
AT_ONCE = 4
"""So many are on their way together: the ledger lends them for two minutes, and each may take 30 s."""


class Letters(Protocol):
    """What the messages say, in the words of the wire."""

    def body_of(self, job: JobRecord) -> bytes:
        """The message about an ended job."""
        ...

    def secret_of(self, key_id: str) -> str:
        """What the key's owner checks messages with: `whsec_` and more."""
        ...


@dataclass(frozen=True, slots=True)
class Courier:
    """Delivers what is due.

    Attributes:
        store: the ledger, where the messages lie.
        letters: what they say.
        post: how they travel.
    """

    store: Store
    letters: Letters
    post: Post

    def deliver_due(self) -> int:
        """Try every message that is due once; how many that were."""
        due = self.store.due_deliveries(self.store.now(), AT_ONCE)
        if due:
            with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="courier") as pool:
                list(pool.map(self._deliver, due))
        return len(due)

    def _deliver(self, delivery: Delivery) -> None:
        try:
            job = self.store.job(delivery.job_id)
        except JobNotFound:
            self.store.delivery_failed(delivery.id, None, "its owner deleted the job")
            return
        body = self.letters.body_of(job)
        timestamp = int(self.store.now().timestamp())
        headers = signed_headers(delivery.id, timestamp, body, self.letters.secret_of(delivery.key_id))
        try:
            status = self.post(delivery.address, body, headers)
        except StoreError:
            raise
        except PunchinError as error:
            self._again(delivery, str(error))
            return
        if 200 <= status < 300:
            self.store.delivery_done(delivery.id)
            log.info("delivered", job=delivery.job_id, tries=delivery.tries + 1)
        else:
            self._again(delivery, f"the answer was status {status}")

    def _again(self, delivery: Delivery, why: str) -> None:
        left = delivery.tries < len(DELAYS_S)
        next_at = self.store.now() + timedelta(seconds=DELAYS_S[delivery.tries]) if left else None
        self.store.delivery_failed(delivery.id, next_at, why)
        log.warning("not delivered", job=delivery.job_id, tries=delivery.tries + 1, why=why, again=left)

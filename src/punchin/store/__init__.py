"""The ledger: jobs and what belongs to them, in SQLite or PostgreSQL. It is the truth that clients see.

migrate(address)                      make the tables, or bring them up to date
store = Store.open(address)           every process opens its own; safe from several threads
job, new = store.submit(...)          accepted when this returns
store.begin / progress / finish / fail / cancel      see `moves`
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from punchin.store.jobs import Jobs
from punchin.store.keys import Keys
from punchin.store.moves import Moves
from punchin.store.queues import Queues
from punchin.store.records import (
    ApiKey,
    Backlog,
    Billing,
    DayUsage,
    Delivery,
    EngineQueue,
    Expired,
    JobRecord,
    KeyLoad,
    Limits,
    ModelUsage,
    OpenJob,
    Page,
    Tally,
    Upload,
    UsageStats,
    WorkerRecord,
    WorkerState,
)
from punchin.store.retention import Retention
from punchin.store.schema import check_version, migrate
from punchin.store.sessions import connect, said_plainly, utc_now
from punchin.store.tallies import Tallies
from punchin.store.uploads import Uploads
from punchin.store.usage import Usage, price_of
from punchin.store.webhooks import Webhooks
from punchin.store.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


class Store(Jobs, Moves, Keys, Uploads, Usage, Webhooks, Workers, Queues, Tallies, Retention):
    """The whole ledger. All methods block; each is one transaction, or one look."""

    @classmethod
    def open(cls, address: str, *, clock: Callable[[], datetime] = utc_now) -> Self:
        """Open a ledger whose tables are there.

        Args:
            address: `sqlite:////path/punchin.db` or `postgresql://user:password@host/name`.
            clock: gives the time, in UTC.

        Raises:
            SettingsError: the address is none, or the tables are missing, older or newer than this Punchin.
            StoreError: the database cannot be reached.
        """
        engine = connect(address)
        try:
            check_version(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, clock)


__all__ = [
    "ApiKey",
    "Backlog",
    "Billing",
    "DayUsage",
    "Delivery",
    "EngineQueue",
    "Expired",
    "JobRecord",
    "KeyLoad",
    "Limits",
    "ModelUsage",
    "OpenJob",
    "Page",
    "Store",
    "Tally",
    "Upload",
    "UsageStats",
    "WorkerRecord",
    "WorkerState",
    "connect",
    "migrate",
    "price_of",
    "said_plainly",
]

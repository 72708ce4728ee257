"""A worker from the settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from punchin.dispatch import DbosDispatcher
from punchin.errors import FetchError
from punchin.filestore import FileStore
from punchin.store import Store
from punchin.worker.engines import WarmEngines
from punchin.worker.judging import judged
from punchin.worker.performing import Performer
from punchin.worker.songs import Songs
from punchin.worker.working import Worker, worker_id

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.settings import Settings
    from punchin.worker.songs import Fetch


def worker_of(settings: Settings, slot: int) -> Worker:
    """The worker in a place of this machine.

    Args:
        settings: of this server.
        slot: which place, from 0.

    Raises:
        SettingsError: the database's tables are missing, older or newer.
        StoreError: the database cannot be reached.
    """
    store = Store.open(settings.db_address)
    files = FileStore.open(settings.files_address)
    engines = WarmEngines(settings.engine)
    name = worker_id(slot)
    performer = Performer(
        store=store,
        files=files,
        songs=Songs(files, _fetch_with(settings)),
        engines=engines,
        work=settings.home / "work" / name,
        judge=partial(judged, policy=settings.nsfw),
        limit_s=settings.job_limit_s,
        most_attempts=settings.max_attempts,
        price_per_s=settings.price_per_s,
    )
    return Worker(
        name=name,
        store=store,
        # Twice the ledger's limit: its count is the one that ends a job.
        dispatcher=DbosDispatcher(store.engine, most_handed_out=2 * settings.max_attempts + 2),
        performer=performer,
        engines=engines,
        locks=settings.home / "locks",
        grace_s=settings.grace_s,
    )


def _fetch_with(settings: Settings) -> Fetch:
    """Reads songs from the network by this server's rules."""

    def read(address: str, into: Path, progress: Progress) -> str:
        raise FetchError(f"{address} cannot be read: this server does not read addresses yet")

    return read

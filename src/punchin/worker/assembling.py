"""A worker from the settings."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from punchin.dispatch import DbosDispatcher
from punchin.engines import installed_engines
from punchin.filestore import FileStore
from punchin.store import Store
from punchin.worker.apart import Apart, Bounds
from punchin.worker.batch_engines import SharedEngines
from punchin.worker.editing import edited
from punchin.worker.engines import WarmEngines
from punchin.worker.judging import judged
from punchin.worker.keeping import Kept
from punchin.worker.performing import Performer
from punchin.worker.placing import checked
from punchin.worker.songs import Songs
from punchin.worker.turns import Turns
from punchin.worker.working import Worker, worker_id

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.engine import Progress
    from punchin.settings import Settings


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
    kept = Kept(files, settings.home / "kept", settings.worker_cache_bytes)
    # Without processes of their own for songs, what a file does to one job it does to those beside it.
    together = settings.batch > 1 and settings.confine != "off"
    engines = SharedEngines(settings.engine, settings.batch) if together else WarmEngines(settings.engine)
    name = worker_id(slot)
    # Twice the ledger's limit and more: its count is the one that ends a job.
    dispatcher = DbosDispatcher(store.engine, most_handed_out=2 * settings.max_attempts + 2)
    turns = Turns(store, dispatcher, settings.max_running, settings.home / "locks" / "turns.lock")
    apart = None if settings.confine == "off" else Apart(bounds_of(settings))
    performer = Performer(
        store=store,
        files=files,
        songs=Songs(files, partial(fetch_with, settings), kept),
        engines=engines,
        work=settings.home / "work" / name,
        edit=apart.edit if apart else edited,
        most_minutes=settings.max_song_minutes,
        most_samples=round(settings.max_song_msamples * 1_000_000),
        judge=partial(judged, policy=settings.nsfw),
        turn_of=turns.turn_of,
        limit_s=settings.job_limit_s,
        most_attempts=settings.max_attempts,
        price_per_s=settings.price_per_s,
    )
    return Worker(
        name=name,
        store=store,
        dispatcher=dispatcher,
        turns=turns,
        performer=performer,
        engines=engines,
        apart=apart,
        locks=settings.home / "locks",
        grace_s=settings.grace_s,
        device=settings.device_of(slot),
        serves=checked(settings.serves, installed_engines()),
    )


def bounds_of(settings: Settings) -> Bounds:
    """What the process of one song may use."""
    return Bounds(
        memory_bytes=settings.song_memory_mb * 1_000_000,
        cpu_s=settings.song_cpu_s,
        output_bytes=round(settings.max_output_mb * 1_000_000),
    )


def fetch_with(settings: Settings, address: str, into: Path, progress: Progress) -> str:
    """Read a song from the network by this server's rules; gives its name, which may be empty.

    Raises:
        FetchError, NotAllowed, TooLarge, SongError, StoreError: as `punchin.fetching.fetch`.
    """
    from punchin.fetching import FetchLimits, fetch

    def arriving(bytes_: int, total: int | None) -> None:
        progress("fetch", bytes_ / total if total else 0.0)

    return fetch(
        address,
        into,
        FetchLimits(max_bytes=settings.max_song_bytes, limit_s=settings.fetch_limit_s),
        settings.trusted_hosts,
        arriving,
        allow_http=settings.allow_http,
    ).filename

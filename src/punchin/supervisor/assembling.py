"""A supervisor from the settings."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from punchin.dispatch import DbosDispatcher, prepare
from punchin.filestore import FileStore, signing_key
from punchin.store import Store, migrate
from punchin.supervisor.children import Child
from punchin.supervisor.delivering import Courier
from punchin.supervisor.letters import LateLetters, post_with
from punchin.supervisor.overdue import Overdue
from punchin.supervisor.putting_right import Order
from punchin.supervisor.supervising import Supervisor
from punchin.worker.turns import Turns
from punchin.worker.working import worker_id

if TYPE_CHECKING:
    from punchin.settings import Settings


def supervisor_of(settings: Settings, *, api: bool = True) -> Supervisor:
    """Make what must be there before anything starts, and a supervisor of this machine.

    Args:
        settings: of this server.
        api: whether it keeps an API.

    Raises:
        SettingsError: the database was made by a newer Punchin, or an address cannot be used.
        StoreError: the database cannot be reached.
    """
    settings.home.mkdir(parents=True, exist_ok=True)
    migrate(settings.db_address)
    store = Store.open(settings.db_address)
    prepare(store.engine, settings.poll_s)
    files, dispatcher = FileStore.open(settings.files_address), DbosDispatcher(store.engine)
    signing_key(settings.home, settings.secret)
    order = Order(
        store=store,
        dispatcher=dispatcher,
        files=files,
        turns=Turns(store, dispatcher, settings.max_running, settings.home / "locks" / "turns.lock"),
        dead_after=timedelta(seconds=settings.dead_after_s),
        keep=timedelta(days=settings.retention_days),
    )
    return Supervisor(
        store=store,
        others=[Child("api", _command("api"))] if api else [],
        workers={
            worker_id(slot): Child(f"worker {slot}", _command("worker", "--slot", str(slot)))
            for slot in range(settings.workers)
        },
        order=order,
        courier=Courier(store, LateLetters(settings), partial(post_with, settings)),
        overdue=Overdue(store, settings.job_limit_s),
        lock=settings.home / "locks" / "serve.lock",
        dead_after_s=settings.dead_after_s,
        grace_s=settings.grace_s,
    )


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "punchin", *words, "--parent", str(os.getpid())]


def first_key(store: Store, settings: Settings) -> str | None:
    """Make a key where there has never been one.

    Returns:
        Its secret if nobody knows it yet: show it, it cannot be shown again.
    """
    if store.keys():
        return None
    _, secret = store.create_key("first", secret=settings.api_key or None)
    return None if settings.api_key else secret

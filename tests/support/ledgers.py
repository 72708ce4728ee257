"""A ledger of its own for each test, made once and copied; and the fixtures of all who need one.

A conftest.py imports the fixtures it wants: `clock`, `store`, `dispatcher`.
"""

from __future__ import annotations

import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from punchin.dispatch import DbosDispatcher, prepare
from punchin.store import JobRecord, Store, migrate
from support.ledger import Clock

if TYPE_CHECKING:
    from collections.abc import Generator

    from sqlalchemy.orm import Session

    from punchin.job import JobSpec


def address_of(path: Path) -> str:
    """The address of a SQLite file, whatever its name is."""
    return f"sqlite:///{quote(str(path))}"


@cache
def _empty() -> Path:
    path = Path(mkdtemp(prefix="punchin-")) / "empty.db"
    address = address_of(path)
    migrate(address)
    store = Store.open(address)
    prepare(store.engine, 0.05)
    store.close()
    return path


def ledger_in(folder: Path, **options: Any) -> Store:
    """A new ledger with the dispatcher's tables, in a folder.

    Args:
        folder: where its file goes.
        options: of `Store.open`.
    """
    path = folder / "punchin.db"
    shutil.copy(_empty(), path)
    return Store.open(address_of(path), **options)


def accept(store: Store, spec: JobSpec, key_id: str = "key") -> JobRecord:
    """A job that nobody puts in line."""

    def nobody(session: Session, job: JobRecord) -> None:
        pass

    return store.submit(key_id, spec, idempotency_key=None, enqueue=nobody)[0]


@pytest.fixture
def clock() -> Clock:
    """The ledger's."""
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Generator[Store]:
    """An empty ledger."""
    store = ledger_in(tmp_path, clock=clock)
    yield store
    store.close()


@pytest.fixture
def dispatcher(store: Store) -> Generator[DbosDispatcher]:
    """The dispatcher of that ledger."""
    dispatcher = DbosDispatcher(store.engine)
    yield dispatcher
    dispatcher.close()

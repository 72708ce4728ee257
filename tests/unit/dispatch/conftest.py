"""Every test here runs over every database that the dispatcher knows."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import pytest

from punchin.store import Store
from support import postgres
from support.ledgers import clock, dispatcher, ledger_in

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from support.ledger import Clock

__all__ = ["clock", "dispatcher"]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock) -> Generator[Store]:
    """An empty ledger."""
    with contextlib.ExitStack() as stack:
        if request.param == "sqlite":
            store = ledger_in(tmp_path, clock=clock)
        elif why := postgres.missing():
            pytest.skip(why)
        else:
            address = stack.enter_context(postgres.database(postgres.prepared()))
            store = Store.open(address, clock=clock)
        yield store
        store.close()

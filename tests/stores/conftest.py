"""Every test here runs over every database: SQLite always, PostgreSQL where one is to be had.

Each test gets a database of its own, which is dropped afterwards; see `support.postgres`.
"""

import pytest

from punchin.store import Store, migrate
from support import postgres
from support.ledger import Clock


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request, tmp_path):
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger' / 'punchin.db'}"
        return
    if why := postgres.missing():
        pytest.skip(why)
    with postgres.database() as found:
        yield found


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(address, clock):
    migrate(address)
    opened = Store.open(address, clock=clock)
    yield opened
    opened.close()

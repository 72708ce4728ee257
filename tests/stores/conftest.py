"""Every test here runs over every database: SQLite always, PostgreSQL where one is to be had.

PUNCHIN_TEST_POSTGRES names it, as postgresql://user:password@host/name; without it there are no such tests.
The user needs the right to make databases; each test gets one of its own, which is dropped afterwards.
"""

import os
import secrets

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from punchin.store import Store, migrate
from support.ledger import Clock

POSTGRES = os.environ.get("PUNCHIN_TEST_POSTGRES", "")
DATABASES = ["sqlite", "postgresql"] if POSTGRES else ["sqlite"]


@pytest.fixture(params=DATABASES)
def address(request, tmp_path):
    """A database without tables."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger' / 'punchin.db'}"
        return
    server = make_url(POSTGRES).set(drivername="postgresql+psycopg")
    name = f"punchin_test_{secrets.token_hex(4)}"
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with engine.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    engine.dispose()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(address, clock):
    migrate(address)
    opened = Store.open(address, clock=clock)
    yield opened
    opened.close()

"""A PostgreSQL that is away, or a client that is: nobody waits long, and the error says that it may pass."""

import socket
import time

import pytest
from sqlalchemy import text

from punchin.errors import StoreError
from punchin.store import Store, connect
from punchin.store.sessions import AWAY, GONE
from support import postgres


@pytest.fixture
def ledger(address):
    if not address.startswith("postgresql"):
        pytest.skip("SQLite is never away")
    store = Store(connect(address))
    yield store
    store.close()


def test_a_server_that_takes_the_call_and_says_nothing_is_given_up():
    if why := postgres.missing():
        pytest.skip(why)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        store = Store(connect(f"postgresql://punchin@127.0.0.1:{silent.getsockname()[1]}/punchin"))
        began = time.monotonic()
        with pytest.raises(StoreError, match="try again"):
            store.backlog()
        assert time.monotonic() - began >= float(AWAY["connect_timeout"]) - 1
        store.close()


def test_what_the_address_says_comes_first():
    if why := postgres.missing():
        pytest.skip(why)
    engine = connect("postgresql://punchin@db/punchin?connect_timeout=9&application_name=me")
    assert engine.url.query == AWAY | {"connect_timeout": "9", "application_name": "me"}


def test_the_server_lets_go_of_those_that_are_gone(ledger):
    with ledger.reading() as session:
        shown = {name: session.execute(text(f"SHOW {name}")).scalar_one() for name in GONE}
    assert shown == GONE


def test_a_transaction_that_the_server_ended_is_no_fault_of_ours(ledger):
    def fall_asleep(session):
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 1"))
        pid = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        deadline = time.monotonic() + 20
        while is_there(ledger, pid):
            assert time.monotonic() < deadline
        session.execute(text("SELECT 1"))

    with pytest.raises(StoreError, match="try again"):
        ledger.written(fall_asleep)


def is_there(ledger, pid):
    wanted = text("SELECT count(*) FROM pg_stat_activity WHERE pid = :pid")
    with ledger.reading() as session:
        return session.execute(wanted, {"pid": pid}).scalar_one() == 1

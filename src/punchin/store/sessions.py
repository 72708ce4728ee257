"""The database connection: how it is set up, and the two kinds of transaction."""

from __future__ import annotations

import threading
import time
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import create_engine, event, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, NoSuchModuleError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session

from punchin.errors import SettingsError, StoreError
from punchin.store.together import Together

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from sqlalchemy import URL, Engine

T = TypeVar("T")

BUSY_MS = 30_000
"""How long a writer waits for the other writers of a SQLite file, as DBOS does on the same file."""

POOL_WAIT_S = 3.0
"""How long a request waits for a connection to PostgreSQL that others have; a dead one holds them all."""
AWAY = {
    "connect_timeout": "3",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "8000",
}
"""When PostgreSQL is away (libpq's own names; seconds, but for the last, milliseconds). Without these, a
connection whose cable was pulled waits for minutes or hours, and with it whoever asked."""
IDLE_IN_TRANSACTION = "25P03"
"""What PostgreSQL calls the end of a transaction that was idle for too long (its manual, appendix A)."""
GONE = {
    "idle_in_transaction_session_timeout": "20s",
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "8000",
}
"""The same from the other side: how long the server keeps the locks of a process that was cut off or frozen
in the middle of a transaction; no other attempt at its job gets past those."""


def connect(address: str) -> Engine:
    """An engine that the ledger and the dispatcher share.

    SQLite: write-ahead log, so that readers never wait; `synchronous=FULL`, so that what is committed
    survives a power cut; the driver's isolation level IMMEDIATE, since DBOS counts on it: the first write
    takes the lock.

    PostgreSQL: gives up soon on a server that is away (see `AWAY`), and lets the server give up on us (see
    `GONE`). What the address itself says of these comes first: `postgresql://...?connect_timeout=10`.

    Args:
        address: `sqlite:////path/punchin.db` or `postgresql://user:password@host/name`.

    Raises:
        SettingsError: if it is neither.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SettingsError(f"{address!r} is no database address; {_GOOD}") from error
    if url.get_backend_name() == "sqlite":
        if url.database in (None, "", ":memory:"):
            raise SettingsError(
                f"several processes share the database: it must be a file, not memory; {_GOOD}"
            )
        return _sqlite(url)
    if url.get_backend_name() != "postgresql":
        raise SettingsError(f"there is no ledger for {url.get_backend_name()}; {_GOOD}")
    return _postgresql(url)


_GOOD = "use sqlite:////path/punchin.db or postgresql://user:password@host/name"


def _postgresql(url: URL) -> Engine:
    url = url.set(drivername="postgresql+psycopg").update_query_dict({**AWAY, **url.query})
    try:
        engine = create_engine(url, pool_pre_ping=True, pool_timeout=POOL_WAIT_S)
    except (ImportError, NoSuchModuleError) as error:
        raise SettingsError("PostgreSQL needs the package psycopg: pip install psycopg[binary]") from error
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def _set_up_postgresql(connection: Any, record: Any) -> None:  # noqa: ARG001
    # Not as startup options: poolers refuse those.
    connection.execute("; ".join(f"SET {name} = '{value}'" for name, value in GONE.items()))
    connection.commit()


def _sqlite(url: URL) -> Engine:
    assert url.database
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, pool_size=8, max_overflow=24, pool_timeout=30)
    event.listen(engine, "connect", _set_up_sqlite)
    return engine


def _set_up_sqlite(connection: Any, record: Any) -> None:  # noqa: ARG001
    connection.isolation_level = "IMMEDIATE"
    connection.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    _write_ahead(connection)
    connection.execute("PRAGMA synchronous=FULL")


def _write_ahead(connection: Any) -> None:
    """Switch the file to the write-ahead log; a fresh file that others open too says "locked" at once."""
    import sqlite3

    deadline = time.monotonic() + BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


class Ledger:
    """A database and a clock: what every part of the store stands on."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine = engine
        self.now = clock
        self._immediate = engine.dialect.name == "sqlite"
        # SQLite lets whoever asks at the right moment write next, so one of many threads may wait for seconds
        # (p99 of a submit with 32 clients 4.4 s, in turns 0.6 s). Between processes its own lock has to do.
        self._turn: AbstractContextManager[object] = threading.Lock() if self._immediate else nullcontext()

        self._together: Together[Any] = Together(self.writing)

    def written(self, write: Callable[[Session], T]) -> T:
        """Run a write in a transaction, in SQLite together with what other threads write at the moment.

        Args:
            write: gets the session; all it does is committed when this returns, or none of it.

        Raises:
            StoreError: as `writing`.
            Exception: what the write raised.
        """
        if self._immediate:
            return self._together.write(write)
        with self.writing() as session:
            return write(session)

    @contextmanager
    def alone(self, name: str) -> Generator[None]:
        """Hold the lock of a name while the block runs, against the processes of all machines.

        With SQLite there is one machine, and locks of files do.

        Raises:
            StoreError: the database cannot be reached.
        """
        if self._immediate:
            yield
            return
        session = Session(self.engine)
        try:
            with said_plainly():
                session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
            yield
        finally:
            # A server that died has let go by itself.
            with suppress(DBAPIError):
                session.close()

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A session that only reads.

        Raises:
            StoreError: if the database cannot be reached or is locked for too long.
        """
        with said_plainly(), Session(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Generator[Session]:
        """A transaction: all of it or nothing.

        SQLite takes the write lock at once: a transaction that reads first and wants the lock later would
        fail when another one wrote in between. PostgreSQL locks rows; whoever reads to decide says
        `FOR UPDATE`.

        Raises:
            StoreError: if the database cannot be reached, is locked for too long or has no room.
        """
        with self._turn, said_plainly(), Session(self.engine) as session, session.begin():
            if self._immediate:
                session.connection().exec_driver_sql("BEGIN IMMEDIATE")
            yield session


@contextmanager
def said_plainly() -> Generator[None]:
    """Turn what may pass (no connection, locked, no room) into StoreError; a wrong statement is our fault."""
    try:
        yield
    except DBAPIError as error:
        if not (isinstance(error, (OperationalError, InterfaceError)) or _broken_off(error)):
            raise
        raise StoreError(f"the database cannot be used right now ({error.orig}); try again") from error
    except PoolTimeoutError as error:
        raise StoreError("too many requests use the database at once; try again in a moment") from error


def _broken_off(error: DBAPIError) -> bool:
    """The server ended the transaction for being idle: psycopg has that among the faults of a program."""
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) == IDLE_IN_TRANSACTION

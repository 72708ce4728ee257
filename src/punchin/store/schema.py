"""The version of the tables: making them, bringing them up to date, refusing what is newer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from punchin.errors import SettingsError
from punchin.store.sessions import connect, said_plainly

if TYPE_CHECKING:
    from sqlalchemy import Engine

NEWEST = "0003"
"""The last of the migrations; written here so that opening the store need not import alembic."""

VERSION_TABLE = "punchin_version"
_LOCK = 7_086_110_399
"""An arbitrary number that only Punchin's migrations lock in PostgreSQL."""


def migrate(address: str) -> None:
    """Make the tables or bring them up to date; does nothing if they are. One process at a time, others wait.

    Raises:
        SettingsError: if the database was made by a newer Punchin, or the address is none.
        StoreError: if the database cannot be reached.
    """
    engine = connect(address)
    try:
        with said_plainly(), engine.begin() as connection:
            if engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            _upgrade(connection)
    finally:
        engine.dispose()


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    _refuse_newer(connection)
    config = Config(attributes={"connection": connection, "version_table": VERSION_TABLE})
    # ConfigParser reads a lone % as the start of a name to fill in.
    folder = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    command.upgrade(config, "head")


def check_version(engine: Engine) -> None:
    """Refuse tables that this Punchin was not written for.

    Raises:
        SettingsError: if they are missing, older or newer; says what to do.
        StoreError: if the database cannot be reached.
    """
    with said_plainly(), engine.connect() as connection:
        _refuse_newer(connection)
        found = _version(connection)
    if found != NEWEST:
        has = f"tables of version {found}" if found else "no tables of Punchin"
        raise SettingsError(f"the database has {has}, version {NEWEST} is needed; `punchin serve` makes them")


def _refuse_newer(connection: Connection) -> None:
    found = _version(connection)
    if found is not None and found > NEWEST:
        raise SettingsError(
            f"the database was made by a newer Punchin (tables {found}, this one knows up to {NEWEST}); "
            "upgrade punchin, or name another database in PUNCHIN_DB"
        )


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar()  # noqa: S608

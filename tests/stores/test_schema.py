import json
import subprocess
import sys

import pytest
from sqlalchemy import text

from punchin.errors import SettingsError, StoreError
from punchin.store import Store, migrate, schema
from punchin.store.sessions import connect, said_plainly
from punchin.store.tables import metadata
from support.ledger import submitted


def test_the_migrations_make_the_tables_that_the_code_knows(address):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    migrate(address)
    engine = connect(address)
    with engine.connect() as connection:
        options = {"version_table": schema.VERSION_TABLE}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_the_newest_version_is_the_last_migration():
    from alembic.script import ScriptDirectory

    folder = schema.__file__.replace("schema.py", "migrations")
    assert ScriptDirectory(folder).get_heads() == [schema.NEWEST]


def test_migrating_again_changes_nothing(store, address):
    job = submitted(store)
    migrate(address)
    assert store.job(job.id) == job


def test_a_database_of_a_newer_punchin_is_refused(address):
    migrate(address)
    _set_version(address, "0999")
    with pytest.raises(SettingsError, match=r"newer Punchin .*0999"):
        migrate(address)
    with pytest.raises(SettingsError, match="newer Punchin"):
        Store.open(address)


def test_a_database_without_tables_is_refused(address):
    with pytest.raises(SettingsError, match="no tables"):
        Store.open(address)


def test_a_database_of_an_older_punchin_is_not_used_before_it_is_migrated(address):
    migrate(address)
    _set_version(address, "0000")
    with pytest.raises(SettingsError, match=f"version 0000, version {schema.NEWEST} is needed"):
        Store.open(address)


def test_jobs_of_an_older_ledger_keep_their_engine(address, monkeypatch):
    """The first tables, filled as the Punchin of then did, and migrated."""
    engine = migrated_to(address, "0001", monkeypatch)
    with engine.begin() as connection:
        for job_id, named in (("a", "tone"), ("b", "auto")):
            put(connection, "jobs", JOB | {"id": job_id, "spec": json.dumps({"engine": named})})
    migrate(address)
    with engine.connect() as connection:
        found = connection.execute(text("SELECT id, engine, protocol FROM jobs ORDER BY id")).all()
    engine.dispose()
    assert [tuple(each) for each in found] == [("a", "tone", "1"), ("b", "auto", "1")]


def test_ends_of_an_older_ledger_get_their_code_and_engine(address, monkeypatch):
    """More jobs than are read at once; and the end of one that is not there any more."""
    engine = migrated_to(address, "0002", monkeypatch)
    given = JOB | {"spec": "{}", "engine": "auto", "protocol": "1", "finished_at": 2}
    ended = {"failure": json.dumps({"code": 1402, "message": ""})}
    with engine.begin() as connection:
        for number in range(120):
            put(connection, "jobs", given | {"id": f"failed-{number}"} | ended)
            put(connection, "usage", USAGE | {"id": f"{number}", "job_id": f"failed-{number}"})
        result = json.dumps({"outputs": [], "report": {"engine": "tone"}})
        put(connection, "jobs", given | {"id": "done", "result": result})
        put(connection, "usage", USAGE | {"id": "done", "job_id": "done", "state": "completed", "seconds": 3})
        put(connection, "usage", USAGE | {"id": "forgotten", "job_id": "forgotten"})
    engine.dispose()
    migrate(address)
    store = Store.open(address)
    found = {(each.state.value, each.code, each.engine, each.count) for each in store.tallies()}
    store.close()
    assert found == {
        ("failed", 1402, "", 120),
        ("failed", None, "", 1),
        ("completed", None, "tone", 1),
    }


JOB = {
    "key_id": "k", "fingerprint": "", "model": "m", "state": "created", "stage": "",
    "fraction": 0, "attempts": 0, "turn": 1, "cancel_asked": False, "created_at": 1,
}  # fmt: skip
USAGE = {"key_id": "k", "model": "m", "state": "failed", "seconds": 0, "price": 0, "created_at": 2}


def migrated_to(address, version, monkeypatch):
    """A ledger as an older Punchin made it."""
    from alembic import command

    upgrade = command.upgrade
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", lambda config, to: upgrade(config, version))
        migrate(address)
    return connect(address)


def put(connection, table, values):
    places = ", ".join(f":{name}" for name in values)
    connection.execute(text(f"INSERT INTO {table} ({', '.join(values)}) VALUES ({places})"), values)


def _set_version(address, version):
    engine = connect(address)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE {schema.VERSION_TABLE} SET version_num = '{version}'"))
    engine.dispose()


@pytest.mark.parametrize("wrong", ["", "punchin.db", "sqlite://", "sqlite:///:memory:", "mysql://u@h/d"])
def test_addresses_that_are_none_are_refused(wrong):
    with pytest.raises(SettingsError, match="sqlite:////path"):
        connect(wrong)


def test_sqlite_is_set_up_to_survive_power_cuts(tmp_path):
    engine = connect(f"sqlite:///{tmp_path / 'p.db'}")
    with engine.connect() as connection:
        settings = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "busy_timeout")
        ]
    engine.dispose()
    assert settings == ["wal", 2, 30000]


def test_a_database_that_cannot_be_used_is_said_so(tmp_path):
    migrate(f"sqlite:///{tmp_path / 'p.db'}")
    store = Store.open(f"sqlite:///{tmp_path / 'p.db'}")
    with pytest.raises(StoreError, match="no such table"), store.reading() as session:
        session.execute(text("SELECT * FROM lost"))
    store.close()
    with pytest.raises(StoreError, match="cannot be used"):
        migrate("postgresql://nobody@127.0.0.1:1/none")


def test_other_errors_pass():
    with pytest.raises(ZeroDivisionError), said_plainly():
        raise ZeroDivisionError


def test_opening_the_store_does_not_import_alembic():
    code = "import sys, punchin.store; print('alembic' in sys.modules, 'numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]

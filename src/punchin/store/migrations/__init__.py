"""Alembic migrations, run by `punchin.store.migrate`."""

"""What alembic runs: the migrations, in the transaction that `punchin.store.migrate` has begun."""

from __future__ import annotations

from alembic import context

_given = context.config.attributes
context.configure(connection=_given["connection"], version_table=_given["version_table"])
context.run_migrations()

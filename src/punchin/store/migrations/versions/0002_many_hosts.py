"""Many hosts: jobs by engine, the protocol of jobs and workers, draining.

Imports nothing of Punchin, as every migration.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the columns; jobs that are there get the engine that their request names."""
    with op.batch_alter_table("jobs") as jobs:
        jobs.add_column(sa.Column("engine", sa.Text, nullable=False, server_default="auto"))
        jobs.add_column(sa.Column("protocol", sa.Text, nullable=False, server_default="1"))
    with op.batch_alter_table("workers") as workers:
        workers.add_column(sa.Column("device", sa.Text, nullable=False, server_default=""))
        workers.add_column(sa.Column("protocol", sa.Text, nullable=False, server_default="1"))
        workers.add_column(sa.Column("drain_asked", sa.Boolean, nullable=False, server_default=sa.false()))
    _name_engines()


def _name_engines() -> None:
    connection = op.get_bind()
    found = connection.execute(sa.text("SELECT seq, spec FROM jobs")).all()
    named = [{"seq": row.seq, "engine": str(json.loads(row.spec).get("engine", "auto"))} for row in found]
    if other := [row for row in named if row["engine"] != "auto"]:
        connection.execute(sa.text("UPDATE jobs SET engine = :engine WHERE seq = :seq"), other)

"""Ends that can be counted for good: why a job failed and who filled it, in the books that outlive it.

Imports nothing of Punchin, as every migration.
"""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what jobs that are still there say goes into their rows."""
    with op.batch_alter_table("usage") as usage:
        usage.add_column(sa.Column("code", sa.Integer))
        usage.add_column(sa.Column("engine", sa.Text, nullable=False, server_default=""))
    op.create_index("usage_by_time", "usage", ["created_at"])
    connection = op.get_bind()
    ended = "SELECT seq, id, result, failure FROM jobs WHERE finished_at IS NOT NULL AND seq > :after"
    after = 0
    # Receipts make results long: a few at a time.
    while rows := connection.execute(sa.text(f"{ended} ORDER BY seq LIMIT 100"), {"after": after}).all():
        after = rows[-1].seq
        connection.execute(
            sa.text("UPDATE usage SET code = :code, engine = :engine WHERE job_id = :id"),
            [{"id": row.id, "code": _code(row.failure), "engine": _engine(row.result)} for row in rows],
        )


def _code(failure: str | None) -> int | None:
    return int(json.loads(failure)["code"]) if failure else None


def _engine(result: str | None) -> str:
    return str(json.loads(result).get("report", {}).get("engine", "")) if result else ""

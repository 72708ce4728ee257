"""The tables of the ledger. The migrations make them; a test compares the two."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
)

from punchin.job import Failure, JobResult, JobSpec
from punchin.store.columns import Json, Moment, Money, Words

metadata = MetaData()

SEQUENCE = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts by itself only in a column called INTEGER."""

keys = Table(
    "keys",
    metadata,
    Column("id", Words, primary_key=True),
    Column("name", Words, nullable=False),
    Column("digest", Words, nullable=False, unique=True),
    Column("hint", Words, nullable=False),
    Column("rate_per_minute", Integer),
    Column("max_running", Integer),
    Column("max_queued", Integer),
    Column("prepaid", Money),
    Column("spent", Money, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("used_at", Moment),
    Column("revoked_at", Moment),
)

jobs = Table(
    "jobs",
    metadata,
    Column("seq", SEQUENCE, primary_key=True, autoincrement=True),
    Column("id", Words, nullable=False, unique=True),
    Column("key_id", Words, nullable=False),
    Column("idempotency_key", Words),
    Column("fingerprint", Words, nullable=False),
    Column("spec", Json(JobSpec), nullable=False),
    Column("model", Words, nullable=False),
    Column("engine", Words, nullable=False),
    Column("protocol", Words, nullable=False),
    Column("upload_key", Words),
    Column("state", Words, nullable=False),
    Column("stage", Words, nullable=False),
    Column("fraction", Double, nullable=False),
    Column("eta_s", Double),
    Column("attempt", Words),
    Column("attempts", Integer, nullable=False),
    Column("turn", Integer, nullable=False),
    Column("cancel_asked", Boolean, nullable=False),
    Column("result", Json(JobResult)),
    Column("failure", Json(Failure)),
    Column("created_at", Moment, nullable=False),
    Column("started_at", Moment),
    Column("progressed_at", Moment),
    Column("finished_at", Moment),
    Column("deleted_at", Moment),
    UniqueConstraint("key_id", "idempotency_key", name="one_job_per_idempotency_key"),
    Index("jobs_of_a_key", "key_id", "created_at"),
    Index("open_jobs_of_a_key", "key_id", "state"),
    Index("jobs_in_line", "state", "turn", "seq"),
    Index("jobs_by_end", "finished_at"),
    Index("jobs_by_upload", "upload_key"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", Words, primary_key=True),
    Column("attempt", Words, primary_key=True),
    Column("began_at", Moment, nullable=False),
)
"""Every attempt that ever began: one that was overtaken never comes back."""

uploads = Table(
    "uploads",
    metadata,
    Column("id", Words, primary_key=True),
    Column("key_id", Words, nullable=False),
    Column("file_key", Words, nullable=False, unique=True),
    Column("filename", Words, nullable=False),
    Column("content_type", Words, nullable=False),
    Column("size", BigInteger),
    Column("bytes", BigInteger),
    Column("sha256", Words),
    Column("created_at", Moment, nullable=False),
    Column("stored_at", Moment),
    Index("uploads_by_age", "created_at"),
)

usage = Table(
    "usage",
    metadata,
    Column("id", Words, primary_key=True),
    Column("job_id", Words, nullable=False, unique=True),
    Column("key_id", Words, nullable=False),
    Column("model", Words, nullable=False),
    Column("state", Words, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("price", Money, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("code", Integer),
    Column("engine", Words, nullable=False),
    Index("usage_of_a_key", "key_id", "created_at"),
    Index("usage_by_time", "created_at"),
)
"""One row for every job that ended, whatever its end; it outlives the job. Failed ones have a code, completed
ones the engine that filled them, and only they cost."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Words, primary_key=True),
    Column("job_id", Words, nullable=False, unique=True),
    Column("key_id", Words, nullable=False),
    Column("address", Words, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("next_at", Moment),
    Column("last_error", Words, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("done_at", Moment),
    Index("deliveries_due", "next_at"),
)

workers = Table(
    "workers",
    metadata,
    Column("id", Words, primary_key=True),
    Column("host", Words, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("state", Words, nullable=False),
    Column("job_id", Words),
    Column("engine", Words, nullable=False),
    Column("engines", Json(list[dict[str, Any]]), nullable=False),
    Column("device", Words, nullable=False),
    Column("protocol", Words, nullable=False),
    Column("drain_asked", Boolean, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
)

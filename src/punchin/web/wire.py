"""The hosted API's words: the envelope, the task object, and how errors are told. Changes only when they do.

Ours: job, output, cancelled. Theirs: task or prediction, and no word for cancelled that old clients know.
"""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET, UnsetType

from punchin.errors import (
    CallerError,
    FetchError,
    IdempotencyConflict,
    JobFinished,
    JobNotFound,
    KeyNotFound,
    NotAllowed,
    PunchinError,
    RateLimited,
    StoreError,
    TooLarge,
    UploadNotFound,
)
from punchin.job import FailureCode, State

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from punchin.job import JobResult
    from punchin.store import JobRecord

HOSTED_MODEL = "wavespeed-ai/ace-step/audio-inpaint"
MODEL_ENDING = "audio-inpaint"
CANCELLED_CODE = 1403
"""Their "task execution failed"; `FailureCode` has none, since a cancelled job did not fail."""


class NotSignedIn(CallerError):
    """The API key is missing or wrong; send it as `Authorization: Bearer KEY`."""

    code = "not_signed_in"


class NoSuchModel(CallerError):
    """There is no such model here; GET /api/v3/models lists them."""

    code = "model_not_found"


class NoSuchFile(CallerError):
    """There is no such file any more; its job or upload has expired or was deleted."""

    code = "file_not_found"


class BalanceUsedUp(CallerError):
    """The prepaid balance of this key is used up; ask the operator of this server to raise it."""

    code = "insufficient_balance"


class WrittenAlready(CallerError):
    """The upload is there already; an upload address is written once, ask for a new one."""

    code = "written_already"


STATUSES: tuple[tuple[type[PunchinError], int], ...] = (
    (NotSignedIn, 401),
    (NotAllowed, 403),
    (NoSuchModel, 404),
    (NoSuchFile, 404),
    (JobNotFound, 404),
    (UploadNotFound, 404),
    (KeyNotFound, 404),
    (JobFinished, 409),
    (IdempotencyConflict, 409),
    (WrittenAlready, 412),
    (TooLarge, 413),
    (RateLimited, 429),
    (CallerError, 400),
    (StoreError, 503),
    (FetchError, 502),
    (PunchinError, 500),
)
"""The first that fits. 429 and 5xx only for what passes: clients try those again."""


def status_of(error: PunchinError) -> int:
    """The HTTP status that tells of an error."""
    return next(status for kind, status in STATUSES if isinstance(error, kind))


class Problem(msgspec.Struct, frozen=True):
    """An answer that tells of an error; HTTP status and `code` are the same number.

    `error` is the message once more, in the one answer for which that is documented.
    """

    code: int
    message: str
    error_code: str = ""
    data: None = None
    error: str | UnsetType = UNSET


class Envelope(msgspec.Struct, frozen=True):
    """An answer that worked; must never have a key `error`: an old client takes that for a failure."""

    data: Any
    code: int = 200
    message: str = "success"


class Urls(msgspec.Struct, frozen=True):
    """Addresses that belong to a task; strings only, since Go reads them as such."""

    get: str


class Timings(msgspec.Struct, frozen=True):
    """Whole milliseconds."""

    inference: int


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A job as clients of the hosted API read it; every field is there for the strictest of them.

    Attributes:
        id: 32 lower-case hexadecimal digits.
        model: as submitted.
        outputs: addresses, or base64 texts, of the finished files; empty before.
        urls: where the result is.
        has_nsfw_contents: for each output whether lyrics or tags have unsafe words.
        status: created, processing, completed or failed.
        created_at: RFC 3339, UTC, milliseconds.
        error: empty when there is none.
        executionTime: whole milliseconds of work; 0 until it is done.
        timings: the same.
        code: why it failed; 5004 when a synchronous wait ran out; absent otherwise.
        input: the request.
        punchin: what Punchin says of a finished job: engine, seeds, regions, seams, proof, times.
    """

    id: str
    model: str
    outputs: list[str]
    urls: Urls
    has_nsfw_contents: list[bool]
    status: str
    created_at: str
    error: str
    executionTime: int  # noqa: N815
    timings: Timings
    code: int | UnsetType = UNSET
    input: dict[str, Any] | UnsetType = UNSET
    punchin: dict[str, Any] | UnsetType = UNSET


def task_of(
    job: JobRecord,
    address: str,
    outputs: Sequence[str] = (),
    *,
    refusal: str = "",
    with_input: bool = True,
) -> Task:
    """A job as a task.

    Args:
        job: as the ledger has it.
        address: where its result is read.
        outputs: addresses or texts of its outputs, if it has any.
        refusal: why its outputs cannot be given as asked; the task is then told as failed.
        with_input: whether the request is told too.
    """
    failure = _failure_of(job, refusal)
    given = job.result is not None and failure is None
    spent_ms = _spent_ms(job)
    return Task(
        id=job.id,
        model=job.spec.model,
        outputs=list(outputs) if given else [],
        urls=Urls(address),
        has_nsfw_contents=list(job.result.flagged) if job.result and given else [],
        status="failed" if failure else job.state.value,
        created_at=moment(job.created_at),
        error=failure[1] if failure else "",
        executionTime=spent_ms,
        timings=Timings(spent_ms),
        code=failure[0] if failure else UNSET,
        input=job.spec.request if with_input else UNSET,
        punchin=report_of(job.result) if job.result else UNSET,
    )


def report_of(result: JobResult) -> dict[str, Any]:
    """What is told of a finished job: all but the receipts, 30 KB a take, which have their own address."""
    takes: list[dict[str, Any]] = result.report.get("takes", [])
    lean = [{name: value for name, value in take.items() if name != "receipt"} for take in takes]
    return result.report | {"takes": lean}


def why_failed(job: JobRecord) -> str:
    """The sentence of a job that failed or was cancelled, else empty."""
    failure = _failure_of(job, "")
    return failure[1] if failure else ""


def waited_too_long(task: Task, limit_s: float) -> Task:
    """The answer of a synchronous request whose job goes on; the wording is what clients look for."""
    return msgspec.structs.replace(
        task,
        status="processing",
        code=int(FailureCode.TOO_SLOW),
        error=f"Sync mode timed out after {limit_s:g} seconds. "
        "The prediction is still processing asynchronously.",
    )


def moment(when: datetime) -> str:
    """A time as they write it: `2026-03-01T12:00:00.000Z`."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _failure_of(job: JobRecord, refusal: str) -> tuple[int, str] | None:
    """Code and sentence of what is told as failed."""
    if job.state is State.CANCELLED:
        return CANCELLED_CODE, "the job was cancelled by its owner"
    if job.state is State.FAILED:
        failure = job.failure
        return (failure.code, failure.message) if failure else (int(FailureCode.INTERNAL), "unknown")
    return (int(FailureCode.INVALID), refusal) if refusal else None


def _spent_ms(job: JobRecord) -> int:
    if job.result is not None:
        return job.result.inference_ms
    if job.started_at is None or job.finished_at is None:
        return 0
    return max(0, round((job.finished_at - job.started_at).total_seconds() * 1000))

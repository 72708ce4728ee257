"""Punchin's own routes: what the hosted API has no words for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse

from punchin.errors import JobNotFound
from punchin.job import State
from punchin.store.jobs import UPLOAD
from punchin.web.describing import JOB, Responses, responses
from punchin.web.engines import Installed
from punchin.web.front import Front, Signed, TheBase, TheFront, answer
from punchin.web.reading import MOST_PAGES, deleted
from punchin.web.searching import found_jobs
from punchin.web.waiting import events as events_of
from punchin.web.wire import moment, report_of

if TYPE_CHECKING:
    from datetime import datetime

    from punchin.store import JobRecord
    from punchin.web.addresses import Base

router = APIRouter(prefix="/v1", tags=["jobs"])

_LIST = {
    "type": "object",
    "required": ["page", "items", "has_more"],
    "properties": {"items": {"type": "array"}},
}
_STREAM: Responses = responses({}, 401, 404) | {
    200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}
}
_ENGINES = {"type": "object", "required": ["engines"], "properties": {"engines": {"type": "array"}}}
_RECEIPTS = {"type": "object", "required": ["receipts"], "properties": {"receipts": {"type": "array"}}}


@router.get("/jobs", responses=responses(_LIST, 401))
def jobs(
    front: TheFront,
    base: TheBase,
    key: Signed,
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
    state: State | None = None,
    search: Annotated[
        str, Query(max_length=200, description="Only jobs with these words in tags, lyrics or names.")
    ] = "",
) -> Response:
    """Your jobs, newest first."""
    if search.strip():
        found = found_jobs(front.store, key.id, search, page=page, page_size=page_size, state=state)
    else:
        found = front.store.history(key.id, page=page, page_size=page_size, state=state)
    items = [view(front, base, job, whole=False) for job in found.items]
    return answer({"page": found.page, "items": items, "has_more": found.has_more})


@router.get("/jobs/{job_id}", responses=responses(JOB, 401, 404))
def job(job_id: str, front: TheFront, base: TheBase, key: Signed) -> Response:
    """A job: how far it is, its place in line, and everything about it when it is over."""
    return answer(view(front, base, front.store.job(job_id, key_id=key.id)))


@router.get("/jobs/{job_id}/events", responses=_STREAM)
def events(job_id: str, front: TheFront, base: TheBase, key: Signed) -> Response:
    """A job's progress as server-sent events: `progress` whenever something changes, then `end`."""
    found = front.store.job(job_id, key_id=key.id)
    return StreamingResponse(
        events_of(front, found, lambda now: view(front, base, now, whole=now.state.is_final)),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
    )


@router.post("/jobs/{job_id}/cancel", responses=responses(JOB, 401, 404))
def cancel(job_id: str, front: TheFront, base: TheBase, key: Signed) -> Response:
    """Stop a job: a waiting one at once, a running one within moments. One that is over stays as it is."""
    if front.store.cancel(job_id, key_id=key.id) is State.CANCELLED:
        front.dispatcher.cancel(job_id)
    return answer(view(front, base, front.store.job(job_id, key_id=key.id)))


@router.delete("/jobs/{job_id}", responses=responses({"type": "object"}, 401, 404))
def delete(job_id: str, front: TheFront, key: Signed) -> Response:
    """Delete a job and its outputs; one that is not over is cancelled first."""
    if not deleted(front, key.id, [job_id]):
        raise JobNotFound(f"there is no job {job_id}")
    return answer({"deleted": job_id})


@router.get("/jobs/{job_id}/receipts", responses=responses(_RECEIPTS, 401, 404))
def receipts(job_id: str, front: TheFront, key: Signed) -> Response:
    """The receipts of a finished job's takes, for `punchin verify` and `punchin replay`."""
    found = front.store.job(job_id, key_id=key.id)
    takes: list[dict[str, Any]] = found.result.report.get("takes", []) if found.result else []
    return answer({"receipts": [take["receipt"] for take in takes if "receipt" in take]})


@router.get("/engines", responses=responses(_ENGINES, 401))
def engines(front: TheFront, key: Signed) -> Response:  # noqa: ARG001
    """The engines of this server, as its workers tell of them."""
    return answer({"engines": Installed.of(front.store.workers()).told})


def view(front: Front, base: Base, job: JobRecord, *, whole: bool = True) -> dict[str, Any]:
    """A job in our own words.

    Args:
        front, base: whose addresses are told.
        job: as the ledger has it.
        whole: with the report of a finished job, which is long.
    """
    outputs = job.result.outputs if job.result else ()
    return {
        "id": job.id,
        "model": job.spec.model,
        "state": job.state.value,
        "stage": job.stage,
        "fraction": job.fraction,
        "eta_s": job.eta_s,
        "place": front.store.place(job.id) if job.state is State.CREATED else 0,
        "attempts": job.attempts,
        "cancel_asked": job.cancel_asked,
        "created_at": moment(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "audio": _audio(front, base, job),
        "outputs": [
            {
                "url": front.addresses.of_file(base, output.key),
                "name": output.name,
                "bytes": output.bytes,
                "media_type": output.media_type,
            }
            for output in outputs
        ],
        "failure": {"code": job.failure.code, "message": job.failure.message} if job.failure else None,
        "request": job.spec.request,
        "report": report_of(job.result) if job.result and whole else None,
    }


def _audio(front: Front, base: Base, job: JobRecord) -> str:
    """Where the song can be read that was edited; of one that lies here an address that is fresh."""
    upload = job.spec.audio.removeprefix(UPLOAD)
    return job.spec.audio if upload == job.spec.audio else front.addresses.of_file(base, upload)


def _moment(when: datetime | None) -> str | None:
    return None if when is None else moment(when)

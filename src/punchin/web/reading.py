"""Results, history and deleting, as the hosted API has them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, cast

from fastapi import APIRouter, Query, Response

from punchin.job import State
from punchin.web.describing import TASK, body_of, data_of, responses
from punchin.web.fields import Field, FieldError, object_schema, shown
from punchin.web.front import JsonBody, Signed, TheBase, TheFront, success
from punchin.web.telling import told, told_with_addresses

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.store import JobRecord, Page
    from punchin.web.addresses import Base
    from punchin.web.front import Front

router = APIRouter(tags=["hosted API"])

OTHER_STATUSES = ("timeout", "deleted")
"""Statuses that clients know and no job here ever has."""
MOST_PAGES = 10**9
PAGE = (
    Field(name="page", kind="integer", least=1, most=MOST_PAGES, default=1, description="From 1."),
    Field(name="page_size", kind="integer", least=1, most=100, default=20, description="Entries a page."),
)
HISTORY = (
    *PAGE,
    Field(name="created_after", kind="string", description="RFC 3339; from then on."),
    Field(name="created_before", kind="string", description="RFC 3339; before then."),
    Field(name="model", kind="string", description="Only this model id."),
    Field(
        name="status",
        kind="string",
        choices=(*(state.value for state in State), *OTHER_STATUSES),
        description="Only tasks of this status.",
    ),
    Field(name="include_inputs", kind="boolean", description="Whether each entry has the request."),
)
HISTORY_ANSWER = data_of({"page": "integer", "items": "array", "has_more": "boolean"})
DELETE = object_schema([Field(name="ids", kind="array", required=True, description="Task ids.")])
MOST_IDS = 1000


@router.get("/api/v3/predictions/{task_id}/result", responses=responses(TASK, 401, 404))
@router.get("/api/v3/predictions/{task_id}", responses=responses(TASK, 401, 404))
@router.get("/api/v2/predictions/{task_id}/result", responses=responses(TASK, 401, 404))
def result(task_id: str, front: TheFront, base: TheBase, key: Signed) -> Response:
    """A task as it is now; a failed one too is answered with 200. Never limited, never waits."""
    return success(told(front, base, front.store.job(task_id, key_id=key.id)))


@router.post(
    "/api/v3/predictions",
    responses=responses(HISTORY_ANSWER, 400, 401, 413),
    openapi_extra=body_of(object_schema(HISTORY), required=False),
)
def history(front: TheFront, base: TheBase, key: Signed, body: JsonBody) -> Response:
    """Your tasks, newest first."""
    return success(_page(front, base, key.id, {each.name: each.read(body) for each in HISTORY}))


@router.get("/api/v3/predictions", responses=responses(HISTORY_ANSWER, 400, 401))
def history_by_query(
    front: TheFront,
    base: TheBase,
    key: Signed,
    page: Annotated[int, Query(ge=1, le=MOST_PAGES)] = 1,
    page_size: Annotated[int, Query(ge=1, le=100)] = 20,
    status: str | None = None,
    model: str | None = None,
) -> Response:
    """The same, as older documentation asks for it."""
    asked: dict[str, Any] = {"page": page, "page_size": page_size, "status": status, "model": model}
    return success(_page(front, base, key.id, {each.name: each.read(asked) for each in HISTORY}))


@router.post(
    "/api/v3/predictions/delete",
    responses=responses(data_of({"deleted_count": "integer"}), 400, 401, 413),
    openapi_extra=body_of(DELETE),
)
def delete(front: TheFront, key: Signed, body: JsonBody) -> Response:
    """Delete tasks and their outputs; what is not over is cancelled first. Unknown ids are passed over."""
    ids = body.get("ids")
    if not isinstance(ids, list) or not all(isinstance(one, str) for one in cast("list[Any]", ids)):
        raise FieldError(f'field "ids" must be a list of task ids, not {shown(ids)}')
    return success({"deleted_count": deleted(front, key.id, cast("list[str]", ids))})


def deleted(front: Front, key_id: str, ids: list[str]) -> int:
    """Delete jobs and their outputs; how many that were."""
    from punchin.errors import JobNotFound

    if len(ids) > MOST_IDS:
        raise FieldError(f'field "ids" must have at most {MOST_IDS} ids, not {len(ids)}')
    count = 0
    for job_id in dict.fromkeys(ids):
        try:
            front.store.job(job_id, key_id=key_id)
        except JobNotFound:
            continue
        count += 1
    front.files.delete(front.store.delete(key_id, ids))
    return count


def _page(front: Front, base: Base, key_id: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    page, page_size = asked["page"] or 1, asked["page_size"] or 20
    if asked["status"] in OTHER_STATUSES:
        return {"page": page, "items": [], "has_more": False}
    found: Page[JobRecord] = front.store.history(
        key_id,
        page=page,
        page_size=page_size,
        created_after=time_of(asked, "created_after"),
        created_before=time_of(asked, "created_before"),
        model=asked["model"] or None,
        state=State(asked["status"]) if asked["status"] else None,
    )
    with_input = asked["include_inputs"] is not False
    items = [told_with_addresses(front, base, job, with_input=with_input) for job in found.items]
    return {"page": found.page, "items": items, "has_more": found.has_more}


def time_of(asked: Mapping[str, Any], name: str) -> datetime | None:
    """A time of a request, RFC 3339; without a zone it is UTC.

    Raises:
        FieldError: it is none.
    """
    text = asked.get(name)
    if not text:
        return None
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        wanted = "a time like 2026-03-01T12:00:00Z"
        raise FieldError(f'field "{name}" must be {wanted}, not {shown(text)}') from None

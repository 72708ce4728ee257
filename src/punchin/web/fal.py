"""fal's queue, as far as this model needs it: submit, status, result, cancel, in fal's words.

Shapes are those of fal's queue reference (fal.ai/docs, "Queue") and of what its clients read: PyPI fal-client
1.0.3 and npm @fal-ai/client 1.10.1. There a failed request is COMPLETED too; its result tells the error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import structlog
from fastapi import APIRouter, Query, Request, Response, Security
from fastapi.exceptions import RequestValidationError
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute
from fastapi.security import APIKeyHeader

from punchin.errors import JobNotFound, PunchinError
from punchin.job import FailureCode, State
from punchin.store import ApiKey
from punchin.web.describing import body_of
from punchin.web.fields import object_schema
from punchin.web.form import ALIASES, CREATIVE, EXTRAS, Form
from punchin.web.front import JsonBody, TheBase, TheFront, answer
from punchin.web.submitting import accepted, checked
from punchin.web.waiting import events
from punchin.web.wire import HOSTED_MODEL, NotSignedIn, moment, report_of, status_of, why_failed

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from punchin.job import Output
    from punchin.store import JobRecord
    from punchin.web.addresses import Base
    from punchin.web.describing import Responses
    from punchin.web.front import Front

log = structlog.get_logger("punchin.web")

APP = "/fal-ai/ace-step"
MODEL = "fal-ai/ace-step/audio-inpaint"
REQUEST_ID = "x-fal-request-id"
ERROR_TYPE = "x-fal-error-type"
NOT_FALS = frozenset({"enable_sync_mode", "enable_base64_output", "webhook_url"})
"""Fields of the hosted API that change the answer's shape; here they are unknown, and unknown is ignored."""

TYPES = {
    FailureCode.REFUSED: "content_policy_violation",
    FailureCode.INVALID: "value_error",
    FailureCode.UNREADABLE: "file_download_error",
}
"""Errors that are the request's fault, told with 422, under fal's names; all others are the server's."""
FAULT = "internal_server_error"


class FalRoute(APIRoute):
    """A route whose errors are told as fal tells them: `detail` is a list of what is wrong, or a sentence."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The usual handler, and what becomes of its errors."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except PunchinError as error:
                status = status_of(error)
                if status >= 500:
                    log.error("refused by a fault", status=status, why=str(error))
                return _wrong(str(error)) if status == 400 else answer({"detail": str(error)}, status)
            except RequestValidationError as error:
                first = error.errors()[0]
                return _wrong(str(first["msg"]), where=[str(part) for part in first["loc"]])

        return handled


def _wrong(sentence: str, kind: str = "value_error", where: list[str] | None = None) -> Response:
    found = answer({"detail": _details(sentence, kind, where)}, 422)
    found.headers[ERROR_TYPE] = kind
    return found


def _details(sentence: str, kind: str, where: list[str] | None = None) -> list[dict[str, Any]]:
    return [{"loc": where or ["body"], "msg": sentence, "type": kind}]


router = APIRouter(prefix=APP, tags=["fal's queue"], route_class=FalRoute)

_key = APIKeyHeader(
    name="Authorization", scheme_name="FalKey", auto_error=False, description="`Key` and an API key."
)


def _signed_in(front: TheFront, shown: Annotated[str | None, Security(_key)]) -> ApiKey:
    """Who is asking; fal's clients say `Key` before the key.

    Raises:
        NotSignedIn: no key, a wrong or a revoked one.
    """
    scheme, _, secret = (shown or "").partition(" ")
    if scheme.lower() not in {"key", "bearer"}:
        raise NotSignedIn("no API key was sent; send it as Authorization: Key KEY")
    key = front.store.key_of(secret.strip())
    if key is None:
        raise NotSignedIn("the API key is wrong or was revoked")
    return key


Signed = Annotated[ApiKey, Security(_signed_in)]
Logs = Annotated[bool, Query(description="Whether to tell what it is at.")]


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _object(*names: str) -> dict[str, Any]:
    return {"type": "object", "required": list(names)}


_DETAIL = _json(_object("detail"))
_STATUS = _json(_object("status", "request_id", "response_url", "status_url", "cancel_url"))
_PLAIN = _json(_object("status"))


def _responses(*problems: int) -> Responses:
    said = {
        400: "It is not over yet, or it was cancelled.",
        401: "The API key is missing, wrong or revoked.",
        404: "There is no such request, or it belongs to another key.",
        413: "The request is too long.",
        422: "The request cannot be done; `detail` says what is wrong.",
        429: "The key's limit of jobs a minute, or of waiting jobs, is reached; later it works.",
        500: "The request failed, or a fault of this server.",
        503: "The database is away for a moment; later it works.",
    }
    return {
        status: {"description": said[status], "content": _DETAIL}
        for status in (*problems, 401, 422, 500, 503)
    }


def _request_schema() -> dict[str, Any]:
    form = Form(240)
    found = object_schema((*form.edit, *CREATIVE, *EXTRAS, ALIASES[0]))
    return found | {"required": ["audio_url", "tags"]}


@router.post(
    "/audio-inpaint",
    responses=_responses(413, 429) | {200: {"description": "It waits.", "content": _STATUS}},
    openapi_extra=body_of(_request_schema()),
)
def submit(
    front: TheFront,
    base: TheBase,
    key: Signed,
    body: JsonBody,
    fal_webhook: Annotated[str, Query(description="Where to send the result.")] = "",
) -> Response:
    """Submit an edit with fal's fields, to be made by the best engine of this server."""
    asked = {"audio_url": None} | {name: value for name, value in body.items() if name not in NOT_FALS}
    wish = checked(front, base, asked, HOSTED_MODEL, fal_webhook)
    job = accepted(front, key, msgspec.structs.replace(wish.spec, model=MODEL), None)
    found = answer(_status(front, base, job))
    found.headers[REQUEST_ID] = job.id
    return found


@router.get(
    "/requests/{request_id}/status",
    responses=_responses(404)
    | {
        200: {"description": "It is over, well or not.", "content": _STATUS},
        202: {"description": "It waits or is at work.", "content": _STATUS},
    },
)
def status(request_id: str, front: TheFront, base: TheBase, key: Signed, logs: Logs = False) -> Response:
    """Where a request is: IN_QUEUE, IN_PROGRESS or COMPLETED. Never limited, never waits."""
    job = front.store.job(request_id, key_id=key.id)
    found = answer(_status(front, base, job, logs=logs), 200 if job.state.is_final else 202)
    found.headers[REQUEST_ID] = job.id
    return found


@router.get(
    "/requests/{request_id}/status/stream",
    responses=_responses(404)
    | {200: {"description": "Events.", "content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
def stream(request_id: str, front: TheFront, base: TheBase, key: Signed, logs: Logs = False) -> Response:
    """The same as server-sent events, whenever something changes, until it is COMPLETED."""
    job = front.store.job(request_id, key_id=key.id)
    return StreamingResponse(
        events(front, job, lambda now: _status(front, base, now, logs=logs), named=False),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no", REQUEST_ID: job.id},
    )


@router.get(
    "/requests/{request_id}",
    responses=_responses(400, 404)
    | {200: {"description": "The new song.", "content": _json(_object("audio"))}},
)
def result(request_id: str, front: TheFront, base: TheBase, key: Signed) -> Response:
    """What a request gave; or why it failed: 422 where the request is to blame, 500 where the server is."""
    job = front.store.job(request_id, key_id=key.id)
    code, content = _result(front, base, job)
    found = answer(content, code)
    found.headers[REQUEST_ID] = job.id
    if code >= 422:
        found.headers[ERROR_TYPE] = content["detail"][0]["type"]
    return found


@router.put(
    "/requests/{request_id}/cancel",
    responses=_responses()
    | {
        202: {"description": "It will be stopped.", "content": _PLAIN},
        400: {"description": "It is over already.", "content": _PLAIN},
        404: {"description": "There is no such request.", "content": _PLAIN},
    },
)
def cancel(request_id: str, front: TheFront, key: Signed) -> Response:
    """Stop a request: a waiting one at once, one at work within moments."""
    try:
        over = front.store.job(request_id, key_id=key.id).state.is_final
        after = front.store.cancel(request_id, key_id=key.id)
    except JobNotFound as error:
        return answer({"status": "NOT_FOUND", "detail": str(error)}, 404)
    if over or after not in {State.CANCELLED, State.PROCESSING}:
        return answer({"status": "ALREADY_COMPLETED"}, 400)
    if after is State.CANCELLED:
        front.dispatcher.cancel(request_id)
    return answer({"status": "CANCELLATION_REQUESTED"}, 202)


def message_of(front: Front, base: Base, job: JobRecord) -> dict[str, Any]:
    """What fal's webhooks say of an ended request."""
    code, content = _result(front, base, job)
    found = {"request_id": job.id, "gateway_request_id": job.id, "payload": content}
    if code == 200:
        return found | {"status": "OK", "error": None}
    return found | {"status": "ERROR", "error": why_failed(job)}


def _status(front: Front, base: Base, job: JobRecord, *, logs: bool = False) -> dict[str, Any]:
    place = f"{base.text}{APP}/requests/{job.id}"
    found: dict[str, Any] = {
        "request_id": job.id,
        "response_url": place,
        "status_url": f"{place}/status",
        "cancel_url": f"{place}/cancel",
    }
    if job.state is State.CREATED:
        return found | {"status": "IN_QUEUE", "queue_position": front.store.place(job.id)}
    found["logs"] = _logs(job) if logs else []
    if not job.state.is_final:
        return found | {"status": "IN_PROGRESS"}
    spent_s = job.result.inference_ms / 1000 if job.result else None
    found |= {"status": "COMPLETED", "metrics": {"inference_time": spent_s}}
    if job.state is not State.COMPLETED:
        found |= {"error": why_failed(job), "error_type": _type(job)}
    return found


def _logs(job: JobRecord) -> list[dict[str, str]]:
    """Where it is, as the one line of a log."""
    when = job.finished_at or job.progressed_at or job.started_at or job.created_at
    said = job.state.value if job.state.is_final else f"{job.stage or 'begun'} {job.fraction:.0%}"
    return [{"timestamp": moment(when), "level": "INFO", "source": "USER", "message": said}]


def _type(job: JobRecord) -> str:
    if job.state is State.CANCELLED:
        return "request_cancelled"
    return next((kind for code, kind in TYPES.items() if job.failure and job.failure.code == code), FAULT)


def _result(front: Front, base: Base, job: JobRecord) -> tuple[int, dict[str, Any]]:
    """The HTTP status of a request's result, and the result."""
    if not job.state.is_final:
        return 400, {"detail": "Request is still in progress"}
    if job.state is State.CANCELLED:
        return 400, {"detail": "Request was cancelled"}
    if job.result is None:
        kind = _type(job)
        return 500 if kind == FAULT else 422, {"detail": _details(why_failed(job), kind)}
    files = [_file(front, base, output) for output in job.result.outputs]
    report = report_of(job.result)
    wish = job.spec.edits[0]
    found = {
        "audio": files[0],
        "seed": report["takes"][0].get("regions", [{}])[0].get("seed", wish.seed),
        "tags": ", ".join(wish.tags),
        "lyrics": wish.lyrics,
        "punchin": report,
    }
    return 200, found | ({"audios": files} if len(files) > 1 else {})


def _file(front: Front, base: Base, output: Output) -> dict[str, Any]:
    return {
        "url": front.addresses.of_file(base, output.key),
        "content_type": output.media_type,
        "file_name": output.name,
        "file_size": output.bytes,
    }

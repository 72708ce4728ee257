"""What /docs says of requests and answers, made from the same fields and types that are used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec

from punchin.web.form import Form
from punchin.web.wire import Problem, Task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from fastapi import FastAPI

Schema = dict[str, Any]
Responses = dict[int | str, dict[str, Any]]

_REFERENCE = "#/components/schemas/{name}"
REQUEST: Schema = {"$ref": "#/components/schemas/Request"}
JOB: Schema = {"$ref": "#/components/schemas/Job"}

_WHY = {
    400: "The request is wrong; `message` names the field, its value and what would work.",
    401: "The API key is missing, wrong or revoked.",
    403: "The address was not made by this server, or has expired.",
    404: "There is no such thing, or it belongs to another key.",
    409: "It does not go with what was sent before: another request with this idempotency key, or a part "
    "that does not begin where the upload ends.",
    412: "The upload is there already.",
    413: "It is larger than this server takes.",
    429: "The key's limit of jobs a minute, or of waiting jobs, is reached; later it works.",
    500: "A fault of this server.",
    502: "The address of the song could not be read; later it may work.",
    503: "The database or the file store is away for a moment; later it works.",
}

EXAMPLE: Schema = {
    "audio": "https://example.org/song.mp3",
    "tags": "lofi, chill piano",
    "start_time": 12,
    "end_time": 18.5,
    "lyrics": "[inst]",
    "seed": 7,
}

_OBJECT: Schema = {"type": "object"}


def envelope(data: Schema) -> Schema:
    """The schema of an answer that worked, with this in it."""
    return {
        "type": "object",
        "required": ["code", "message", "data"],
        "properties": {"code": {"const": 200}, "message": {"const": "success"}, "data": data},
    }


def data_of(kinds: Mapping[str, str]) -> Schema:
    """The schema of an envelope whose data is an object with these keys, all there."""
    properties = {name: {"type": kind} for name, kind in kinds.items()}
    return envelope({"type": "object", "required": list(kinds), "properties": properties})


TASK = envelope({"$ref": "#/components/schemas/Task"})


def responses(good: Schema, *problems: int) -> Responses:
    """Everything that a route answers: 200 with this schema, these problems, and what can always happen."""
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    found: Responses = {200: {"description": "It worked.", "content": {"application/json": {"schema": good}}}}
    # 400 is everywhere: a header or a path may hold what is no text.
    for status in sorted({400, *problems, 500, 503}):
        found[status] = {"description": _WHY[status], "content": problem}
    return found


def body_of(schema: Schema, kind: str = "application/json", *, required: bool = True) -> dict[str, Any]:
    """A request body, as `openapi_extra`."""
    return {"requestBody": {"required": required, "content": {kind: {"schema": schema}}}}


_BYTES: Schema = {"content": {"audio/*": {"schema": {"type": "string", "format": "binary"}}}}
FILE_RESPONSES: Responses = {
    200: {"description": "The whole file."} | _BYTES,
    206: {"description": "The bytes of the Range header."} | _BYTES,
    304: {"description": "The client has it already (If-None-Match)."},
    416: {"description": "The file has no byte in that range."},
    **{
        status: {
            "description": _WHY[status],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in (400, 403, 404, 500, 503)
    },
}


def describe(app: FastAPI, max_time_s: float) -> None:
    """Let the app describe itself with our schemas, and without FastAPI's 422, which is never sent."""
    made = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        found = made()
        _drop_422(found)
        found.setdefault("components", {})["schemas"] = _schemas(max_time_s)
        app.openapi_schema = found
        return found

    app.openapi = described


def _schemas(max_time_s: float) -> dict[str, Any]:
    _, ours = msgspec.json.schema_components([Task, Problem], ref_template=_REFERENCE)
    request = Form(max_time_s).schema() | {"title": "Request", "examples": [EXAMPLE]}
    return {**ours, "Request": request, "Job": _job()}


def _job() -> Schema:
    text, number, whole = {"type": "string"}, {"type": "number"}, {"type": "integer"}
    optional_number, optional_text = {"type": ["number", "null"]}, {"type": ["string", "null"]}
    properties = {
        "id": text,
        "model": text,
        "state": {"enum": ["created", "processing", "completed", "failed", "cancelled"]},
        "stage": text,
        "fraction": number,
        "eta_s": optional_number,
        "place": whole,
        "attempts": whole,
        "cancel_asked": {"type": "boolean"},
        "created_at": text,
        "started_at": optional_text,
        "finished_at": optional_text,
        "audio": text,
        "outputs": {"type": "array", "items": _OBJECT},
        "failure": {"type": ["object", "null"]},
        "request": _OBJECT,
        "report": {"type": ["object", "null"]},
    }
    return {"title": "Job", "type": "object", "required": list(properties), "properties": properties}


def _drop_422(described: dict[str, Any]) -> None:
    for path in described.get("paths", {}).values():
        for operation in cast("dict[str, dict[str, Any]]", path).values():
            answers = operation.get("responses", {})
            if "HTTPValidationError" in str(answers.get("422")):
                del answers["422"]

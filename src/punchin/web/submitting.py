"""Submitting: the request is checked, and accepted when it is committed; nothing slow happens before."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from punchin.errors import CallerError, RateLimited
from punchin.fetching import check_address
from punchin.web.asking import read_wish
from punchin.web.describing import REQUEST, TASK, body_of, responses
from punchin.web.engines import Installed
from punchin.web.form import Form
from punchin.web.front import Front, JsonBody, Signed, TheBase, TheFront, success
from punchin.web.telling import told
from punchin.web.uploading import arrived
from punchin.web.waiting import until_over
from punchin.web.wire import HOSTED_MODEL, BalanceUsedUp

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.job import JobSpec
    from punchin.store import ApiKey, JobRecord, KeyLoad
    from punchin.web.addresses import Base
    from punchin.web.asking import Wish

router = APIRouter(tags=["hosted API"])

Webhook = Annotated[
    str | None,
    Query(description="Where to send the finished task; percent-encoded, or raw as the last parameter."),
]
IdempotencyKey = Annotated[
    str | None,
    Header(
        max_length=200,
        description="The same key with the same request gives the same task again, not a second one.",
    ),
]


@router.post(
    f"/api/v3/{HOSTED_MODEL}",
    responses=responses(TASK, 400, 401, 409, 413, 429),
    openapi_extra=body_of(REQUEST),
)
async def submit(
    request: Request,
    front: TheFront,
    base: TheBase,
    key: Signed,
    body: JsonBody,
    webhook: Webhook = None,  # noqa: ARG001  # for the description; what counts is the raw query
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit an edit, to be made by the best engine of this server."""
    return await submitted(request, front, base, key, body, HOSTED_MODEL, idempotency_key)


@router.post(
    "/api/v3/punchin/{engine}/audio-inpaint",
    responses=responses(TASK, 400, 401, 404, 409, 413, 429),
    openapi_extra=body_of(REQUEST),
)
async def submit_to(
    engine: str,
    request: Request,
    front: TheFront,
    base: TheBase,
    key: Signed,
    body: JsonBody,
    webhook: Webhook = None,  # noqa: ARG001
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Submit an edit, to be made by one engine."""
    model = f"punchin/{engine}/audio-inpaint"
    return await submitted(request, front, base, key, body, model, idempotency_key)


async def submitted(
    request: Request,
    front: Front,
    base: Base,
    key: ApiKey,
    body: dict[str, Any],
    model: str,
    idempotency_key: str | None,
) -> Response:
    """Accept a job and answer: at once, or, where the client waits, as a stream that begins at once."""
    webhook = webhook_of(request.scope["query_string"])
    wish = await run_in_threadpool(checked, front, base, body, model, webhook)
    job = await run_in_threadpool(accepted, front, key, wish.spec, idempotency_key)
    if wish.wait:
        return StreamingResponse(until_over(front, base, job), media_type="application/json")
    return success(await run_in_threadpool(told, front, base, job))


def checked(front: Front, base: Base, body: dict[str, Any], model: str, webhook: str) -> Wish:
    """A request, checked; nothing is stored yet.

    Raises:
        FieldError, CallerError, NoSuchModel: as `read_wish` and `Installed.engine_of`.
    """
    installed = Installed.of(front.store.workers())
    return read_wish(
        body,
        form=Form(front.settings.max_time_s),
        model=model,
        engine=installed.engine_of(model),
        webhook=webhook,
        engines=installed.names,
        own_key=partial(_own_key, front, base),
        check=partial(
            check_address,
            trusted_hosts=front.settings.trusted_hosts,
            allow_http=front.settings.allow_http,
        ),
    )


def _own_key(front: Front, base: Base, address: str) -> str | None:
    key = front.addresses.key_of(address, base)
    if key is not None:
        arrived(front, key)
    return key


def accepted(front: Front, key: ApiKey, spec: JobSpec, idempotency_key: str | None) -> JobRecord:
    """A job of this key, committed, if its limits allow one more.

    Raises:
        RateLimited, BalanceUsedUp, IdempotencyConflict: it is one too many, or another one.
    """
    job, _ = front.store.submit(
        key.id,
        spec,
        idempotency_key=idempotency_key or None,
        enqueue=front.dispatcher.enqueue,
        admit=_admission(front, key),
    )
    return job


def _admission(front: Front, key: ApiKey) -> Callable[[KeyLoad], None]:
    """Refuses a job that is one too many for its key."""
    limits = key.limits.or_else(front.limits)

    def admit(load: KeyLoad) -> None:
        if load.balance is not None and load.balance <= 0:
            raise BalanceUsedUp
        if limits.rate_per_minute and load.last_minute >= limits.rate_per_minute:
            raise RateLimited(
                f"this key may submit {limits.rate_per_minute} jobs a minute; "
                "wait a minute and send it again",
                again_in_s=60,
            )
        if limits.max_queued and load.waiting >= limits.max_queued:
            raise RateLimited(
                f"{load.waiting} jobs of this key wait already, {limits.max_queued} may; "
                "send it again when one has begun"
            )
        most = front.settings.max_waiting
        if most and (waiting := front.store.backlog().waiting) >= most:
            raise RateLimited(
                f"{waiting} jobs wait already, {most} may on this server; send it again later", again_in_s=30
            )

    return admit


def webhook_of(query: bytes) -> str:
    """The webhook of a query, or "".

    Most clients put the address there as it is, with its own `?` and `&`: then everything after `webhook=`
    is the address.

    >>> webhook_of(b"webhook=https://a.example/x?job=1&key=2")
    'https://a.example/x?job=1&key=2'
    >>> webhook_of(b"webhook=https%3A%2F%2Fa.example%2Fx%3Fjob%3D1&other=2")
    'https://a.example/x?job=1'

    Raises:
        CallerError: the query is not text.
    """
    try:
        text = query.decode("ascii")
    except UnicodeDecodeError:
        raise CallerError("the query has bytes that are no text; percent-encode them") from None
    _, found, rest = f"&{text}".partition("&webhook=")
    if found and rest.lower().startswith(("http://", "https://")):
        return rest
    return parse_qs(text).get("webhook", [""])[0]

"""Balance, bills, usage and the secret of webhooks, of the key that asks."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from punchin.web.describing import body_of, data_of, responses
from punchin.web.fields import Field, FieldError, object_schema
from punchin.web.front import JsonBody, Signed, TheFront, success
from punchin.web.letters import secret_of
from punchin.web.reading import PAGE, time_of
from punchin.web.wire import moment

if TYPE_CHECKING:
    from punchin.store import Billing, UsageStats

router = APIRouter(tags=["hosted API"])

UNLIMITED = 1_000_000
"""What a key without a prepaid amount has: clients call number methods on the balance."""
BILLING_TYPE = "deduct"
LONGEST = timedelta(days=31)

SPAN = (
    Field(name="start_time", kind="string", description="RFC 3339; from then on."),
    Field(name="end_time", kind="string", description="RFC 3339; before then."),
    Field(name="model_uuid", kind="string", description="Only this model id."),
)
BILLINGS = (
    *PAGE,
    *SPAN,
    Field(name="billing_type", kind="string", description=f"All bills here are {BILLING_TYPE}."),
    Field(name="access_key_uuid", kind="string", description="Only this key: yours, or none."),
)


@router.get("/api/v3/balance", responses=responses(data_of({"balance": "number"}), 401))
def balance(front: TheFront, key: Signed) -> Response:  # noqa: ARG001
    """What the key may still spend."""
    left = key.balance
    return success({"balance": UNLIMITED if left is None else float(left), "unlimited": left is None})


@router.post(
    "/api/v3/billings/search",
    responses=responses(data_of({"page": "integer", "has_more": "boolean", "items": "array"}), 401, 413),
    openapi_extra=body_of(object_schema(BILLINGS), required=False),
)
def billings(front: TheFront, key: Signed, body: JsonBody) -> Response:
    """What completed tasks cost, newest first."""
    asked = {each.name: each.read(body) for each in BILLINGS}
    page, page_size = asked["page"] or 1, asked["page_size"] or 20
    start, end = time_of(asked, "start_time"), time_of(asked, "end_time")
    if asked["billing_type"] not in {None, "", BILLING_TYPE} or asked["access_key_uuid"] not in {
        None,
        "",
        key.id,
    }:
        return success({"page": page, "has_more": False, "items": []})
    found = front.store.billings(
        key.id, page=page, page_size=page_size, start=start, end=end, model=asked["model_uuid"] or None
    )
    return success(
        {"page": found.page, "has_more": found.has_more, "items": [_bill(bill) for bill in found.items]}
    )


@router.post(
    "/api/v3/user/usage_stats",
    responses=responses(
        data_of({"per_model_usage": "array", "daily_usage": "array", "summary": "object"}), 401, 413
    ),
    openapi_extra=body_of(object_schema(SPAN), required=False),
)
def usage_stats(front: TheFront, key: Signed, body: JsonBody) -> Response:
    """Tasks and cost by model and by day, of 31 days at most."""
    asked = {each.name: each.read(body) for each in SPAN}
    end = time_of(asked, "end_time") or front.store.now()
    start = time_of(asked, "start_time") or end - LONGEST
    if not timedelta(0) <= end - start <= LONGEST:
        raise FieldError(
            f'field "start_time" is {moment(start)} and "end_time" {moment(end)}; '
            "give a start before the end, and 31 days between them at most"
        )
    model = asked["model_uuid"] or None
    return success(_stats(front.store.usage_stats(key.id, start=start, end=end, model=model)))


@router.get("/api/v3/webhook/secret", responses=responses(data_of({"secret": "string"}), 401))
def webhook_secret(front: TheFront, key: Signed) -> Response:
    """What messages to your server are signed with: HMAC-SHA256 over `id.timestamp.body`."""
    return success({"secret": secret_of(front.signing_key, key.id)})


def _bill(bill: Billing) -> dict[str, Any]:
    return {
        "uuid": bill.id,
        "billing_type": BILLING_TYPE,
        "price": float(bill.price),
        "created_at": moment(bill.created_at),
        "access_key_name": bill.key_name,
        "prediction": {"id": bill.job_id, "uuid": bill.job_id, "model": bill.model, "seconds": bill.seconds},
    }


def _stats(stats: UsageStats) -> dict[str, Any]:
    return {
        "per_model_usage": [
            {
                "model_uuid": model.model,
                "model_name": model.model,
                "total_cost": float(model.cost),
                "total_count": model.requests,
                "success_count": model.completed,
                "seconds": model.seconds,
            }
            for model in stats.models
        ],
        "daily_usage": [
            {"date": day.day.isoformat(), "amount": float(day.cost), "count": day.requests}
            for day in stats.days
        ],
        "summary": {
            "total_cost": float(stats.cost),
            "total_requests": stats.requests,
            "success_requests": stats.completed,
        },
    }

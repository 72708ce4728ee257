"""Models and prices, as the CLI and the MCP server of the hosted API read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import msgspec
from fastapi import APIRouter, Response

from punchin.store import price_of
from punchin.web.describing import body_of, data_of, envelope, responses
from punchin.web.engines import Installed
from punchin.web.fields import Field, FieldError, object_schema, shown
from punchin.web.form import CREATIVE, DEFAULT_END_S, EXTRAS, Form
from punchin.web.front import JsonBody, Signed, TheBase, TheFront, success
from punchin.web.wire import HOSTED_MODEL

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from punchin.web.addresses import Base
    from punchin.web.front import Front

router = APIRouter(tags=["hosted API"])

CURRENCY = "USD"
MODEL_ID = Field(name="model_id", kind="string", required=True, longest=200, description="As in GET models.")
INPUTS: dict[str, Any] = {"type": "object", "description": "The request, or a part of it."}
_ASKED = object_schema([MODEL_ID])
_ASKED["properties"]["inputs"] = INPUTS
_PRICE = data_of(
    {"model_id": "string", "price": "number", "discounted_price": "number", "currency": "string"}
)
_PRICING = data_of({"model_id": "string", "unit_price": "number", "currency": "string"})


@router.get(
    "/api/v3/models", responses=responses(envelope({"type": "array", "items": {"type": "object"}}), 401)
)
def models(front: TheFront, base: TheBase, key: Signed) -> Response:  # noqa: ARG001
    """All models with the schema of their form."""
    installed = Installed.of(front.store.workers())
    return success(
        [_item(front, base, installed, model, order) for order, model in enumerate(installed.models, 1)]
    )


@router.post("/api/v3/model/price", responses=responses(_PRICE, 401, 404, 413), openapi_extra=body_of(_ASKED))
def price(front: TheFront, key: Signed, body: JsonBody) -> Response:  # noqa: ARG001
    """What a request would cost; parts of one are enough."""
    model, amount = _priced(front, body)
    return success(
        {
            "model_id": model,
            "price": float(amount),
            "discounted_price": float(amount),
            "discount_rate": 0,
            "currency": CURRENCY,
        }
    )


@router.post(
    "/api/v3/model/pricing", responses=responses(_PRICING, 401, 404, 413), openapi_extra=body_of(_ASKED)
)
def pricing(front: TheFront, key: Signed, body: JsonBody) -> Response:  # noqa: ARG001
    """The same for older clients."""
    model, amount = _priced(front, body)
    return success({"model_id": model, "unit_price": float(amount), "currency": CURRENCY})


def _priced(front: Front, body: Mapping[str, Any]) -> tuple[str, Decimal]:
    model: str = MODEL_ID.read(body)
    Installed.of(front.store.workers()).engine_of(model)
    inputs = body.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise FieldError(f'field "inputs" must be an object, not {shown(inputs)}')
    seconds = seconds_of(cast("dict[str, Any]", inputs), front.settings.max_time_s)
    return model, price_of(seconds, front.settings.price_per_s)


def seconds_of(inputs: dict[str, Any], max_time_s: float) -> float:
    """Seconds of new sound that a request asks for, as far as it says: the song's length is not known.

    Nothing is refused here; what cannot be used counts as absent. A region between the two ends of the song
    may be as long as the longest that is allowed, and is counted so.
    """
    takes = inputs.get("takes")
    several = inputs.get("edits")
    regions: list[Any] = cast("list[Any]", several) if isinstance(several, list) and several else [{}]
    length = sum(
        _length(inputs | cast("dict[str, Any]", one) if isinstance(one, dict) else inputs, max_time_s)
        for one in regions
    )
    return length * (takes if isinstance(takes, int) and 1 <= takes <= 8 else 1)


def _length(inputs: Mapping[str, Any], max_time_s: float) -> float:
    start = _seconds(inputs.get("start_time"), 0.0, max_time_s)
    end = _seconds(inputs.get("end_time"), min(DEFAULT_END_S, max_time_s), max_time_s)
    start_from_end = inputs.get("start_time_relative_to") == "end"
    end_from_end = inputs.get("end_time_relative_to") == "end"
    if start_from_end != end_from_end:
        return min(start, max_time_s) if start_from_end else max_time_s
    return max(0.0, start - end if start_from_end else end - start)


def _seconds(value: Any, default: float, most: float) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most
    return float(value) if number else default


def _item(front: Front, base: Base, installed: Installed, model: str, order: int) -> dict[str, Any]:
    form = Form(front.settings.max_time_s)
    schema = object_schema((*form.hosted, *CREATIVE, *EXTRAS))
    schema["properties"]["edits"]["items"] = {"type": "object"}
    schema["x-order-properties"] = [each.name for each in (*form.hosted, *CREATIVE, *EXTRAS)]
    engine = installed.serving if model == HOSTED_MODEL else installed.engine_of(model)
    per_s = front.settings.price_per_s
    return {
        "model_id": model,
        "name": model,
        "base_price": per_s,
        "description": _description(installed, engine),
        "type": "audio-to-audio",
        "sort_order": order,
        "formula": '{"total_price": base_price * (end_time - start_time)}',
        "api_schema": {
            "api_schemas": [
                {
                    "type": "model_run",
                    "method": "POST",
                    "server": base.text,
                    "api_path": f"/api/v3/{model}",
                    "request_schema": msgspec.to_builtins(schema),
                }
            ]
        },
    }


def _description(installed: Installed, engine: str) -> str:
    known = {str(told["name"]): told for told in installed.told}
    what = "Re-records a chosen part of a song; every sample outside it stays as it was."
    if engine not in known:
        return what
    told = known[engine]
    return f"{what} Made by {engine} {told.get('version', '')}: {told.get('summary', '')}"

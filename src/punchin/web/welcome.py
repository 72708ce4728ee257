"""A key for whoever sits at this machine, whose key it is, and the words that the page offers."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from importlib import resources
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from punchin.errors import SettingsError
from punchin.web.describing import responses
from punchin.web.front import Front, Signed, TheFront, answer
from punchin.web.wire import NoSuchFile

if TYPE_CHECKING:
    from starlette.datastructures import Headers

router = APIRouter(prefix="/v1", tags=["playground"])

NAME = "playground"
KEPT = {"Cache-Control": "private, max-age=3600"}
_PROXIES = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip")
_WELCOME: dict[str, Any] = {
    "type": "object",
    "required": ["key", "name"],
    "properties": {"key": {"type": "string"}, "name": {"type": "string"}},
}
_VOCABULARY: dict[str, Any] = {
    "type": "object",
    "required": ["terms", "presets"],
    "properties": {"terms": {"type": "array"}, "presets": {"type": "object"}},
}
_ME: dict[str, Any] = {
    "type": "object",
    "required": ["name", "balance", "limits"],
    "properties": {
        "name": {"type": "string"},
        "balance": {"type": ["number", "null"]},
        "limits": {"type": "object"},
    },
}


@router.get("/welcome", responses=responses(_WELCOME, 404))
def welcome(request: Request, front: TheFront) -> Response:
    """The key of the page, where the service listens at this machine alone; elsewhere 404."""
    if not _at_home(request, front):
        raise NoSuchFile("no key is given out here; ask the operator of this server for one")
    try:
        _, secret = front.store.create_key(NAME, secret=_secret(front.signing_key))
    except SettingsError:
        raise NoSuchFile("the key of the page was revoked; ask the operator of this server for one") from None
    return answer({"key": secret, "name": NAME})


@router.get("/me", responses=responses(_ME, 401))
def me(front: TheFront, key: Signed) -> Response:
    """Whose key this is, what it may still spend (null: as much as it likes) and its limits (0: none)."""
    limits = key.limits.or_else(front.limits)
    return answer(
        {
            "name": key.name,
            "balance": None if key.balance is None else float(key.balance),
            "limits": {
                "rate_per_minute": limits.rate_per_minute,
                "max_running": limits.max_running,
                "max_queued": limits.max_queued,
                "max_upload_bytes": round(front.settings.max_upload_mb * 1_000_000),
                "max_time_s": front.settings.max_time_s,
            },
        }
    )


@router.get("/vocabulary", responses=responses(_VOCABULARY, 401))
def vocabulary(key: Signed) -> Response:  # noqa: ARG001
    """The tags that the embedded engine understands, and some good ones to begin with."""
    content = resources.files("punchin.web").joinpath("vocabulary.json").read_bytes()
    return Response(
        content, media_type="application/json", headers={"Cache-Control": "private, max-age=3600"}
    )


def _secret(signing_key: bytes) -> str:
    """Always the same, so that nothing must be kept; known to whoever can read PUNCHIN_HOME."""
    return f"punchin_{hmac.digest(signing_key, b'punchin playground key 1', hashlib.sha256).hex()}"


def _at_home(request: Request, front: Front) -> bool:
    """Whether a page of this very server, on this very machine, asks.

    The name must be one of loopback: a name of the web that was made to point here (DNS rebinding) is not.
    A proxy may let in anybody, so what came through one does not count. Browsers say which page asks.
    """
    said = request.headers
    return (
        front.settings.welcome
        and not front.settings.public_base_url
        and _is_loopback(front.settings.host)
        and _is_loopback(_host_of(said.get("host", "")))
        and (request.client is None or _is_loopback(request.client.host))
        and not any(name in said for name in _PROXIES)
        and said.get("sec-fetch-site", "same-origin") in {"same-origin", "none"}
        and _is_own(said)
    )


def _is_own(said: Headers) -> bool:
    origin = said.get("origin")
    return origin is None or origin == f"http://{said.get('host', '')}"


def _host_of(header: str) -> str:
    try:
        return urlsplit(f"http://{header}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

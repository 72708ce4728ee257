"""What every answer gets on its way out: safe headers, a line in the log, a figure."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import structlog
from starlette.datastructures import MutableHeaders

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from punchin.web.measuring import Meters

log = structlog.get_logger("punchin.web")

SAFE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
"""Signed addresses are keys: no referrer may carry them away. Sounds may be played by other pages."""
NO_PAGE = "default-src 'none'; frame-ancestors 'none'"
QUIET = {"/health", "/ready", "/metrics"}


class Passing:
    """Sees every request and answer."""

    def __init__(self, app: ASGIApp, meters: Meters) -> None:
        self.app = app
        self.meters = meters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_on(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                make_safe(MutableHeaders(scope=message), scope["path"])
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, spent_s: float) -> None:
        route: Any = scope.get("route")
        path = getattr(route, "path", "none")
        self.meters.requests.labels(path, scope["method"], str(status)).observe(spent_s)
        if path in QUIET:
            return
        said = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # The route, not the path: a signed address in a log would open the file to whoever reads the log.
        log.info(
            "request",
            route=path,
            method=scope["method"],
            status=status,
            ms=round(spent_s * 1000, 1),
            job=scope.get("path_params", {}).get("task_id") or scope.get("path_params", {}).get("job_id"),
            client=said.get("x-client-name", said.get("user-agent", ""))[:60],
            client_version=said.get("x-client-version", "")[:20],
        )


def make_safe(headers: MutableHeaders, path: str) -> None:
    """Add what keeps browsers from being used against this server, where an answer says nothing of it."""
    for name, value in SAFE.items():
        headers.setdefault(name, value)
    if path.endswith("/docs"):
        return
    headers.setdefault("Content-Security-Policy", NO_PAGE)
    if not path.startswith("/files/"):
        headers.setdefault("Cache-Control", "no-store")

"""The HTTP server of the API, and how it ends: in order, and soon."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import uvicorn

if TYPE_CHECKING:
    import socket
    import threading

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from punchin.settings import Settings

ENDLESS = b"text/event-stream"


class Ending:
    """Ends streams of events when the server ends: a client that watches a job comes back by itself.

    Without this, one open page holds the server for as long as it may take at all.

    Args:
        app: what is served.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._endless: set[asyncio.Task[Any]] = set()
        self._ended: set[asyncio.Task[Any]] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        task = asyncio.current_task()
        assert task

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_endless(message):
                self._endless.add(task)
            await send(message)

        try:
            await self.app(scope, receive, send_on)
        except asyncio.CancelledError:
            if task not in self._ended:
                raise
            task.uncancel()
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._endless.discard(task)
            self._ended.discard(task)

    def end(self) -> None:
        """The server ends now."""
        self._ended |= self._endless
        for task in self._endless:
            task.cancel()


def _is_endless(message: Message) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(ENDLESS) for name, value in message["headers"]
    )


class Server(uvicorn.Server):
    """A server that ends streams of events first, and then waits for the other answers.

    Args:
        app: what is served.
        settings: of this server.
        closing: is set when the server ends; `Front.closing` of the app.
    """

    def __init__(self, app: ASGIApp, settings: Settings, closing: threading.Event) -> None:
        self._ending, self._closing = Ending(app), closing
        super().__init__(
            uvicorn.Config(
                self._ending, host=settings.host, port=settings.port, log_config=None, access_log=False,
                ws="none", timeout_graceful_shutdown=round(settings.grace_s),
            )
        )  # fmt: skip

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See `uvicorn.Server.shutdown`."""
        self._closing.set()
        self._ending.end()
        await super().shutdown(sockets)

"""The app: parts put together from the settings, routes, and how errors become answers."""

from __future__ import annotations

from contextlib import asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import h11
import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect

from punchin.dispatch import DbosDispatcher
from punchin.errors import PunchinError, RateLimited
from punchin.filestore import FileStore, Signer, signing_key
from punchin.store import Store
from punchin.web import (
    accounts,
    catalogue,
    downloading,
    fal,
    native,
    operating,
    page,
    reading,
    sending,
    sounds,
    submitting,
    uploading,
    welcome,
)
from punchin.web.addresses import Addresses, nowhere
from punchin.web.asking import Base64WithWebhook
from punchin.web.describing import describe
from punchin.web.fields import shown
from punchin.web.front import Front, answer
from punchin.web.listening import Listening
from punchin.web.measuring import Meters
from punchin.web.passing import Passing, make_safe
from punchin.web.spooling import Spool
from punchin.web.wire import Problem, status_of

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from punchin.dispatch import Dispatcher
    from punchin.settings import Settings

log = structlog.get_logger("punchin.web")

ABOUT = """Re-record a chosen part of a song and prove that nothing else changed.

Routes under `/api/v3` are those of the hosted `wavespeed-ai/ace-step/audio-inpaint` API: its clients work
here once their base URL is changed. Routes under `/v1` are Punchin's own. Keys are sent as
`Authorization: Bearer`.
"""
UNKNOWN = "a fault of this server stopped the request; its log says more"
AWAY_S = 5
"""When to come back after a 503: a database that restarts is away for seconds."""
ALLOWED_HEADERS = [
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-None-Match",
    "Range",
    "Tus-Resumable",
    "Upload-Offset",
    "X-Client-Name",
    "X-Client-Version",
    "X-Client-OS",
]


def front_of(settings: Settings, *, dispatcher: Dispatcher | None = None) -> Front:
    """The parts of the server.

    Args:
        settings: of this server.
        dispatcher: where jobs go; None: the one of this server's ledger.

    Raises:
        SettingsError: the database's tables are missing, older or newer; or a setting cannot be used.
        StoreError: the database cannot be reached.
    """
    key = signing_key(settings.home, settings.secret)
    store = Store.open(settings.db_address)
    files = FileStore.open(settings.files_address)
    return Front(
        settings=settings,
        store=store,
        files=files,
        addresses=Addresses(
            Signer(key),
            settings.link_hours * 3600,
            settings.upload_minutes * 60,
            direct=files.address if settings.direct_files else nowhere,
        ),
        dispatcher=dispatcher or DbosDispatcher(store.engine),
        meters=Meters(store.now()),
        signing_key=key,
        spool=Spool(settings.home / "incoming", settings.upload_minutes * 60),
        listening=Listening(
            files, _folder_of(settings), settings.home / "heard", round(settings.heard_mb * 1_000_000)
        ),
    )


def _folder_of(settings: Settings) -> Path | None:
    """The folder of the file store, if it is one of this machine."""
    address = settings.files_address.removeprefix("file://")
    return None if "://" in address else Path(address).expanduser()


def create_app(settings: Settings, *, dispatcher: Dispatcher | None = None) -> FastAPI:
    """The API of the server; the tables must be there (the supervisor makes them).

    Args:
        settings: of this server.
        dispatcher: where jobs go; None: the one of this server's ledger.

    Raises:
        SettingsError, StoreError: as `front_of`.
    """
    front = front_of(settings, dispatcher=dispatcher)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:  # noqa: ARG001
        yield
        front.listening.close()
        if isinstance(front.dispatcher, DbosDispatcher):
            front.dispatcher.close()
        front.store.close()

    app = FastAPI(
        title="Punchin",
        version=version("punchin"),
        description=ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.state.front = front
    for part in (
        submitting,
        reading,
        uploading,
        downloading,
        catalogue,
        accounts,
        native,
        fal,
        operating,
        sending,
        sounds,
        welcome,
        page,
    ):
        app.include_router(part.router)
    _answer_errors(app)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(settings.cors_origins),
            allow_methods=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=ALLOWED_HEADERS,
            expose_headers=[
                "Content-Range",
                "ETag",
                "Accept-Ranges",
                "Content-Disposition",
                "Retry-After",
                "Upload-Offset",
            ],
        )
    app.add_middleware(Passing, meters=front.meters)
    describe(app, settings.max_time_s)
    return app


def _answer_errors(app: FastAPI) -> None:
    """Every error as the envelope, whoever found it."""

    async def ours(request: Request, error: Exception) -> Response:  # noqa: ARG001
        assert isinstance(error, PunchinError)
        status = status_of(error)
        if status >= 500:
            log.error("refused by a fault", status=status, why=str(error))
        if isinstance(error, Base64WithWebhook):
            return answer(Problem(status, str(error), error.code, error=str(error)), status)
        return problem(status, str(error), error.code, _when_again(status, error))

    async def malformed(request: Request, error: Exception) -> Response:  # noqa: ARG001
        assert isinstance(error, RequestValidationError)
        return problem(400, _sentence(error.errors()[0]), "invalid_field")

    async def foreign(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        message = str(error.detail)
        if error.status_code == 404:
            message = f"there is nothing at {request.url.path[:200]}; /docs lists all routes"
        return problem(error.status_code, message, "", dict(error.headers or {}))

    async def gone(request: Request, error: Exception) -> Response:  # noqa: ARG001
        return problem(400, "the request ended before it was whole", "incomplete")

    async def fault(request: Request, error: Exception) -> Response:
        if isinstance(error, h11.LocalProtocolError):
            # Behind the request came bytes that are no HTTP: the line was closed before the answer was.
            log.info("an answer had nobody to go to", why=str(error))
        else:
            log.error("a fault of Punchin", exc_info=error)
        found = problem(500, UNKNOWN, "internal")
        # The framework answers faults outside of `Passing`.
        make_safe(found.headers, request.url.path)
        return found

    app.add_exception_handler(PunchinError, ours)
    app.add_exception_handler(RequestValidationError, malformed)
    app.add_exception_handler(HTTPException, foreign)
    app.add_exception_handler(ClientDisconnect, gone)
    app.add_exception_handler(Exception, fault)


def _when_again(status: int, error: PunchinError) -> dict[str, str]:
    """When it makes sense to come back, after an error that passes (RFC 9110, section 10.2.3)."""
    if status not in {429, 503}:
        return {}
    return {"Retry-After": str(error.again_in_s if isinstance(error, RateLimited) else AWAY_S)}


def problem(status: int, message: str, code: str, headers: dict[str, str] | None = None) -> Response:
    """An answer that tells of an error."""
    found = answer(Problem(status, message, code), status)
    found.headers.update(headers or {})
    return found


def _sentence(found: Any) -> str:
    where = found["loc"][-1]
    return f'field "{where}" is {shown(str(found["input"]))}: {found["msg"]}'

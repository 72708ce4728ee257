"""The page at `/` and what it is made of: plain files that need no key."""

from __future__ import annotations

import gzip
import hashlib
import mimetypes
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING

from fastapi import APIRouter, BackgroundTasks, Request, Response

from punchin.web.front import TheFront  # noqa: TC001  # FastAPI reads it
from punchin.web.wire import NoSuchFile

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

router = APIRouter(tags=["playground"])

POLICY = (
    "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Styles may stand in the document: the waveform's own, in its shadow tree. Scripts may not."""
TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
    "png": "image/png",
    "ico": "image/x-icon",
    "woff2": "font/woff2",
    "txt": "text/plain; charset=utf-8",
    "webmanifest": "application/manifest+json",
}
_PACKED = {"html", "css", "js", "mjs", "json", "svg", "txt"}
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*")


@router.get("/", include_in_schema=False)
def page(request: Request, front: TheFront, later: BackgroundTasks) -> Response:
    """The page."""
    # Whoever opens it will soon want to see a song.
    later.add_task(front.listening.warm)
    return _given("index.html", request)


@router.get("/docs", include_in_schema=False)
def reference(request: Request) -> Response:
    """The page of all routes, made from the app's own description; nothing of it comes from elsewhere."""
    return _given("reference.html", request)


@router.get("/playground/{name:path}", include_in_schema=False)
def part(name: str, request: Request) -> Response:
    """A file of the page."""
    return _given(name, request)


@router.get("/favicon.ico", include_in_schema=False)
def icon(request: Request) -> Response:
    """What browsers ask for by themselves."""
    return _given("favicon.svg", request)


@dataclass(frozen=True, slots=True)
class _Asset:
    content: bytes
    tag: str


def _given(name: str, request: Request) -> Response:
    if not _NAME.fullmatch(name):
        raise NoSuchFile(f"the page has no file {name[:100]!r}")
    ending = name.rpartition(".")[2].lower()
    asset = _asset(name)
    packed = ending in _PACKED and "gzip" in request.headers.get("accept-encoding", "")
    headers = {
        "ETag": f'"{asset.tag}{"-gz" if packed else ""}"',
        # Asked for each time, answered with 304: a page never has modules of two versions.
        "Cache-Control": "no-cache",
        "Content-Security-Policy": POLICY,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Vary": "Accept-Encoding",
    }
    if request.headers.get("if-none-match", "").removeprefix("W/") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    content = asset.content
    if packed:
        content = gzip.compress(content, 6, mtime=0)
        headers["Content-Encoding"] = "gzip"
    kind = TYPES.get(ending) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content, headers=headers, media_type=kind)


def _asset(name: str) -> _Asset:
    """A file of the page.

    Raises:
        NoSuchFile: there is none.
    """
    place: Traversable = resources.files("punchin.web").joinpath("playground", *name.split("/"))
    try:
        content = place.read_bytes()
    except OSError:
        raise NoSuchFile(f"the page has no file {name[:100]!r}") from None
    return _Asset(content, hashlib.sha256(content).hexdigest()[:24])

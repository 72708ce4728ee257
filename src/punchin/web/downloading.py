"""Uploads and outputs by their signed addresses: whole, in part, or only their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse

from punchin.filestore import media_type
from punchin.web.describing import FILE_RESPONSES
from punchin.web.front import TheFront  # noqa: TC001  # FastAPI reads it
from punchin.web.ranges import NotSatisfiable, slice_of
from punchin.web.uploading import etag_of
from punchin.web.wire import NoSuchFile

if TYPE_CHECKING:
    from punchin.web.front import Front
    from punchin.web.ranges import Slice

router = APIRouter(tags=["downloads"])


@router.get("/files/{token}/{key:path}", responses=FILE_RESPONSES)
@router.head("/files/{token}/{key:path}", responses=FILE_RESPONSES)
def download(token: str, key: str, request: Request, front: TheFront, download: bool = False) -> Response:
    """A file. The address is the key: it needs no other, and works until it expires."""
    front.addresses.signer.check(token, "GET", key, front.addresses.now_s())
    try:
        size = front.files.size(key)
    except FileNotFoundError:
        raise NoSuchFile from None
    if not download and (there := _elsewhere(request, key, front)):
        return there
    headers = _headers(key, attachment=download)
    if request.headers.get("if-none-match") in {headers["ETag"], "*"}:
        return Response(status_code=304, headers=headers)
    wanted = request.headers.get("range")
    if request.headers.get("if-range", headers["ETag"]) != headers["ETag"]:
        wanted = None
    try:
        part = slice_of(wanted, size)
    except NotSatisfiable:
        return Response(status_code=416, headers=headers | {"Content-Range": f"bytes */{size}"})
    return _answer(front, key, request.method, part, size, headers)


def _elsewhere(request: Request, key: str, front: Front) -> Response | None:
    """The way to the store itself, where clients reach that.

    Not for HEAD, since a store signs one method, nor for scripts of a page: whether those may read from
    another host is a setting of the store that nothing here knows.
    """
    if request.method != "GET" or request.headers.get("sec-fetch-dest") == "empty":
        return None
    there = front.addresses.at_store(key)
    if there is None:
        return None
    return RedirectResponse(there, 307, headers={"Cache-Control": "private, max-age=600"})


def _answer(
    front: Front, key: str, method: str, part: Slice | None, size: int, headers: dict[str, str]
) -> Response:
    status, length = (200, size) if part is None else (206, len(part))
    headers = headers | {"Content-Length": str(length)}
    if part is not None:
        headers["Content-Range"] = part.content_range
    kind = media_type(key)
    if method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=kind)
    start, end = (0, size) if part is None else (part.start, part.end)
    return StreamingResponse(
        front.files.open_range(key, start, end), status_code=status, headers=headers, media_type=kind
    )


def _headers(key: str, *, attachment: bool) -> dict[str, str]:
    name = key.rpartition("/")[2]
    return {
        "Accept-Ranges": "bytes",
        "ETag": etag_of(key),
        "Cache-Control": "private, max-age=3600, immutable",
        "Content-Disposition": f'{"attachment" if attachment else "inline"}; filename="{name}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }

"""Uploads and outputs by their signed addresses: whole, in part, or only their headers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse

from punchin.web.describing import FILE_RESPONSES
from punchin.web.front import TheFront  # noqa: TC001  # FastAPI reads it
from punchin.web.ranges import NotSatisfiable, slice_of
from punchin.web.uploading import etag_of
from punchin.web.wire import NoSuchFile

if TYPE_CHECKING:
    from punchin.web.front import Front
    from punchin.web.ranges import Slice

router = APIRouter(tags=["downloads"])

MEDIA_TYPES = {
    "wav": "audio/wav",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "webm": "audio/webm",
}
"""All others are only bytes: an upload must never be shown as a page of this server."""


@router.get("/files/{token}/{key:path}", responses=FILE_RESPONSES)
@router.head("/files/{token}/{key:path}", responses=FILE_RESPONSES)
def download(token: str, key: str, request: Request, front: TheFront, download: bool = False) -> Response:
    """A file. The address is the key: it needs no other, and works until it expires."""
    front.addresses.signer.check(token, "GET", key, front.addresses.now_s())
    try:
        size = front.files.size(key)
    except FileNotFoundError:
        raise NoSuchFile from None
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


def _answer(
    front: Front, key: str, method: str, part: Slice | None, size: int, headers: dict[str, str]
) -> Response:
    status, length = (200, size) if part is None else (206, len(part))
    headers = headers | {"Content-Length": str(length)}
    if part is not None:
        headers["Content-Range"] = part.content_range
    kind = MEDIA_TYPES.get(key.rpartition(".")[2].lower(), "application/octet-stream")
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

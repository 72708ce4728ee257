"""Uploads that can be resumed (tus 1.0, core protocol), the demo song, and songs from other addresses."""

from __future__ import annotations

import re
from contextlib import suppress
from importlib import resources
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from punchin.errors import PunchinError, TooLarge, UploadNotFound
from punchin.fetching import FetchLimits, fetch
from punchin.store.ids import new_id
from punchin.web.describing import Responses, body_of, responses
from punchin.web.fields import Field, FieldError, object_schema
from punchin.web.front import Front, JsonBody, Signed, TheBase, TheFront, answer
from punchin.web.sounds import ask_about, ask_peaks, heard_of
from punchin.web.uploading import largest_upload
from punchin.web.wire import Problem, WrittenAlready

if TYPE_CHECKING:
    from punchin.store import ApiKey, Upload
    from punchin.web.addresses import Base
    from punchin.web.spooling import Writing

router = APIRouter(prefix="/v1/uploads", tags=["playground"])

TUS = {"Tus-Resumable": "1.0.0", "Cache-Control": "no-store"}
WRITTEN_AT_ONCE = 1 << 20
LONG_BYTES = 20_000_000
ROUGH_PER_S = 2
"""The page asks for a rough outline of a long song first."""

NEW = (
    Field(name="filename", kind="string", longest=1000, description="As you call it; its extension is kept."),
    Field(name="bytes", kind="integer", required=True, least=1, most=2**53, description="Its length."),
)
FROM = (Field(name="address", kind="string", required=True, longest=4096, description="http or https."),)
_AUDIO: dict[str, Any] = {
    "type": "object",
    "required": ["audio"],
    "properties": {"audio": {"type": "string"}, "name": {"type": "string"}},
}
_NEW: dict[str, Any] = {
    "type": "object",
    "required": ["id", "address", "offset"],
    "properties": {"id": {"type": "string"}, "address": {"type": "string"}, "offset": {"type": "integer"}},
}
_PART: Responses = {204: {"description": "More is wanted; Upload-Offset says from where."}}
_NOT_THERE = 409


@router.post("", responses=responses(_NEW, 401, 413), openapi_extra=body_of(object_schema(NEW)))
def begin(front: TheFront, base: TheBase, key: Signed, body: JsonBody) -> Response:
    """Announce a file; its bytes are sent with PATCH to the address in the answer, in any number of parts."""
    asked = {each.name: each.read(body) for each in NEW}
    largest = largest_upload(front)
    if asked["bytes"] > largest:
        raise TooLarge(f"the file has {asked['bytes']} bytes, more than the {largest} that this server takes")
    front.spool.sweep()
    upload = front.store.create_upload(key.id, asked["filename"] or "upload", "", asked["bytes"])
    return answer({"id": upload.id, "address": f"{base.text}/v1/uploads/{upload.id}", "offset": 0})


@router.head("/{upload_id}", responses=responses({}, 401, 404))
def offset(upload_id: str, front: TheFront, key: Signed) -> Response:
    """How much of a file is there (Upload-Offset): sending goes on from there."""
    upload = upload_of(front, key, upload_id)
    there = upload.bytes if upload.stored_at else front.spool.size(upload_id)
    return Response(headers=TUS | {"Upload-Offset": str(there), "Upload-Length": str(upload.size)})


@router.patch(
    "/{upload_id}",
    responses=responses(_AUDIO, 401, 404, 409, 412, 413) | _PART,
    openapi_extra={
        "requestBody": {"content": {"application/octet-stream": {"schema": {}}}},
        "parameters": [
            {"name": "Upload-Offset", "in": "header", "required": True, "schema": {"type": "integer"}}
        ],
    },
)
async def more(upload_id: str, request: Request, front: TheFront, base: TheBase, key: Signed) -> Response:
    """Send bytes from Upload-Offset on.

    With the last one the answer is 200 with the address to use as
    `audio`; before, 204. 409 says that Upload-Offset is not where the file ends so far: ask with HEAD.
    """
    upload = await run_in_threadpool(upload_of, front, key, upload_id)
    if upload.stored_at is not None:
        raise WrittenAlready
    said = request.headers.get("upload-offset", "")
    if not re.fullmatch(r"\d{1,16}", said, re.ASCII):
        raise FieldError("the header Upload-Offset must say at which byte this part begins")
    await run_in_threadpool(front.spool.part, upload_id)
    with front.spool.writing(upload_id) as writing:
        if writing is None:
            return _refused("another request is sending this file; wait for its end, then go on", 0)
        there, size = writing.part.size, upload.size or 0
        if int(said) != there:
            return _refused(f"this part begins at byte {said}, but {there} bytes are there", there)
        there = await _append(request, writing, size)
        if there < size:
            return Response(status_code=204, headers=TUS | {"Upload-Offset": str(there)})
        audio = await run_in_threadpool(_keep, front, base, key, upload)
    audio.headers.update(TUS | {"Upload-Offset": str(there)})
    return audio


def _refused(message: str, there: int) -> Response:
    found = answer(Problem(_NOT_THERE, message, "wrong_offset"), _NOT_THERE)
    found.headers["Upload-Offset"] = str(there)
    return found


@router.post("/demo", responses=responses(_AUDIO, 401))
def demo(front: TheFront, base: TheBase, key: Signed) -> Response:
    """A song to try things with."""
    upload = front.store.create_upload(key.id, "Happy Electronic.mp3", "audio/mpeg")
    with resources.as_file(resources.files("punchin.web").joinpath("demo", "song.mp3")) as path:
        stored = front.files.put(upload.file_key, path.read_bytes())
    upload = front.store.uploaded(upload.id, stored.bytes, stored.sha256)
    return told(front, base, key, upload)


@router.post(
    "/fetch", responses=responses(_AUDIO, 401, 403, 413, 502), openapi_extra=body_of(object_schema(FROM))
)
def from_address(front: TheFront, base: TheBase, key: Signed, body: JsonBody) -> Response:
    """Fetch a song from its address, by this server's rules."""
    address = FROM[0].read(body).strip()
    settings = front.settings
    front.spool.sweep()
    limits = FetchLimits(max_bytes=settings.max_song_bytes, limit_s=settings.fetch_limit_s)
    arriving = new_id()
    try:
        fetched = fetch(
            address,
            front.spool.path(arriving),
            limits,
            settings.trusted_hosts,
            allow_http=settings.allow_http,
        )
        upload = front.store.create_upload(key.id, fetched.filename or "song", fetched.media_type)
        front.spool.path(arriving).rename(front.spool.path(upload.id))
        return _keep(front, base, key, upload)
    finally:
        front.spool.let_go(arriving)


def upload_of(front: Front, key: ApiKey, upload_id: str) -> Upload:
    """An upload of this key.

    Raises:
        UploadNotFound: there is none, or it is another key's.
    """
    upload = front.store.upload(upload_id)
    if upload.key_id != key.id:
        raise UploadNotFound(f"there is no upload {upload_id}")
    return upload


def told(front: Front, base: Base, key: ApiKey, upload: Upload) -> Response:
    """The answer to a whole upload; what the page asks for next is begun already."""
    with suppress(PunchinError):
        heard = heard_of(front, key, upload.file_key)
        ask_about(front, heard)
        if (upload.bytes or 0) > LONG_BYTES:
            ask_peaks(front, heard, ROUGH_PER_S, rough=True)
        ask_peaks(front, heard)
    return answer({"audio": front.addresses.of_file(base, upload.file_key), "name": upload.filename})


async def _append(request: Request, writing: Writing, size: int) -> int:
    """Write what comes; give how much there is then. What came of a request that breaks off is kept."""
    held = bytearray()
    with suppress(ClientDisconnect):
        async for piece in request.stream():
            held += piece
            if writing.part.size + len(held) > size:
                raise TooLarge(f"more than the {size} bytes came that were announced")
            if len(held) >= WRITTEN_AT_ONCE:
                await run_in_threadpool(writing.add, held)
                held = bytearray()
    return await run_in_threadpool(writing.add, held)


def _keep(front: Front, base: Base, key: ApiKey, upload: Upload) -> Response:
    """The file is whole: it goes to where all files are."""
    sha256 = front.spool.part(upload.id).digest.hexdigest()
    size = front.files.put_file(upload.file_key, front.spool.path(upload.id), move=True)
    front.spool.let_go(upload.id)
    return told(front, base, key, front.store.uploaded(upload.id, size, sha256))

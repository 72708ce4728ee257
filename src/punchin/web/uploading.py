"""Uploads: a ticket and a PUT, as newer clients do it, or one multipart form, as older ones do."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from punchin.errors import CallerError, NotAllowed, TooLarge, UploadNotFound
from punchin.web.describing import body_of, data_of, responses
from punchin.web.fields import Field, FieldError, object_schema
from punchin.web.front import Front, JsonBody, Signed, TheBase, TheFront, success
from punchin.web.wire import WrittenAlready, moment

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

    from punchin.store import ApiKey, Upload
    from punchin.web.addresses import Base

router = APIRouter(tags=["uploads"])

TICKET = (
    Field(name="filename", kind="string", longest=1000, description="As you call it; its extension is kept."),
    Field(name="size", kind="integer", least=0, most=2**53, description="Bytes."),
    Field(name="content_type", kind="string", longest=200, description="As in audio/wav."),
)
TICKET_ANSWER = data_of({"upload": "object", "download_url": "string"})
FORM_ANSWER = data_of({"type": "string", "download_url": "string", "filename": "string", "size": "integer"})
FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": {"type": "string", "format": "binary"}},
}
BLOCK_BYTES = 1 << 18
FORM_EXTRA_BYTES = 100_000
"""What a form has beside the file: boundaries and headers."""
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+( *; *[\w.-]+=[\w.\"-]+)*", re.ASCII)


@router.post(
    "/api/v3/media/uploads",
    responses=responses(TICKET_ANSWER, 400, 401, 413),
    openapi_extra=body_of(object_schema(TICKET)),
)
def ticket(front: TheFront, base: TheBase, key: Signed, body: JsonBody) -> Response:
    """Announce a file: the answer says where to PUT its bytes, and the address to use as `audio`."""
    asked = {each.name: each.read(body) for each in TICKET}
    kind = asked["content_type"] or ""
    if kind and not _MEDIA_TYPE.fullmatch(kind):
        raise FieldError(f'field "content_type" must be a media type like audio/wav, not {kind!r}')
    largest = largest_upload(front)
    if (asked["size"] or 0) > largest:
        raise TooLarge(f"the file has {asked['size']} bytes, more than the {largest} that this server takes")
    upload = front.store.create_upload(key.id, asked["filename"] or "upload", kind, asked["size"])
    address, until = front.addresses.to_upload(base, upload.file_key, largest)
    headers = {"If-None-Match": "*"} | ({"Content-Type": kind} if kind else {})
    return success(
        {
            "upload": {"method": "PUT", "url": address, "headers": headers, "expires_at": _moment(until)},
            "download_url": front.addresses.of_file(base, upload.file_key),
        }
    )


@router.put(
    "/uploads/{token}/{key:path}",
    responses=responses(data_of({"size": "integer", "sha256": "string"}), 403, 404, 412, 413),
    openapi_extra={"requestBody": {"content": {"application/octet-stream": {"schema": {}}}}},
)
async def put(token: str, key: str, request: Request, front: TheFront) -> Response:
    """Send the bytes of an announced file. The address is the key; it works once."""
    grant = front.addresses.signer.check(token, "PUT", key, front.addresses.now_s())
    upload = await run_in_threadpool(front.store.upload_at, key)
    if upload.stored_at is not None:
        raise WrittenAlready
    _check_length(request, grant.max_bytes or 0)
    try:
        stored = await front.files.put_async(key, request.stream(), max_bytes=grant.max_bytes, replace=False)
    except FileExistsError:
        raise WrittenAlready from None
    await run_in_threadpool(front.store.uploaded, upload.id, stored.bytes, stored.sha256)
    return success({"size": stored.bytes, "sha256": stored.sha256})


@router.post(
    "/api/v3/media/upload/binary",
    responses=responses(FORM_ANSWER, 400, 401, 413),
    openapi_extra=body_of(FORM, "multipart/form-data"),
)
@router.post(
    "/api/v2/media/upload/binary",
    responses=responses(FORM_ANSWER, 400, 401, 413),
    openapi_extra=body_of(FORM, "multipart/form-data"),
)
@router.post(
    "/api/v3/upload",
    responses=responses(FORM_ANSWER, 400, 401, 413),
    openapi_extra=body_of(FORM, "multipart/form-data"),
)
async def binary(request: Request, front: TheFront, base: TheBase, key: Signed) -> Response:
    """Send a file as the field `file` of a form; the answer has the address to use as `audio`."""
    largest = largest_upload(front)
    _check_length(request, largest + FORM_EXTRA_BYTES)
    parser = MultiPartParser(
        request.headers, _limited(request, largest + FORM_EXTRA_BYTES), max_files=1, max_fields=20
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError, UnicodeError) as error:
        why = getattr(error, "message", "it is no multipart form")
        raise CallerError(f"the form cannot be read: {why}; send the file as its field file") from error
    try:
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise FieldError('field "file" is required; send the song as the file of a multipart form')
        upload = await run_in_threadpool(_kept, front, key, file, largest)
    finally:
        await form.close()
    return success(_receipt(front, base, upload))


def largest_upload(front: Front) -> int:
    """The most bytes of an upload."""
    return round(front.settings.max_upload_mb * 1_000_000)


def arrived(front: Front, key: str) -> None:
    """See whether a file that was sent to the store itself is there, and no larger than it may be.

    Nobody tells this server when such an upload is over; so it looks when a job names the file.

    Raises:
        UploadNotFound: it was announced and is not there.
        TooLarge: it is larger than allowed; it is deleted.
        CallerError: it has another length than was announced.
    """
    if not key.startswith("up/"):
        return
    upload = front.store.upload_at(key)
    if upload.stored_at is not None or front.addresses.at_store(key) is None:
        return
    try:
        size = front.files.size(key)
    except FileNotFoundError:
        raise UploadNotFound(
            "the file was announced and has not arrived; PUT it to the address of the ticket first"
        ) from None
    if size > (largest := largest_upload(front)):
        front.files.delete([key])
        raise TooLarge(f"the upload has {size} bytes, more than the {largest} that this server takes")
    if upload.size is not None and size != upload.size:
        raise CallerError(f"the upload has {size} bytes, and {upload.size} were announced; send it again")
    with suppress(NotAllowed):  # another request saw it at the same moment
        front.store.uploaded(upload.id, size, "")


def _kept(front: Front, key: ApiKey, file: UploadFile, largest: int) -> Upload:
    upload = front.store.create_upload(key.id, file.filename or "upload", file.content_type or "", file.size)
    stored = front.files.put(upload.file_key, _blocks(file), max_bytes=largest, replace=False)
    return front.store.uploaded(upload.id, stored.bytes, stored.sha256)


def _receipt(front: Front, base: Base, upload: Upload) -> dict[str, Any]:
    address = front.addresses.of_file(base, upload.file_key)
    return {
        "type": "audio",
        "download_url": address,
        "url": address,
        "filename": upload.filename,
        "size": upload.bytes,
    }


def _blocks(file: UploadFile) -> Iterator[bytes]:
    while block := file.file.read(BLOCK_BYTES):
        yield block


async def _limited(request: Request, most: int) -> AsyncGenerator[bytes]:
    """The body, and TooLarge where it is more than announced and allowed: the form would fill the disk."""
    passed = 0
    async for piece in request.stream():
        passed += len(piece)
        if passed > most:
            raise TooLarge(f"the upload has more than {most} bytes, which is the most this server takes")
        yield piece


def _check_length(request: Request, most: int) -> None:
    """Refuse by the announced length, before anything is read."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said) > most:
        raise TooLarge(f"the upload has {said} bytes, more than the {most} that this server takes")


def _moment(until_s: int) -> str:
    from datetime import UTC, datetime

    return moment(datetime.fromtimestamp(until_s, UTC))


def etag_of(key: str) -> str:
    """A strong validator (RFC 9110, section 8.8.3): a key is written once, so it names its bytes."""
    return f'"{hashlib.sha256(key.encode()).hexdigest()[:32]}"'

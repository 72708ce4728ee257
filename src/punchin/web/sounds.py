"""What the page shows and plays of a song: facts, outline, beats, samples, difference, other formats."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from punchin.errors import JobNotFound, UploadNotFound
from punchin.filestore import MEDIA_TYPES
from punchin.web.describing import Responses, responses
from punchin.web.fields import FieldError, shown
from punchin.web.form import MOST_EDITS
from punchin.web.front import Front, Signed, TheBase, TheFront  # noqa: TC001  # FastAPI reads them
from punchin.web.listening import Heard
from punchin.web.wire import NoSuchFile

if TYPE_CHECKING:
    from punchin.store import ApiKey
    from punchin.web.addresses import Base
    from punchin.web.listening import Finding

router = APIRouter(prefix="/v1/sounds", tags=["playground"])

DRAWN_PER_S = 50
"""Bins a second of the outline that is made when a song arrives."""
FINEST_PER_S = 4000
LARGEST_FRAME = 1 << 40
SLOW_S = 600.0
KEPT = {"Cache-Control": "private, max-age=3600"}

Of = Annotated[str, Query(min_length=1, max_length=4096, description="The address of a file of this server.")]
PerS = Annotated[int, Query(ge=1, le=FINEST_PER_S, description="Bins a second.")]
Frame = Annotated[int, Query(ge=0, le=LARGEST_FRAME)]
Seconds = Annotated[float, Query(ge=0, le=1e9, allow_inf_nan=False)]
Starts = Annotated[
    tuple[Seconds, ...],
    Query(max_length=MOST_EDITS, description="Where the regions begin, one `start_s` each, in seconds."),
]
Ends = Annotated[
    tuple[Seconds, ...], Query(max_length=MOST_EDITS, description="Where they end, one `end_s` each.")
]


def song_of(front: Front, base: Base, key: ApiKey, address: str) -> Heard:
    """The song at an address of this server.

    Raises:
        FieldError: it is the address of another server, or none.
        NotAllowed: it has expired.
        NoSuchFile: there is none, or it belongs to another key.
    """
    try:
        file_key = front.addresses.key_of(address, base)
    except ValueError as error:
        raise FieldError(f"{shown(address)} is no address: {error}") from error
    if file_key is None:
        raise FieldError(
            f"{shown(address)} is not the address of a file of this server; upload the song first"
        )
    return heard_of(front, key, file_key)


def _asked_song(of: Of, front: TheFront, base: TheBase, key: Signed) -> Heard:
    return song_of(front, base, key, of)


TheSong = Annotated[Heard, Depends(_asked_song)]

_ABOUT: dict[str, Any] = {
    "type": "object",
    "required": ["name", "format", "sample_format", "rate_hz", "channels", "frames", "duration_s", "bytes"],
}
_BEATS: dict[str, Any] = {
    "type": "object",
    "required": ["tempo_bpm", "confidence", "beats_s", "downbeats_s", "key"],
}


def _bytes(kind: str, *problems: int) -> Responses:
    return responses({}, *problems) | {
        200: {
            "description": "It worked.",
            "content": {kind: {"schema": {"type": "string", "format": "binary"}}},
        }
    }


BINARY = "application/octet-stream"


@router.get("/about", responses=responses(_ABOUT, 401, 403, 404))
async def about(heard: TheSong, front: TheFront) -> Response:
    """What a song is: format, rate, channels, length, hash, what it says of itself."""
    return await _facts(ask_about(front, heard))


@router.get("/peaks", responses=_bytes(BINARY, 401, 403, 404))
async def peaks(
    heard: TheSong,
    front: TheFront,
    per_s: PerS = DRAWN_PER_S,
    start: Frame = 0,
    frames: Frame = 0,
    rough: Annotated[bool, Query(description="Look at a few hundred moments only: quick.")] = False,
) -> Response:
    """The outline of a song, or of a part of it, sent while it is decoded.

    A line of JSON, then pairs of int16 (little-endian): the lowest and the highest sample of each bin.
    """
    finding = ask_peaks(front, heard, per_s, start, frames, rough)
    await finding.begun()
    return _streamed(finding, BINARY)


@router.get("/beats", responses=responses(_BEATS, 401, 403, 404))
async def beats(heard: TheSong, front: TheFront) -> Response:
    """Tempo, beats, bars, key and chords of a song. Takes seconds the first time."""
    return await _facts(front.listening.ask([heard], "beats", slow=True, limit_s=SLOW_S))


@router.get("/frames", responses=_bytes("audio/wav", 401, 403, 404))
async def frames(
    heard: TheSong,
    front: TheFront,
    start: Frame,
    frames: Annotated[int, Query(ge=1, le=LARGEST_FRAME, description="30 seconds at most.")],
) -> Response:
    """The samples of a part of a song as they are, as WAV of 32-bit floats at the song's own rate."""
    finding = front.listening.ask([heard], "sound", keep=False, start=start, frames=frames)
    await finding.begun()
    return _streamed(finding, "audio/wav")


@router.get("/difference", responses=_bytes(BINARY, 401, 403, 404))
async def difference(
    heard: TheSong,
    against: Of,
    front: TheFront,
    base: TheBase,
    key: Signed,
    per_s: PerS = DRAWN_PER_S,
    start_s: Starts = (),
    end_s: Ends = (),
) -> Response:
    """How a song differs from another, like peaks: pairs of 0 and the largest difference of each bin.

    The line of JSON tells whether all outside the regions is the same, bit for bit.
    """
    if len(start_s) != len(end_s):
        raise FieldError(
            f'fields "start_s" and "end_s" go together; there are {len(start_s)} of one and {len(end_s)} of '
            "the other"
        )
    before = await run_in_threadpool(song_of, front, base, key, against)
    regions = [list(region) for region in zip(start_s, end_s, strict=True)]
    finding = front.listening.ask(
        [heard, before], "difference", slow=True, limit_s=SLOW_S, per_s=per_s, regions=regions
    )
    await finding.begun()
    return _streamed(finding, BINARY)


@router.get("/rendered", responses=_bytes("audio/*", 401, 403, 404))
async def rendered(
    heard: TheSong,
    front: TheFront,
    format: Literal["source", "wav", "flac", "mp3", "ogg"] = "source",  # noqa: A002  # the query's name
    part: Literal["whole", "new"] = "whole",
    start: Frame = 0,
    frames: Frame = 0,
) -> Response:
    """A song, or with part=new the given frames of it, as a file in another format, to be saved."""
    if part == "whole":
        start = frames = 0
    elif not frames:
        raise FieldError('field "frames" is 0; say how many frames the part has')
    told = ask_about(front, heard)
    await told.whole()
    own = _own_format(told)
    if part == "whole" and format in {"source", own}:
        return await run_in_threadpool(_as_it_is, front, heard)
    finding = front.listening.ask(
        [heard],
        "render",
        keep=False,
        slow=True,
        limit_s=SLOW_S,
        form=format,
        start=start,
        frames=frames,
        scratch=str(front.listening.scratch),
    )
    await finding.begun()
    ending = _ending(finding.read(0)[:64])
    kind = MEDIA_TYPES.get(ending, BINARY)
    stem = heard.name.rpartition(".")[0] or heard.name
    return _streamed(finding, kind, filename=f"{stem}{'.new' if part == 'new' else ''}.{ending}")


def ask_about(front: Front, heard: Heard) -> Finding:
    """The facts of a song."""
    return front.listening.ask([heard], "about")


def ask_peaks(
    front: Front,
    heard: Heard,
    per_s: int = DRAWN_PER_S,
    start: int = 0,
    frames: int = 0,
    rough: bool = False,
) -> Finding:
    """The outline of a song."""
    return front.listening.ask([heard], "peaks", per_s=per_s, start=start, frames=frames, rough=rough)


def heard_of(front: Front, key: ApiKey, file_key: str) -> Heard:
    """A song by its key in the file store.

    Raises:
        NoSuchFile: there is none, or it belongs to another key.
    """
    kind, _, rest = file_key.partition("/")
    with suppress(UploadNotFound, JobNotFound):
        if kind == "up":
            upload = front.store.upload_at(file_key)
            if upload.key_id == key.id and upload.stored_at is not None:
                return Heard(file_key, upload.sha256 or _of_key(file_key), upload.filename or file_key)
        elif kind == "out":
            job = front.store.job(rest.partition("/")[0], key_id=key.id)
            for output in job.result.outputs if job.result else ():
                if output.key == file_key:
                    return Heard(file_key, _of_key(file_key), output.name)
    raise NoSuchFile


def _of_key(file_key: str) -> str:
    """A key is written once, so it names its bytes."""
    return hashlib.sha256(file_key.encode()).hexdigest()


async def _facts(finding: Finding) -> Response:
    """An answer of JSON, once all of it is known."""
    await finding.whole()
    return _streamed(finding, "application/json")


def _own_format(told: Finding) -> str:
    import msgspec

    return msgspec.json.decode(told.read(0))["format"]


def _as_it_is(front: Front, heard: Heard) -> Response:
    try:
        size = front.files.size(heard.key)
    except FileNotFoundError:
        raise NoSuchFile from None
    kind = MEDIA_TYPES.get(heard.key.rpartition(".")[2].lower(), BINARY)
    headers = {"Content-Length": str(size)} | _saved_as(heard.name)
    return StreamingResponse(front.files.open_range(heard.key), headers=headers, media_type=kind)


def _streamed(finding: Finding, kind: str, filename: str = "") -> Response:
    headers = dict(KEPT) | (_saved_as(filename) if filename else {})
    if finding.over:
        headers["Content-Length"] = str(finding.size)
    return StreamingResponse(finding.blocks(), headers=headers, media_type=kind)


def _saved_as(name: str) -> dict[str, str]:
    """RFC 6266: the name in ASCII, and as it is."""
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._- ") else "-" for sign in name)
    return {
        "Content-Disposition": f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    }


def _ending(head: bytes) -> str:
    """The usual ending of a file that was made here, by its first bytes."""
    for start, ending in ((b"RIFF", "wav"), (b"RF64", "wav"), (b"fLaC", "flac"), (b"OggS", "ogg")):
        if head.startswith(start):
            return "opus" if b"OpusHead" in head else ending
    return "mp3"

"""What every route needs: the parts of the server, who is asking, and the body as JSON."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from fastapi import Depends, Request, Response, Security
from fastapi.security import HTTPBearer

from punchin.errors import CallerError, TooLarge
from punchin.store import ApiKey, Limits
from punchin.web.addresses import Addresses, Base, base_of
from punchin.web.wire import Envelope, NotSignedIn

if TYPE_CHECKING:
    from punchin.dispatch import Dispatcher
    from punchin.filestore import FileStore
    from punchin.settings import Settings
    from punchin.store import Store
    from punchin.web.listening import Listening
    from punchin.web.measuring import Meters
    from punchin.web.spooling import Spool

MAX_BODY_BYTES = 2_000_000
"""Of a request in JSON; the longest lyrics in all edits fit in many times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The parts of the server that routes use. A test makes as many as it likes.

    Attributes:
        closing: set when the server ends: who waits for a job is answered soon.
    """

    settings: Settings
    store: Store
    files: FileStore
    addresses: Addresses
    dispatcher: Dispatcher
    meters: Meters
    signing_key: bytes
    listening: Listening
    spool: Spool
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def limits(self) -> Limits:
        """What every key may do that has no limits of its own."""
        settings = self.settings
        return Limits(
            rate_per_minute=settings.rate_per_minute,
            max_running=settings.max_running,
            max_queued=settings.max_queued,
        )


async def _front_of(request: Request) -> Front:
    return request.app.state.front


TheFront = Annotated[Front, Depends(_front_of)]

_bearer = HTTPBearer(auto_error=False, description="An API key of this server.")


def _signed_in(
    front: TheFront,
    shown: Annotated[Any, Security(_bearer)],
) -> ApiKey:
    """Who is asking.

    Raises:
        NotSignedIn: no key, a wrong one, a revoked one, or not as `Bearer`.
    """
    if shown is None:
        raise NotSignedIn("no API key was sent; send it as Authorization: Bearer KEY")
    key = front.store.key_of(shown.credentials.strip())
    if key is None:
        raise NotSignedIn("the API key is wrong or was revoked")
    return key


Signed = Annotated[ApiKey, Depends(_signed_in)]


async def _base(request: Request, front: TheFront) -> Base:
    return base_of(request, front.settings)


TheBase = Annotated[Base, Depends(_base)]


async def _json_body(request: Request) -> dict[str, Any]:
    """The body, a JSON object.

    Raises:
        CallerError: it is none.
        TooLarge: it is longer than any request that makes sense.
    """
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > MAX_BODY_BYTES:
            raise TooLarge(f"the request has more than {MAX_BODY_BYTES} bytes; upload the song and name it")
    try:
        # Nothing at all is nothing asked: what is required is then missed by name.
        body = msgspec.json.decode(bytes(raw) or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise CallerError(f"the request is not JSON ({error}); send one JSON object") from error
    if not isinstance(body, dict):
        raise CallerError('the request is not a JSON object; send one like {"audio": "https://..."}')
    return body


JsonBody = Annotated[dict[str, Any], Depends(_json_body)]


def answer(content: Any, status: int = 200) -> Response:
    """An answer in JSON."""
    return Response(msgspec.json.encode(content), status, media_type="application/json")


def success(content: Any) -> Response:
    """An answer that worked, in the hosted API's envelope."""
    return answer(Envelope(content))

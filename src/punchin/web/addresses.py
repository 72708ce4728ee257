"""Addresses that this server gives out: of results, of uploads and outputs, and whether one is its own."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from punchin.errors import NotAllowed

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from starlette.requests import Request

    from punchin.filestore import Signer
    from punchin.settings import Settings

    Method = Literal["GET", "PUT"]
    Direct = Callable[[str, Method, float], str | None]

FILES = "/files/"
UPLOADS = "/uploads/"
STEADY_S = 3600
"""Addresses of one file are the same for an hour, so that players and caches know it again."""
DIRECT_S = 3600
"""How long an address at the store itself works that a read is sent on to; the one given out lasts longer."""
_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9a-fA-F:.]{2,45}\](:\d{1,5})?")
_PREFIX = re.compile(r"(/[A-Za-z0-9._~-]+)*")


@dataclass(frozen=True, slots=True)
class Base:
    """How the client reached this server: what stands in front of every path, with no `/` at its end."""

    text: str

    def result(self, job_id: str) -> str:
        """Where a task's result is read."""
        return f"{self.text}/api/v3/predictions/{job_id}/result"


def base_of(request: Request, settings: Settings) -> Base:
    """The address that a client reaches this server at.

    The setting, else what the request says. `X-Forwarded-*` count only from a proxy that is trusted: anybody
    else could have links to another host written into answers.
    """
    if settings.public_base_url:
        return Base(settings.public_base_url.rstrip("/"))
    said = request.headers
    scheme, host, prefix = request.url.scheme, said.get("host", ""), request.scope.get("root_path", "")
    sender = request.client.host if request.client else ""
    if "*" in settings.trusted_proxies or sender in settings.trusted_proxies:
        scheme = _first(said.get("x-forwarded-proto")) or scheme
        host = _first(said.get("x-forwarded-host")) or host
        prefix = _first(said.get("x-forwarded-prefix")).rstrip("/") or prefix
    if scheme not in {"http", "https"} or not _HOST.fullmatch(host) or not _PREFIX.fullmatch(prefix):
        return own_base(settings)
    return Base(f"{scheme}://{host}{prefix}")


def own_base(settings: Settings) -> Base:
    """The address where no request says one: in messages to owners' servers."""
    if settings.public_base_url:
        return Base(settings.public_base_url.rstrip("/"))
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return Base(f"http://{host}:{settings.port}")


def _first(value: str | None) -> str:
    return (value or "").split(",")[0].strip()


def nowhere(key: str, method: Method, seconds: float) -> str | None:  # noqa: ARG001
    """Of a store that clients do not reach: all goes through this server."""
    return None


@dataclass(frozen=True, slots=True)
class Addresses:
    """Signed addresses of stored files.

    Attributes:
        signer: signs and checks.
        link_s: how long an address of a file works, at least.
        upload_s: how long one works that a file is sent to.
        now_s: the time, Unix seconds.
        direct: where a file can be sent to or read from at the store itself; see `FileStore.address`.
    """

    signer: Signer
    link_s: float
    upload_s: float
    now_s: Callable[[], float] = field(default=time.time)
    direct: Direct = field(default=nowhere)

    def of_file(self, base: Base, key: str) -> str:
        """Where a file can be read; ends with its real name, extension included."""
        until = (int(self.now_s() + self.link_s) // STEADY_S + 1) * STEADY_S
        return f"{base.text}{FILES}{self.signer.sign('GET', key, until)}/{key}"

    def to_upload(self, base: Base, key: str, max_bytes: int) -> tuple[str, int]:
        """Where a file can be sent to, and until when, Unix seconds."""
        until = int(self.now_s() + self.upload_s)
        if there := self.direct(key, "PUT", self.upload_s):
            return there, until
        return f"{base.text}{UPLOADS}{self.signer.sign('PUT', key, until, max_bytes=max_bytes)}/{key}", until

    def at_store(self, key: str) -> str | None:
        """Where a file can be read at the store itself for a while, or None."""
        return self.direct(key, "GET", DIRECT_S)

    def key_of(self, address: str, base: Base) -> str | None:
        """The key of a file of this server, or None if the address is another server's.

        The signature tells, not the host: one server has many names, and a signature only one maker.

        Raises:
            NotAllowed: it is an address of this server, and does not work any more.
        """
        parts = urlsplit(address)
        _, found, rest = parts.path.partition(FILES)
        token, slash, key = rest.partition("/")
        if not found or not slash:
            return None
        try:
            return self.signer.check(unquote(token), "GET", unquote(key), self.now_s()).key
        except NotAllowed:
            if address.startswith(f"{base.text}{FILES}"):
                raise
            return None

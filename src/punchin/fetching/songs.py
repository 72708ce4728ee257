"""A song comes in from an address."""

from __future__ import annotations

import re
import time
from email.message import Message
from typing import TYPE_CHECKING
from urllib.parse import unquote

from punchin.errors import FetchError, SongError, StoreError, TooLarge
from punchin.fetching.addresses import Address, Trusted
from punchin.fetching.connecting import Rules, answer, system_resolve
from punchin.fetching.limits import Fetched, FetchLimits
from punchin.fetching.watch import Watch
from punchin.fetching.wording import size

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Sequence
    from pathlib import Path

    import httpcore

    from punchin.fetching.connecting import Resolve

    Progress = Callable[[int, int | None], None]

HEADERS = {"User-Agent": "punchin", "Accept": "audio/*, application/octet-stream, */*;q=0.1"}
_REPORT_EVERY_S = 0.2
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NO_SONG = re.compile(
    r"(text/(?!plain)|image/|application/(xhtml\+xml|xml|json|problem\+json|javascript|pdf|(vnd\.apple\.)?mpegurl)"
    r"|audio/(x-)?mpegurl)"
)
_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|<script|<\?xml[^>]*>\s*<!doctype html)", re.IGNORECASE)


def fetch(
    address: str,
    into: Path,
    limits: FetchLimits | None = None,
    trusted_hosts: Sequence[str] = (),
    progress: Progress | None = None,
    *,
    allow_http: bool = False,
    resolve: Resolve = system_resolve,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """Fetch a song into a file; the file is there when it is whole, or not at all.

    Args:
        address: http or https.
        into: the file to write; what is there gives way. Meanwhile its name has `.part` added.
        limits: None is `FetchLimits()`.
        trusted_hosts: see `Trusted.of`.
        progress: called a few times a second, also while nothing comes, with the bytes so far and those there
            will be in all (None where the server does not say); what it raises (`Cancelled`) ends the fetch.
        allow_http: whether public hosts may be asked without encryption.
        resolve: gives the IP addresses of a host and port; raises OSError.
        tls: whom to believe; None believes the usual authorities.

    Raises:
        NotAllowed: the address, or one it leads to, breaks a rule.
        TooLarge: it is larger than the limit.
        SongError: it is a web page, a picture or a playlist.
        FetchError: it could not be reached, is not there, was too slow, or broke off.
        StoreError: the file cannot be written.
    """
    limits = limits or FetchLimits()
    rules = Rules(Trusted.of(trusted_hosts), allow_http, resolve, tls)
    arrival = _Arrival(limits, progress)
    watch = Watch(limits, arrival.look_up)
    at = Address.read(address)
    for _ in range(limits.max_redirects + 1):
        # No compression is asked for and none is taken: a small answer cannot grow here.
        with answer(at, rules, watch, "GET", {**HEADERS, "Accept-Encoding": "identity"}) as response:
            headers = _headers_of(response)
            if response.status in _REDIRECTS and "location" in headers:
                at = at.joined(headers["location"])
                continue
            _check_answer(response.status, headers)
            arrival.begin(headers.get("content-length"))
            _write(response, into, arrival)
            return Fetched(arrival.bytes, _media_type(headers), _filename(headers, at))
    raise FetchError(f"the address leads on to others more than {limits.max_redirects} times")


class _Arrival:
    """Counts what comes, reports it, and gives up what is too much or too slow."""

    def __init__(self, limits: FetchLimits, progress: Progress | None) -> None:
        self.bytes = 0
        self._limits = limits
        self._progress = progress
        self._total: int | None = None
        self._began_s: float | None = None
        self._reported_s = -1.0

    def begin(self, content_length: str | None) -> None:
        """The body begins."""
        if content_length is not None and re.fullmatch(r"\d{1,18}", content_length, re.ASCII):
            self._total = int(content_length)
            self._check_size(self._total)
        self._began_s = time.monotonic()

    def take(self, block: bytes) -> None:
        """Some of it is here."""
        self.bytes += len(block)
        self._check_size(self.bytes)
        self.look_up()

    def look_up(self) -> None:
        """Report, and see whether it comes fast enough."""
        now_s = time.monotonic()
        if self._progress and now_s - self._reported_s >= _REPORT_EVERY_S:
            self._reported_s = now_s
            self._progress(self.bytes, self._total)
        if self._began_s is not None:
            since_s = now_s - self._began_s
            if since_s >= self._limits.slow_after_s and self.bytes < since_s * self._limits.slow_bytes_per_s:
                raise FetchError("the host of the address sends too slowly; put the song at a faster place")

    def end(self) -> None:
        """All is here."""
        if self.bytes == 0:
            raise FetchError("the address gave an empty file")
        if self._progress:
            self._progress(self.bytes, self.bytes)

    def _check_size(self, count: int) -> None:
        if count > self._limits.max_bytes:
            raise TooLarge(
                f"the song has more than {size(self._limits.max_bytes)}, the most this server takes"
            )


def _write(response: httpcore.Response, into: Path, arrival: _Arrival) -> None:
    part = into.with_name(f"{into.name}.part")
    try:
        with part.open("wb") as file:
            for block in response.iter_stream():
                if arrival.bytes == 0 and _PAGE.match(block[:1024]):
                    raise SongError(
                        "the address gives a web page, not a song; use the address of the file itself"
                    )
                arrival.take(block)
                file.write(block)
        arrival.end()
        part.replace(into)
    except OSError as error:
        raise StoreError(f"the song cannot be written to disk: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)


def _check_answer(status: int, headers: dict[str, str]) -> None:
    if status in {404, 410}:
        raise FetchError(f"there is nothing at the address (its server answered {status})")
    if status in {401, 403}:
        raise FetchError(f"the server of the address does not give it to us (it answered {status})")
    if status == 429:
        raise FetchError("the server of the address has too many requests at the moment")
    if status not in {200, 203}:
        raise FetchError(f"the server of the address answered {status} instead of giving the song")
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise FetchError("the server of the address sends the song compressed, which was not asked for")
    kind = _media_type(headers)
    if _NO_SONG.match(kind):
        raise SongError(
            f"the address gives {'a web page' if 'html' in kind else 'something'} ({kind[:60]}), not a song; "
            "use the address of the file itself"
        )


def _headers_of(response: httpcore.Response) -> dict[str, str]:
    """The headers by lower-case name; of one that comes twice the last."""
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}


def _media_type(headers: dict[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _filename(headers: dict[str, str], at: Address) -> str:
    """From Content-Disposition (RFC 6266), else the last part of the path; without what no name has."""
    disposition = Message()
    disposition["Content-Disposition"] = re.sub(r"[^\x20-\x7e]", "", headers.get("content-disposition", ""))
    name = disposition.get_filename("") or unquote(at.url.path.rpartition("/")[2])
    name = re.split(r"[/\\]", name)[-1]
    return "".join(letter for letter in name if letter.isprintable()).strip(". ")[-150:]

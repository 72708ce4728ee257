"""How httpcore reaches the network: only checked addresses, and looking at the watch during every wait."""

from __future__ import annotations

import ssl
import time
from functools import partial
from typing import TYPE_CHECKING, Any

import httpcore

from punchin.errors import FetchError
from punchin.fetching.watch import TICK_S, Watch
from punchin.fetching.wording import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.fetching.addresses import Address


class CheckedBackend(httpcore.NetworkBackend):
    """Connects to the checked IP addresses of one host, whatever it is asked for."""

    def __init__(self, address: Address, ips: Sequence[str], watch: Watch) -> None:
        self._address = address
        self._ips = ips
        self._watch = watch
        self._system = httpcore.SyncBackend()

    def connect_tcp(self, host: str, port: int, *_: Any, **__: Any) -> httpcore.NetworkStream:
        """Connect to the first of them that answers; the time is what the watch has left."""
        if (host, port) != (self._address.host, self._address.port):
            raise RuntimeError("only the host that was checked is connected to")
        failure: Exception = httpcore.ConnectError()
        for ip in self._ips:
            limit_s = min(self._watch.limits.connect_s, self._watch.left_s())
            try:
                stream = self._watch.run(
                    partial(self._system.connect_tcp, ip, port, limit_s), limit_s + 1, _close
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
            else:
                return _WatchedStream(stream, self._watch)
        raise failure


class _WatchedStream(httpcore.NetworkStream):
    """A stream that looks at the watch while it waits."""

    def __init__(self, stream: httpcore.NetworkStream, watch: Watch) -> None:
        self._stream = stream
        self._watch = watch

    def read(self, max_bytes: int, *_: Any, **__: Any) -> bytes:
        silent_s = self._watch.limits.silence_s
        end_s = time.monotonic() + silent_s
        while True:
            try:
                return self._stream.read(max_bytes, min(TICK_S, self._watch.left_s()))
            except httpcore.ReadTimeout:
                if time.monotonic() >= end_s:
                    raise FetchError(f"the host of the address sent nothing for {silent_s:g} s") from None
                self._watch.tick()

    def write(self, buffer: bytes, *_: Any, **__: Any) -> None:
        self._stream.write(buffer, min(self._watch.limits.silence_s, self._watch.left_s()))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, *_: Any, **__: Any
    ) -> httpcore.NetworkStream:
        limit_s = min(self._watch.limits.connect_s, self._watch.left_s())
        work = partial(self._stream.start_tls, ssl_context, server_hostname, limit_s)
        try:
            return _WatchedStream(self._watch.run(work, limit_s, _close), self._watch)
        except httpcore.ConnectError as error:
            host = shown(server_hostname or "")
            if isinstance(error.__cause__, ssl.SSLCertVerificationError):
                raise FetchError(f"the host {host} has no certificate that proves its name") from error
            raise FetchError(f"the host {host} does not answer in TLS as it should") from error

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _close(stream: httpcore.NetworkStream) -> None:
    stream.close()

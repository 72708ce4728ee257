"""From an address to an answer: look up, check, connect to what was checked, within the time.

The weak place of such guards is time: a name is looked up for the check, and again for the connection, and
the second answer is another one (DNS rebinding). Here it is looked up once. The connection goes to the IP
address that was checked, while TLS and the Host header keep the name.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING

import httpcore

from punchin.errors import FetchError
from punchin.fetching import networks
from punchin.fetching.addresses import Address, Trusted, check_open_rules, check_rules, not_public
from punchin.fetching.streams import CheckedBackend
from punchin.fetching.wording import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from punchin.fetching.watch import Watch

    Resolve = Callable[[str, int], Sequence[str]]
    """Gives the IP addresses of a host and port; raises OSError."""


def system_resolve(host: str, port: int) -> list[str]:
    """All IP addresses of a host, as the system knows them; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Rules:
    """What is allowed, and how names are looked up.

    Attributes:
        trusted: hosts with more rights.
        allow_http: whether public hosts may be asked without encryption.
        resolve: gives the IP addresses of a host and port.
        tls: whom to believe; None believes the system's authorities and those of certifi.
    """

    trusted: Trusted = field(default_factory=Trusted)
    allow_http: bool = False
    resolve: Resolve = system_resolve
    tls: ssl.SSLContext | None = None


@contextmanager
def answer(
    address: Address,
    rules: Rules,
    watch: Watch,
    method: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> Generator[httpcore.Response]:
    """Send one request and give the answer, its body not read yet. Redirects are not followed.

    Args:
        address: where to.
        rules: what is allowed.
        watch: the time there is, also for reading the body inside the `with`.
        method, headers, body: the request; Host is added.

    Raises:
        NotAllowed: the rules do not allow the address or what its name resolves to.
        FetchError: no answer came, or it broke off; also raised for reading the body inside the `with`.
    """
    with _translated(address):
        ips = checked_ips(address, rules, watch)
        tls = (rules.tls or default_tls()) if address.scheme == "https" else None
        with (
            httpcore.ConnectionPool(tls, network_backend=CheckedBackend(address, ips, watch)) as pool,
            pool.stream(
                method,
                httpcore.URL(
                    scheme=address.scheme, host=address.host, port=address.port, target=address.target
                ),
                headers={"Host": address.host_header, **headers},
                content=body,
            ) as response,
        ):
            yield response


def checked_ips(address: Address, rules: Rules, watch: Watch) -> list[str]:
    """All IP addresses of the host, each one checked.

    Raises:
        NotAllowed: one of them is not allowed: a name that is public only at times is not public.
        FetchError: there are none.
    """
    check_rules(address, rules.trusted, rules.allow_http)
    if address.ip is not None:
        found = [address.host]
    else:
        try:
            found = watch.run(lambda: rules.resolve(address.host, address.port), watch.limits.connect_s)
        except OSError as error:
            raise FetchError(f"the host {shown(address.host)} is not known") from error
    ips = [networks.plain(ip_address(text.partition("%")[0])) for text in found]
    if not ips:
        raise FetchError(f"the host {shown(address.host)} has no address")
    by_name = rules.trusted.has_name(address)
    for ip in ips:
        if rules.trusted.has_ip(ip, address.port) or (by_name and networks.is_reachable(ip)):
            continue
        check_open_rules(address, rules.allow_http)
        if not networks.is_public(ip):
            raise not_public(address)
    return [str(ip) for ip in ips]


@cache
def default_tls() -> ssl.SSLContext:
    """Believe the system's authorities and those of certifi: small containers have none of their own.

    Read once (0.1 s); new authorities are believed after a new start.
    """
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _translated(address: Address) -> Generator[None]:
    """Errors of the network as sentences about the host."""
    host = shown(address.host)
    try:
        yield
    except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
        raise FetchError(f"the host {host} could not be reached") from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise FetchError(f"the host {host} broke off, or its answer is not HTTP") from error

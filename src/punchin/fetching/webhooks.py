"""A message goes out to an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.fetching.addresses import Address, Trusted
from punchin.fetching.connecting import Rules, answer, system_resolve
from punchin.fetching.limits import FetchLimits
from punchin.fetching.watch import Watch

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping, Sequence

    from punchin.fetching.connecting import Resolve

LIMITS = FetchLimits(limit_s=30)


def post(
    address: str,
    body: bytes,
    headers: Mapping[str, str],
    limits: FetchLimits = LIMITS,
    trusted_hosts: Sequence[str] = (),
    *,
    allow_http: bool = False,
    resolve: Resolve = system_resolve,
    tls: ssl.SSLContext | None = None,
) -> int:
    """Send a message and give the HTTP status of the answer, whose body is not read.

    Redirects are not followed: their status is given back, and a receiver that moves must say so itself.

    Args:
        address: http or https.
        body: what is sent.
        headers: sent with it, Content-Type among them.
        limits: 30 seconds for everything, unless told otherwise.
        trusted_hosts, allow_http, resolve, tls: as in `fetch`.

    Raises:
        NotAllowed: the address breaks a rule.
        FetchError: nobody took it; the same message may be sent again.
    """
    rules = Rules(Trusted.of(trusted_hosts), allow_http, resolve, tls)
    watch = Watch(limits, lambda: None)
    sent = {"User-Agent": "punchin", **headers}
    with answer(Address.read(address), rules, watch, "POST", sent, body) as response:
        return response.status

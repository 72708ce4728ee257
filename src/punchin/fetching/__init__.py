"""The one guarded door to the network: songs come in, webhooks go out.

fetch(address, into, limits, trusted_hosts)    → Fetched(bytes, media_type, filename)
post(address, body, headers)                   → HTTP status
check_address(address)                         what can be refused before anything is looked up

Every address that a name resolves to is checked, and the checked one is connected to; redirects are followed
here, each checked like the first; nothing is taken from proxies of the environment.
"""

from punchin.fetching.addresses import Trusted, check_address
from punchin.fetching.limits import Fetched, FetchLimits
from punchin.fetching.songs import fetch
from punchin.fetching.webhooks import post

__all__ = ["FetchLimits", "Fetched", "Trusted", "check_address", "fetch", "post"]

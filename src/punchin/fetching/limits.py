"""How much and how long, and what a fetch gives."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What ends a fetch.

    Attributes:
        max_bytes: the most that is taken.
        limit_s: for everything together: looking up, connecting, redirects, the whole body.
        connect_s: for reaching one address of the host.
        silence_s: for the host to send nothing at all.
        slow_after_s, slow_bytes_per_s: a body that is on its way for so long and came slower than this on
            average is given up, since it would hold a worker for nothing.
        max_redirects: how many are followed.
    """

    max_bytes: int = 1_100_000_000
    limit_s: float = 600
    connect_s: float = 10
    silence_s: float = 20
    slow_after_s: float = 20
    slow_bytes_per_s: float = 4000
    max_redirects: int = 5


@dataclass(frozen=True, slots=True)
class Fetched:
    """What was fetched.

    Attributes:
        bytes: its length.
        media_type: as its server says, lower case, without parameters; or "".
        filename: as its server or its address calls it, without folders; or "".
    """

    bytes: int
    media_type: str
    filename: str

"""What this process may have at most, set by itself before it reads anything."""

from __future__ import annotations

import resource

MEMORY_BYTES = 6 << 30
"""Of addresses, not of memory: numpy's and the decoders' libraries alone map about one gigabyte."""
FILE_BYTES = 8 << 30
"""The longest file that is made: eight hours of eight channels at 48 kHz."""
FILES = 64


def keep_within() -> None:
    """Lower the limits of this process, for good."""
    for what, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (lower, lower))

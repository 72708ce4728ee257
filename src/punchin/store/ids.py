"""Names for things: random, unguessable, harmless in every client."""

from __future__ import annotations

import secrets


def new_id() -> str:
    """32 random lower-case hexadecimal digits (128 bits) without the digits 429 in a row.

    Clients of the hosted API look for "429" in messages that hold the id, and take it for a limit that
    passes: they would send a job that failed for good once more.
    """
    while "429" in (drawn := secrets.token_hex(16)):
        pass
    return drawn

"""Words of errors about the network.

Clients of the hosted API submit a failed job again, and pay again, when its text has "timeout", "connection",
"HTTP 5" or "429" in it (their own source), so that none of these may come from a host's name or a number.
"""

from __future__ import annotations

import re

_TRIGGER = re.compile(r"time-?out|connection|http\s*5|429", re.IGNORECASE)


def shown(text: str) -> str:
    """A host or a number for a message: itself, or three dots where it would be misread."""
    text = text if len(text) <= 80 else f"{text[:77]}..."
    return "..." if _TRIGGER.search(text) else text


def size(count: int) -> str:
    """A number of bytes for people."""
    return shown(f"{count / 1e6:.6g}") + " MB" if count >= 1_000_000 else shown(f"{count}") + " bytes"

"""Names of stored files: the same text works in a folder, in an object store and in an address."""

from __future__ import annotations

import re
import unicodedata

from punchin.errors import NotAllowed

_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,199}")
MAX_KEY = 900
"""Object stores take 1024 bytes; the rest is left for the prefix of the store."""


def check_key(key: str) -> str:
    """Give the key back if it is one.

    A key is one or more names with `/` between them; a name has 1 to 200 of `A-Z a-z 0-9 . _ -` and starts
    with a letter, a digit or `_`. So it can be neither absolute nor `..`, and needs no escaping anywhere.

    Raises:
        NotAllowed: it is none.
    """
    if len(key) > MAX_KEY or not all(_SEGMENT.fullmatch(name) for name in key.split("/")):
        raise NotAllowed(
            f"{key[:80]!r} is no key of a stored file; a key has names of letters, digits, '.', '_' and '-' "
            "with '/' between them"
        )
    return key


def key_name(filename: str, otherwise: str = "file") -> str:
    """Make one name of a key from any file name.

    >>> key_name("Ça va? (live).wav")
    'Ca-va-live.wav'

    Args:
        filename: what a person or a client calls the file; folders in it are dropped.
        otherwise: used where nothing is left.
    """
    last = re.split(r"[/\\]", filename)[-1]
    plain = unicodedata.normalize("NFKD", last).encode("ascii", "ignore").decode()
    stem, dot, ending = plain.rpartition(".")
    if not dot:
        stem, ending = plain, ""
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", stem).strip("-")[:100].strip("-") or otherwise
    ending = re.sub(r"[^A-Za-z0-9]+", "", ending)[:16]
    return f"{stem}.{ending}" if ending else stem

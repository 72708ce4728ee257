"""Which bytes of a file a request asks for (RFC 9110, section 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Slice:
    """Bytes `[start, end)` of a file of `size` bytes."""

    start: int
    end: int
    size: int

    def __len__(self) -> int:
        return self.end - self.start

    @property
    def content_range(self) -> str:
        """The header; the last byte is named, not the one after it."""
        return f"bytes {self.start}-{self.end - 1}/{self.size}"


class NotSatisfiable(Exception):
    """No byte of the file is in the range."""


def slice_of(header: str | None, size: int) -> Slice | None:
    """The slice that a Range header asks for.

    Args:
        header: its value, or None.
        size: of the file, in bytes.

    Returns:
        None for the whole file: no header, or one that may be ignored, as several ranges are here.

    Raises:
        NotSatisfiable: it is right in form and asks for nothing that is there.
    """
    one = _ONE.fullmatch((header or "").replace(" ", ""))
    if one is None or one.groups() == ("", ""):
        return None
    first, last = one.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise NotSatisfiable
        return Slice(size - length, size, size)
    start = int(first)
    end = min(int(last) + 1, size) if last else size
    if last and int(last) < start:
        return None
    if start >= size:
        raise NotSatisfiable
    return Slice(start, end, size)

"""What was put: counted and hashed while it passes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.errors import TooLarge

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator


@dataclass(frozen=True, slots=True)
class Stored:
    """What was put: its length, and its SHA-256 in hex."""

    bytes: int
    sha256: str


class Tally:
    """Counts and hashes pieces as they pass."""

    def __init__(self, key: str, max_bytes: int | None) -> None:
        self._key = key
        self._max_bytes = max_bytes
        self._bytes = 0
        self._hash = hashlib.sha256()

    @property
    def stored(self) -> Stored:
        """What has passed so far."""
        return Stored(self._bytes, self._hash.hexdigest())

    def over(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The pieces; raises TooLarge at the one that is too much."""
        for piece in pieces:
            self._count(piece)
            yield piece

    async def over_async(self, pieces: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
        """Like `over`, of pieces that come from an event loop."""
        async for piece in pieces:
            self._count(piece)
            yield piece

    def _count(self, piece: bytes) -> None:
        self._bytes += len(piece)
        if self._max_bytes is not None and self._bytes > self._max_bytes:
            raise TooLarge(
                f"the file has more than {self._max_bytes} bytes, which is the most this server takes"
            )
        self._hash.update(piece)

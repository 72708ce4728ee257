"""Keeps what was computed, up to a number of bytes; what was not used for longest goes first."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

Value = TypeVar("Value")


class BoundedCache(Generic[Value]):
    """Values by key. Not safe to share between threads; the engine that owns it takes turns.

    Args:
        most_bytes: limit of all values together; 0 keeps nothing.
        size: how many bytes a value takes.
    """

    def __init__(self, most_bytes: int, size: Callable[[Value], int]) -> None:
        self.hits = 0
        self.misses = 0
        self._most_bytes = most_bytes
        self._size = size
        self._bytes = 0
        self._values: OrderedDict[Hashable, Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    @property
    def bytes(self) -> int:
        """What is kept takes this much."""
        return self._bytes

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The value of `key`, made now if it is not kept."""
        if key in self._values:
            self.hits += 1
            self._values.move_to_end(key)
            return self._values[key]
        self.misses += 1
        value = make()
        self._values[key] = value
        self._bytes += self._size(value)
        while self._bytes > self._most_bytes:
            _, oldest = self._values.popitem(last=False)
            self._bytes -= self._size(oldest)
        return value

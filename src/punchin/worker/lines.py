"""Messages and sound between a worker and the process that reads its song.

A message is a struct of `messages` in MessagePack, with its kind; sound goes behind it as plain bytes.
Neither side believes the other more than the types say, and the worker nothing that is larger than it
allowed: no pickling, no shared memory that could change while it is looked at.
"""

from __future__ import annotations

import struct
import time
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from punchin.errors import Cancelled
from punchin.worker.messages import Garbled, Message

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

    from punchin.song import Samples

Bytes = NDArray[np.uint8]
"""Bytes of sound, `[N]`."""
TICK_S = 0.3
"""How long either side is silent before the worker looks whether the job is still wanted."""
MOST_WORDS_BYTES = 64 << 20
"""A message without its sound: eight receipts are less than a thousandth of that."""
FLOATS = ("<f2", "<f4", "<f8")
"""Types of samples that are sent."""
_LENGTHS = struct.Struct("!QQ")


class LineEnded(Cancelled):
    """The other process is gone.

    A kind of `Cancelled`, since it is raised inside engines, which let that one through.
    """


def nothing() -> None:
    """Do nothing while waiting."""


class Line:
    """One end.

    Args:
        ours: a connected socket.
        most_sound_bytes: the most sound that one message may bring.
        tick: called every third of a second of waiting; what it raises ends the waiting.
    """

    def __init__(
        self, ours: socket.socket, most_sound_bytes: int, tick: Callable[[], None] = nothing
    ) -> None:
        self._socket, self._most, self._tick = ours, most_sound_bytes, tick
        self._ticked = time.monotonic()
        ours.settimeout(TICK_S)

    def send(self, message: Message, sounds: Sequence[Samples] = ()) -> None:
        """Say something.

        Raises:
            LineEnded: nobody hears it.
        """
        words = msgspec.msgpack.encode(message)
        bodies = [_plain(sound) for sound in sounds]
        self._write(memoryview(_LENGTHS.pack(len(words), sum(map(len, bodies))) + words))
        for body in bodies:
            self._write(body)

    def receive(self) -> tuple[Message, Bytes]:
        """The next message, and its sound as bytes: an array, since logs print those in short.

        Raises:
            LineEnded: there is none, and will be none.
            Garbled: it is none of those that there are.
        """
        words, sound = _LENGTHS.unpack(self._read(_LENGTHS.size))
        if words > MOST_WORDS_BYTES or sound > self._most:
            raise Garbled(f"a message of {words} bytes with {sound} bytes of sound is too large")
        try:
            message: Message = msgspec.msgpack.decode(self._read(words), type=Message)
        except msgspec.DecodeError as error:
            raise Garbled(f"what came is no message: {error}") from error
        return message, np.frombuffer(self._read(sound), np.uint8)

    def _write(self, content: memoryview) -> None:
        at = 0
        while at < len(content):
            self._look_up()
            try:
                at += self._socket.send(content[at:])
            except TimeoutError:
                continue
            except OSError as error:
                raise LineEnded("nobody listens any more") from error

    def _read(self, count: int) -> bytearray:
        content = bytearray(count)
        view, at = memoryview(content), 0
        while at < count:
            self._look_up()
            try:
                read = self._socket.recv_into(view[at:])
            except TimeoutError:
                continue
            except OSError as error:
                raise LineEnded("nobody speaks any more") from error
            if read == 0:
                raise LineEnded("nobody speaks any more")
            at += read
        return content

    def _look_up(self) -> None:
        if time.monotonic() - self._ticked >= TICK_S:
            self._ticked = time.monotonic()
            self._tick()


def _plain(sound: Samples) -> memoryview:
    """Bytes of sound, channel after channel, the lowest byte of each sample first; see `form_of`."""
    little = np.ascontiguousarray(sound, sound.dtype.newbyteorder("<"))
    return little.reshape(-1).view(np.uint8).data


def sounds_in(body: Bytes, forms: Sequence[tuple[str, int, int]]) -> list[Samples]:
    """The sound of a message as arrays `[C, N]`.

    Args:
        body: the bytes.
        forms: for each array its type ("f4", "f8" ...), channels and frames.

    Raises:
        Garbled: the bytes are not exactly these arrays.
    """
    arrays: list[Samples] = []
    at = 0
    for name, channels, frames in forms:
        if name not in FLOATS or channels < 0 or frames < 0:
            raise Garbled(f"{channels} x {frames} samples of type {name!r} are no sound")
        kind: np.dtype[Any] = np.dtype(name)
        end = at + kind.itemsize * channels * frames
        if end > len(body):
            raise Garbled("there is less sound than was said")
        arrays.append(body[at:end].view(kind).reshape(channels, frames))
        at = end
    if at != len(body):
        raise Garbled("there is more sound than was said")
    return arrays

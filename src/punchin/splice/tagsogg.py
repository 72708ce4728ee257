"""Tags of Ogg Vorbis, Opus and FLAC in Ogg: the second packet of the stream.

Sources: RFC 3533 (pages), Vorbis I specification section 5, RFC 7845 section 5.2 (OpusTags).
"""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from punchin.splice.tags import MOST_BYTES, Tags, parse_comments

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = (b"\x03vorbis", b"OpusTags")


def ogg_tags(path: Path) -> Tags:
    """The comments of an Ogg file, its pictures among them."""
    packet = _second_packet(path)
    magic = next((magic for magic in _MAGIC if packet.startswith(magic)), None)
    if magic is None:
        return Tags()
    comments: list[tuple[str, str]] = []
    pictures: list[bytes] = []
    for name, value in parse_comments(packet[len(magic) :]):
        if name != "METADATA_BLOCK_PICTURE":
            comments.append((name, value))
            continue
        try:
            pictures.append(base64.b64decode(value, validate=True))
        except binascii.Error:
            continue
    return Tags(tuple(comments), tuple(pictures))


def _second_packet(path: Path) -> bytes:
    """The second packet of the first logical stream, put together from its pages."""
    packets, packet, serial = 0, bytearray(), None
    with path.open("rb") as file:
        while len(packet) <= MOST_BYTES:
            head = file.read(27)
            if head[:4] != b"OggS" or len(head) < 27:
                return b""
            lacing = file.read(head[26])
            body = file.read(sum(lacing))
            serial = serial or head[14:18]
            if head[14:18] != serial:
                continue
            at = 0
            for length in lacing:
                packet += body[at : at + length]
                at += length
                if length < 255:  # a packet ends with the first segment that is not full
                    packets += 1
                    if packets == 2:
                        return bytes(packet)
                    packet.clear()
    return b""

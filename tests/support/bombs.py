"""Small files that are hours of sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastcrc import crc8, crc16

if TYPE_CHECKING:
    from pathlib import Path

_BLOCK = 65_535
"""The longest block of FLAC (RFC 9639, 9.1.1)."""


def flac_of_silence(path: Path, hours: float, channels: int, rate_hz: int = 44_100) -> Path:
    """A FLAC file whose blocks are constants: 24 bytes for a second and a half of eight channels."""
    blocks = round(hours * 3600 * rate_hz / _BLOCK)
    frames = blocks * _BLOCK
    info = _BLOCK.to_bytes(2) * 2 + bytes(6)
    info += (rate_hz << 44 | (channels - 1) << 41 | 15 << 36 | frames).to_bytes(8) + bytes(16)
    with path.open("wb") as file:
        file.write(b"fLaC\x80" + len(info).to_bytes(3) + info)
        for number in range(blocks):
            # RFC 9639, 9.1: fixed block size in 16 bits, rate as in STREAMINFO, channels, 16-bit samples
            head = b"\xff\xf8" + bytes([0x70, (channels - 1) << 4 | 0x08]) + _coded(number)
            head += (_BLOCK - 1).to_bytes(2)
            head += bytes([crc8.smbus(head)])
            frame = head + bytes(3) * channels  # 9.2.3: constant subframes, value 0
            file.write(frame + crc16.umts(frame).to_bytes(2))
    return path


def _coded(number: int) -> bytes:
    """A number as UTF-8 codes it, which FLAC does far beyond what is a letter."""
    if number < 0x80:
        return bytes([number])
    more = 1
    while number >= 1 << (6 - more + 6 * more):
        more += 1
    lead = (0xFF << (7 - more)) & 0xFF | number >> (6 * more)
    return bytes([lead, *(0x80 | (number >> 6 * place) & 0x3F for place in reversed(range(more)))])

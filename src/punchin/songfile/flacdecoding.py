"""Decodes single FLAC frames of any depth from 4 to 32 bits (RFC 9639, sections 9.2 and 9.3).

libsndfile decodes 8, 16 and 24 bits and is far faster; this is for the depths that it refuses, for finding
the end of a frame, and an independent judge of the encoder in tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from operator import mul
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from punchin.songfile.flacblocks import StreamInfo
    from punchin.songfile.flacframes import FrameHeader

LEFT_SIDE, SIDE_RIGHT, MID_SIDE = 8, 9, 10
_FIXED_TYPE, _LPC_TYPE = 8, 32

Wide = NDArray[np.int64]


class DamagedFrame(Exception):
    """The bits of this frame do not make sense."""


@dataclass(frozen=True, slots=True, eq=False)
class DecodedFrame:
    """Samples `[C, block]` (int64) and the frame's length in bytes with its CRC-16."""

    samples: Wide
    length: int


class _Bits:
    """The bits of one frame, read from front to back."""

    def __init__(self, data: bytes, at: int) -> None:
        self.bits = np.unpackbits(np.frombuffer(data, np.uint8))
        self.at = at
        ones = np.where(self.bits, np.arange(self.bits.size, dtype=np.int32), self.bits.size)
        # Where the next set bit is, from every bit: what unary codes need.
        self.next_one = np.minimum.accumulate(ones[::-1])[::-1].tolist()

    def number(self, width: int) -> int:
        """An unsigned number of `width` bits."""
        return int(self.numbers(1, width)[0]) if width else 0

    def signed(self, width: int) -> int:
        """A number of `width` bits in two's complement."""
        return int(self.signed_numbers(1, width)[0])

    def numbers(self, count: int, width: int) -> Wide:
        """`count` unsigned numbers of `width` bits."""
        end = self.at + count * width
        if end > self.bits.size:
            raise DamagedFrame
        taken = self.bits[self.at : end].reshape(count, width).astype(np.int64)
        self.at = end
        return (
            taken @ (1 << np.arange(width - 1, -1, -1, dtype=np.int64))
            if width
            else np.zeros(count, np.int64)
        )

    def signed_numbers(self, count: int, width: int) -> Wide:
        """`count` numbers of `width` bits in two's complement; a width of 0 gives zeros."""
        raw = self.numbers(count, width)
        return raw - ((raw >> (width - 1)) << width) if width else raw

    def unary(self) -> int:
        """How many zeros stand before the next one."""
        if self.at >= self.bits.size or self.next_one[self.at] >= self.bits.size:
            raise DamagedFrame
        zeros = self.next_one[self.at] - self.at
        self.at += zeros + 1
        return zeros

    def rice(self, count: int, parameter: int) -> Wide:
        """`count` Rice codes (9.2.7.2), unfolded to signed."""
        starts: list[int] = []
        at, next_one, step = self.at, self.next_one, 1 + parameter
        try:
            for _ in range(count):
                starts.append(at)
                at = next_one[at] + step
        except IndexError:
            raise DamagedFrame from None
        if at > self.bits.size:
            raise DamagedFrame
        begins = np.array([*starts, at], np.int64)
        ends = begins[1:] - parameter  # behind the one that ends the unary part
        folded = ends - begins[:-1] - 1
        for bit in range(parameter):
            folded = folded << 1 | self.bits[ends + bit]
        self.at = at
        return (folded >> 1) ^ -(folded & 1)


def decode_frame(data: bytes, header: FrameHeader, info: StreamInfo) -> DecodedFrame:
    """Decode the frame that the data begins with.

    Args:
        data: the frame's bytes; more may follow.
        header: as `parse_header` gave it.
        info: of the stream: channels and bits.

    Raises:
        DamagedFrame: if it ends early or holds what no encoder may write.
    """
    bits = _Bits(data, header.length * 8)
    code = header.channels_code
    rows: list[Wide] = []
    for channel in range(info.channels):
        has_side_bit = (code in (LEFT_SIDE, MID_SIDE) and channel == 1) or (
            code == SIDE_RIGHT and channel == 0
        )
        rows.append(_subframe(bits, header.block, info.bits + has_side_bit))
    length = -(-bits.at // 8) + 2
    if length > len(data):
        raise DamagedFrame
    return DecodedFrame(np.stack(_recorrelated(rows, code)), length)


def _recorrelated(rows: list[Wide], code: int) -> list[Wide]:
    """Left and right from what the two channels hold (9.2.3)."""
    if code == LEFT_SIDE:
        return [rows[0], rows[0] - rows[1]]
    if code == SIDE_RIGHT:
        return [rows[0] + rows[1], rows[1]]
    if code == MID_SIDE:
        mid = rows[0] << 1 | rows[1] & 1
        return [(mid + rows[1]) >> 1, (mid - rows[1]) >> 1]
    return rows


def _subframe(bits: _Bits, block: int, width: int) -> Wide:
    if bits.number(1):
        raise DamagedFrame
    kind = bits.number(6)
    wasted = bits.unary() + 1 if bits.number(1) else 0
    width -= wasted
    if width < 1:
        raise DamagedFrame
    if kind == 0:
        samples = np.full(block, bits.signed(width), np.int64)
    elif kind == 1:
        samples = bits.signed_numbers(block, width)
    elif _FIXED_TYPE <= kind <= _FIXED_TYPE + 4:
        samples = _fixed(bits, block, width, kind - _FIXED_TYPE)
    elif kind >= _LPC_TYPE:
        samples = _linear(bits, block, width, kind - _LPC_TYPE + 1)
    else:
        raise DamagedFrame
    return samples << wasted


def _fixed(bits: _Bits, block: int, width: int, order: int) -> Wide:
    if order > block:
        raise DamagedFrame
    warm_up = bits.signed_numbers(order, width)
    samples = _residual(bits, block, order)
    # A fixed predictor of order n leaves the n-th difference; n running sums undo it.
    for depth in range(order - 1, -1, -1):
        samples = np.cumsum(np.concatenate([np.diff(warm_up, depth)[:1], samples]))
    return samples


def _linear(bits: _Bits, block: int, width: int, order: int) -> Wide:
    if order > block:
        raise DamagedFrame
    samples: list[int] = bits.signed_numbers(order, width).tolist()
    precision = bits.number(4) + 1
    shift = bits.signed(5)
    if precision == 16 or shift < 0:
        raise DamagedFrame
    weights: list[int] = bits.signed_numbers(order, precision)[::-1].tolist()
    residual: list[int] = _residual(bits, block, order).tolist()
    for at, left in enumerate(residual):
        samples.append(left + (sum(map(mul, weights, samples[at : at + order])) >> shift))
    try:
        return np.array(samples, np.int64)
    except OverflowError:
        raise DamagedFrame from None


def _residual(bits: _Bits, block: int, order: int) -> Wide:
    method = bits.number(2)
    if method > 1:
        raise DamagedFrame
    parameter_width = 4 + method
    partition_order = bits.number(4)
    in_partition = block >> partition_order
    if in_partition << partition_order != block or in_partition < order:
        raise DamagedFrame
    parts: list[Any] = []
    for part in range(1 << partition_order):
        count = in_partition - (order if part == 0 else 0)
        parameter = bits.number(parameter_width)
        if parameter == (1 << parameter_width) - 1:
            parts.append(bits.signed_numbers(count, bits.number(5)))
        else:
            parts.append(bits.rice(count, parameter))
    return np.concatenate(parts)

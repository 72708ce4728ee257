"""Encodes single FLAC frames of any depth from 4 to 32 bits and any block size (RFC 9639, section 9).

libFLAC can only write whole streams of one block size, and FFmpeg is not part of the plain install. A frame
here uses fixed predictors, optimal Rice partitions, stereo decorrelation and wasted bits: what
libFLAC does at its fast levels. Only the frames of an edit are coded with it, so the last few percent of size
do not matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from fastcrc import crc8, crc16
from numpy.typing import NDArray

from punchin.songfile.flacdecoding import LEFT_SIDE, MID_SIDE, SIDE_RIGHT, Wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.songfile.flacblocks import StreamInfo
    from punchin.songfile.flacframes import FrameHeader

LARGEST_PARTITION_ORDER = 6
"""Finer ones gain little; the streamable subset allows 8 (RFC 9639, section 7)."""
LARGEST_FIXED_ORDER = 4
RESIDUAL_LIMIT = 2**31
"""Residuals must fit in 32 bits (9.2.7.3)."""

Bits = NDArray[np.uint8]
"""One bit in each element."""


@dataclass(frozen=True, slots=True, eq=False)
class _Subframe:
    """One channel's plan: what it costs in bits, and all that is needed to write it."""

    cost: int
    kind: int  # type code of 9.2.1
    width: int  # bits of one sample, wasted ones taken off
    wasted: int
    samples: Wide  # shifted down by the wasted bits
    order: int = 0
    folded: NDArray[np.uint64] | None = None
    parameters: tuple[int, ...] = ()


def encode_frame(samples: NDArray[Any], like: bytes, header: FrameHeader, info: StreamInfo) -> bytes:
    """Code one frame of sound.

    Args:
        samples: integers `[C, block]`, as many as the frame has that is replaced.
        like: the bytes of that frame's header; number, block size, rate and depth are said as it says them.
        header: the same, parsed.
        info: of the stream.
    """
    wide = samples.astype(np.int64)
    code, plans = _planned(wide, info.bits)
    head = bytearray(like[: header.length - 1])
    head[3] = code << 4 | head[3] & 0x0F
    head.append(crc8.smbus(bytes(head)))
    body = np.packbits(np.concatenate([_written(plan) for plan in plans]))
    frame = bytes(head) + body.tobytes()
    return frame + crc16.umts(frame).to_bytes(2, "big")


def _planned(wide: Wide, bits: int) -> tuple[int, list[_Subframe]]:
    """A good channel assignment (9.1.3) and its subframes."""
    # A side channel of 32-bit sound needs 33 bits, which many decoders do not read.
    if len(wide) != 2 or bits == 32:
        return len(wide) - 1, [_plan(row, bits) for row in wide]
    left, right = wide
    mid, side = (left + right) >> 1, left - right
    choices = {1: (left, right), LEFT_SIDE: (left, side), SIDE_RIGHT: (side, right), MID_SIDE: (mid, side)}
    code = min(choices, key=lambda code: sum(map(_roughness, choices[code])))
    return code, [_plan(row, bits + (row is side)) for row in choices[code]]


def _roughness(row: Wide) -> float:
    """About how many bits a sample needs: by the second difference, which is cheap to know."""
    rough = np.abs(np.diff(row, 2)).sum(dtype=np.float64) / row.size
    return float(np.log2(1.0 + rough))


def _plan(row: Wide, bits: int) -> _Subframe:
    """The cheapest way to write one channel."""
    if (row == row[0]).all():
        return _Subframe(8 + bits, 0, bits, 0, row[:1])
    wasted = _wasted_bits(row)
    row, width = row >> wasted, bits - wasted
    best = _Subframe(8 + wasted + row.size * width, 1, width, wasted, row)
    order, residual = _fixed_residual(row)
    if order < 0:
        return best
    folded = (residual << 1 ^ residual >> 63).astype(np.uint64)
    cost, parameters = _best_partitions(folded, row.size, order)
    cost += 8 + wasted + order * width + 6
    if cost >= best.cost:
        return best
    return _Subframe(cost, 8 + order, width, wasted, row, order, folded, parameters)


def _wasted_bits(row: Wide) -> int:
    """How many lowest bits are 0 in every sample (9.2.2)."""
    together = int(np.bitwise_or.reduce(row))
    return (together & -together).bit_length() - 1


def _fixed_residual(row: Wide) -> tuple[int, Wide]:
    """The fixed predictor (9.2.5) whose residual is smallest, and that residual; -1 if none fits in 32 bits.

    A fixed predictor of order n leaves the n-th difference.
    """
    best, best_sum, best_residual = -1, np.inf, row
    residual = row
    for order in range(min(LARGEST_FIXED_ORDER, row.size - 1) + 1):
        residual = residual if order == 0 else np.diff(residual)
        size = np.abs(residual)
        # The first samples are left out so that all orders are judged by the same ones.
        total = float(size[max(0, LARGEST_FIXED_ORDER - order) :].sum(dtype=np.float64))
        if total < best_sum and int(size.max()) < RESIDUAL_LIMIT:
            best, best_sum, best_residual = order, total, residual
    return best, best_residual


def _best_partitions(folded: NDArray[np.uint64], block: int, order: int) -> tuple[int, tuple[int, ...]]:
    """The partition order and Rice parameters that need the fewest bits: all of them are tried, by sums.

    Returns:
        Bits of all partitions, and the parameter of each of the 2^n partitions.
    """
    finest = 0
    while finest < LARGEST_PARTITION_ORDER and block % (2 << finest) == 0 and block >> (finest + 1) > order:
        finest += 1
    parts = 1 << finest
    edges = np.arange(parts) * (block >> finest)
    edges[1:] -= order
    counts = np.diff([*edges.tolist(), folded.size])
    # The best parameter of a partition is about the logarithm of its mean, and never far from it.
    means = np.add.reduceat(folded, edges) // counts.astype(np.uint64)
    lowest = max(0, min(30, int(means.min()).bit_length()) - 2)
    choices = np.arange(lowest, min(30, int(means.max()).bit_length() + 1) + 1)
    # costs[i, j]: bits of partition j with parameter choices[i]: a unary part, the stop bit, the low bits.
    costs = np.stack(
        [
            np.add.reduceat(folded >> np.uint64(k), edges).astype(np.int64) + (k + 1) * counts
            for k in choices.tolist()
        ]
    )
    best_bits, best = -1, ()
    while True:
        chosen = costs.argmin(0)
        parameters = choices[chosen]
        header_bits = 4 if int(parameters.max()) < 15 else 5
        total = int(costs[chosen, np.arange(parts)].sum()) + header_bits * parts
        if best_bits < 0 or total < best_bits:
            best_bits, best = total, tuple(parameters.tolist())
        if parts == 1:
            return best_bits, best
        costs = costs[:, 0::2] + costs[:, 1::2]
        parts //= 2


def _written(plan: _Subframe) -> Bits:
    """A subframe's bits (9.2)."""
    pieces = [_number_bits([plan.kind << 1 | (plan.wasted > 0)], 8)]
    if plan.wasted:
        pieces.append(_number_bits([1], plan.wasted))
    if plan.folded is None:
        return np.concatenate([*pieces, _number_bits(plan.samples, plan.width)])
    pieces.append(_number_bits(plan.samples[: plan.order], plan.width))
    wide_parameters = max(plan.parameters) >= 15
    partition_order = len(plan.parameters).bit_length() - 1
    pieces.append(_number_bits([int(wide_parameters) << 4 | partition_order], 6))
    pieces.append(_rice_bits(plan.folded, plan, 5 if wide_parameters else 4))
    return np.concatenate(pieces)


def _number_bits(values: Wide | Sequence[int], width: int) -> Bits:
    """Numbers in `width` bits each, two's complement, highest bit first."""
    wide = np.asarray(values, np.int64)
    shifts = np.arange(width - 1, -1, -1, dtype=np.int64)
    return (wide[:, None] >> shifts & 1).astype(np.uint8).ravel()


def _rice_bits(folded: NDArray[np.uint64], plan: _Subframe, parameter_width: int) -> Bits:
    """All partitions: each its parameter, then its codes: zeros, a one, the low bits (9.2.7.2)."""
    parts = len(plan.parameters)
    sizes = np.full(parts, (folded.size + plan.order) // parts)
    sizes[0] -= plan.order
    parameters = np.repeat(np.array(plan.parameters, np.int64), sizes)
    unary = (folded >> parameters.astype(np.uint64)).astype(np.int64)
    # A partition's parameter stands in front of its first code.
    lead = np.zeros(folded.size, np.int64)
    firsts = np.cumsum(sizes) - sizes
    lead[firsts] = parameter_width
    ends = np.cumsum(lead + unary + 1 + parameters)
    codes = (1 << parameters) | (folded.astype(np.int64) & ((1 << parameters) - 1))
    bits = _placed(codes, parameters + 1, ends)
    begins = ends[firsts] - (lead + unary + 1 + parameters)[firsts]
    for bit in range(parameter_width):
        bits[begins + bit] = np.array(plan.parameters) >> (parameter_width - 1 - bit) & 1
    return bits


def _placed(values: Wide, widths: Wide, ends: Wide) -> Bits:
    """Bits that are 0 but for numbers of `widths` bits (at most 32) that end before the bits `ends`.

    Whole bytes are summed, which sets bits because no two numbers overlap.
    """
    starts = ends - widths
    # Each number within the five bytes that begin with the byte it starts in.
    shifted = values << (40 - (starts & 7) - widths)
    packed = np.zeros(int(ends[-1]) // 8 + 6)
    for byte in range((7 + int(widths.max()) + 7) // 8):
        part = shifted >> (32 - 8 * byte) & 0xFF
        packed += np.bincount((starts >> 3) + byte, part, packed.size)
    return np.unpackbits(packed.astype(np.uint8))[: int(ends[-1])]

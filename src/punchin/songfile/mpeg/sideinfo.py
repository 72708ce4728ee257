"""Side information: where a frame's main data begins, its length, its window shapes (11172-3, 2.4.1.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.songfile.mpeg.header import MPEG1

if TYPE_CHECKING:
    from punchin.songfile.mpeg.header import Form

LONG, START, SHORT, STOP = 0, 1, 2, 3
"""Window shapes of a granule (block_type)."""


@dataclass(frozen=True, slots=True)
class SideInfo:
    """What is needed to move a frame's main data elsewhere.

    Attributes:
        main_data_begin: bytes of earlier frames' areas in which its main data begins.
        main_bits: length of the main data of all granules and channels.
        block_types: window shapes, granule by granule, in each the channels.
    """

    main_data_begin: int
    main_bits: int
    block_types: tuple[tuple[int, ...], ...]

    @classmethod
    def parse(cls, side: bytes, form: Form) -> SideInfo:
        """Read the side information of a frame of this form from its `form.side_bytes` bytes."""
        bits, left = int.from_bytes(side, "big"), len(side) * 8
        one = form.version == MPEG1
        begin_bits = 9 if one else 8
        private_bits = (5 if form.channels == 1 else 3) if one else form.channels
        # scfsi, four bits a channel, exists only where a frame has two granules.
        left -= begin_bits + private_bits + (4 * form.channels if one else 0)
        # part2_3_length 12, big_values 9, global_gain 8, scalefac_compress 4 or 9, then the window-switching
        # flag, 22 bits whose first two are the block type if the flag is set, and 2 or 3 flags.
        before_flag = 33 if one else 38
        per_channel = 59 if one else 63
        main_bits = 0
        blocks: list[tuple[int, ...]] = []
        for _ in range(form.granules):
            types: list[int] = []
            for _ in range(form.channels):
                main_bits += (bits >> (left - 12)) & 0xFFF
                switching = (bits >> (left - before_flag - 1)) & 1
                types.append((bits >> (left - before_flag - 3)) & 3 if switching else LONG)
                left -= per_channel
            blocks.append(tuple(types))
        return cls(bits >> (len(side) * 8 - begin_bits), main_bits, tuple(blocks))

    @property
    def main_bytes(self) -> int:
        """Length of the main data; a frame's main data begins on a byte."""
        return (self.main_bits + 7) // 8

    def rises_long(self) -> bool:
        """Whether the frame's first granule fades in with the long window, in all channels."""
        return all(block in (LONG, START) for block in self.block_types[0])

    def falls_long(self) -> bool:
        """Whether the frame's last granule fades out with the long window, in all channels."""
        return all(block in (LONG, STOP) for block in self.block_types[-1])


def with_begin(side: bytes, begin: int, form: Form) -> bytes:
    """The same side information with another main_data_begin."""
    if form.version == MPEG1:
        return bytes((begin >> 1, (side[1] & 0x7F) | (begin & 1) << 7)) + side[2:]
    return bytes((begin,)) + side[1:]

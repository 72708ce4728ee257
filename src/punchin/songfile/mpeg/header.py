"""The four bytes in front of every frame, and what all frames of one stream share (11172-3, 2.4.2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRANULE = 576
"""Frequency lines of one granule, and the samples of one channel that it stands for."""

MPEG1, MPEG2, MPEG25 = 3, 2, 0
"""The two version bits."""

_KBPS_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_KBPS_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_RATES_HZ = {
    MPEG1: (44_100, 48_000, 32_000),
    MPEG2: (22_050, 24_000, 16_000),
    MPEG25: (11_025, 12_000, 8_000),
}
_LAYER_III, _MONO = 1, 3


@dataclass(frozen=True, slots=True)
class Form:
    """What does not change from frame to frame of one stream.

    Attributes:
        version: the two version bits: MPEG1, MPEG2 or MPEG25.
        rate_index: the two bits that choose among the three rates of a version.
        channels: 1 or 2.
    """

    version: int
    rate_index: int
    channels: int

    @property
    def rate_hz(self) -> int:
        """Samples a second."""
        return _RATES_HZ[self.version][self.rate_index]

    @property
    def granules(self) -> int:
        """Granules in one frame: two in MPEG-1, one below."""
        return 2 if self.version == MPEG1 else 1

    @property
    def frame_samples(self) -> int:
        """Samples of one channel in one frame: 1152 or 576."""
        return self.granules * GRANULE

    @property
    def side_bytes(self) -> int:
        """Length of the side information (11172-3, 2.4.1.7; 13818-3, 2.4.1.7)."""
        if self.version == MPEG1:
            return 17 if self.channels == 1 else 32
        return 9 if self.channels == 1 else 17

    @property
    def reservoir_bytes(self) -> int:
        """How far main data may begin before its frame: main_data_begin has nine bits, or eight."""
        return 511 if self.version == MPEG1 else 255

    @property
    def bitrates_kbps(self) -> tuple[int, ...]:
        """The bitrates by their index, 0 at index 0 (free format)."""
        return _KBPS_1 if self.version == MPEG1 else _KBPS_2

    def frame_bytes(self, bitrate_index: int, padding: int) -> int:
        """Length of a whole frame (11172-3, 2.4.3.1)."""
        per_frame = self.frame_samples // 8 * 1000
        return per_frame * self.bitrates_kbps[bitrate_index] // self.rate_hz + padding

    def bitrates_of(self, sizes: NDArray[np.int64]) -> list[int]:
        """The bitrates, rising, that occur among frames of these sizes."""
        by_size = {
            self.frame_bytes(index, padding): self.bitrates_kbps[index]
            for index in range(1, len(self.bitrates_kbps))
            for padding in (0, 1)
        }
        return sorted({by_size[int(size)] for size in np.unique(sizes)})


@dataclass(frozen=True, slots=True)
class Header:
    """One frame's header.

    Attributes:
        form: what it shares with its neighbours.
        protected: two bytes of CRC follow it.
        bitrate_index: into `Form.bitrates_kbps`; never 0 (free format) here.
        padding: one byte more, or none.
    """

    form: Form
    protected: bool
    bitrate_index: int
    padding: int

    @classmethod
    def parse(cls, four: bytes) -> Header | None:
        """Read a Layer III header; None if these bytes are none (or free format, which is not read here)."""
        if len(four) < 4 or four[0] != 0xFF or four[1] & 0xE0 != 0xE0:
            return None
        version, layer = (four[1] >> 3) & 3, (four[1] >> 1) & 3
        bitrate_index, rate_index = four[2] >> 4, (four[2] >> 2) & 3
        if version == 1 or layer != _LAYER_III or bitrate_index in (0, 15) or rate_index == 3:
            return None
        channels = 1 if four[3] >> 6 == _MONO else 2
        form = Form(version, rate_index, channels)
        return cls(form, not four[1] & 1, bitrate_index, (four[2] >> 1) & 1)

    @property
    def kbps(self) -> int:
        """Bitrate in kbit/s."""
        return self.form.bitrates_kbps[self.bitrate_index]

    @property
    def size(self) -> int:
        """Length of the whole frame in bytes."""
        return self.form.frame_bytes(self.bitrate_index, self.padding)

    @property
    def side_offset(self) -> int:
        """Where in the frame the side information begins."""
        return 6 if self.protected else 4

    @property
    def main_offset(self) -> int:
        """Where in the frame its area for main data begins."""
        return self.side_offset + self.form.side_bytes


def stranger(four: bytes) -> str:
    """What an MPEG audio header that is not read here stands for, for an error message; "" if it is none."""
    if len(four) < 4 or four[0] != 0xFF or four[1] & 0xE0 != 0xE0:
        return ""
    layer = {3: "I", 2: "II", 1: "III"}.get((four[1] >> 1) & 3)
    if (four[1] >> 3) & 3 == 1 or layer is None or four[2] >> 4 == 15:
        return ""
    if layer != "III":
        return f"MPEG audio Layer {layer}"
    return "free-format MP3" if four[2] >> 4 == 0 else ""

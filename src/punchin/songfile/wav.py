"""WAV and its relatives: RIFF, RIFX (big-endian), RF64 and BW64 (over 4 GB), plain and extensible.

Sources: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE), EBU Tech
3306 (RF64) and ITU-R BS.2088 (BW64): there the sizes 0xFFFFFFFF point to the 64-bit ones in the `ds64` chunk.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from punchin.errors import SongError
from punchin.songfile.model import Container, SampleFormat, SongFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from punchin.region import Frames
    from punchin.songfile.model import Native

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
UNKNOWN_SIZE = 0xFFFFFFFF
MOST_CHUNKS = 10_000
"""A file with more chunks than this is not a recording; walking on would only waste time."""

_KINDS = {(PCM, 8), (PCM, 16), (PCM, 24), (PCM, 32), (FLOAT, 32), (FLOAT, 64)}


@dataclass(frozen=True, slots=True)
class WavLayout:
    """Where the sound lies in the file, and how.

    Attributes:
        data_offset: of the first sample's first byte.
        data_bytes: length of all samples.
        block_bytes: of one frame.
        sample_bytes: of one sample.
        big_endian: byte order of the samples (RIFX).
        is_float: IEEE floats, else integers.
        channels: C.
        rate_hz: frames a second.
        chunks: the names of all chunks.
    """

    data_offset: int
    data_bytes: int
    block_bytes: int
    sample_bytes: int
    big_endian: bool
    is_float: bool
    channels: int
    rate_hz: int
    chunks: tuple[bytes, ...]
    warnings: tuple[str, ...] = ()


class NotPlainPcm(Exception):
    """A WAV file whose samples are coded (ADPCM, mu-law, MP3 ...); libsndfile may still read it."""


def read_layout(file: BinaryIO, size: int) -> WavLayout:
    """Walk the chunks of a WAV file.

    Args:
        file: the file, anywhere.
        size: its length in bytes.

    Raises:
        NotPlainPcm: if the samples are not plain integers or floats.
        SongError: if there is no format or no data chunk.
    """
    file.seek(0)
    order = ">" if file.read(4) == b"RIFX" else "<"
    names: list[bytes] = []
    fmt, data, long_bytes, open_ended = b"", None, None, False
    for name, body, length in _chunks(file, size, order):
        names.append(name)
        if name == b"ds64":
            long_bytes = _long_data_bytes(file)
        elif name == b"fmt " and not fmt:
            fmt = file.read(min(length, 64))
        elif name == b"data" and data is None:
            said = long_bytes if length == UNKNOWN_SIZE and long_bytes is not None else length
            data = (body, said)
            open_ended = said == UNKNOWN_SIZE or (said == 0 and not _is_chunk(file, body, size, order))
        if data and fmt and (open_ended or data[1] > UNKNOWN_SIZE):
            # What follows is out of reach of 32-bit sizes; nothing in it is needed.
            break
    if len(fmt) < 16 or data is None:
        raise SongError(
            f"{getattr(file, 'name', 'the file')} is a damaged WAV: it has no format or no data chunk"
        )
    return _layout(order, fmt, data, size, tuple(names), open_ended=open_ended)


def _chunks(file: BinaryIO, size: int, order: str) -> Iterator[tuple[bytes, int, int]]:
    """Name, offset of the content and length of each chunk; the file stands at the content."""
    at = 12
    for _ in range(MOST_CHUNKS):
        if at + 8 > size:
            return
        file.seek(at)
        name, length = struct.unpack(order + "4sI", file.read(8))
        yield name, at + 8, length
        at += 8 + length + (length & 1)


def _long_data_bytes(file: BinaryIO) -> int | None:
    """The 64-bit size of the sound, from a `ds64` chunk (EBU Tech 3306, 3.2): the second of its sizes."""
    sizes = file.read(16)
    return int.from_bytes(sizes[8:], "little") if len(sizes) == 16 else None


def _is_chunk(file: BinaryIO, at: int, size: int, order: str) -> bool:
    """Whether a chunk begins at this byte, or the file ends: then a size of 0 is meant as it stands."""
    file.seek(at)
    head = file.read(8)
    if len(head) < 8:
        return True
    name, length = struct.unpack(order + "4sI", head)
    return all(32 <= byte < 127 for byte in name) and length <= size - at - 8


def _layout(
    order: str, fmt: bytes, data: tuple[int, int], size: int, names: tuple[bytes, ...], *, open_ended: bool
) -> WavLayout:
    tag, channels, rate_hz, _, block_bytes, bits = struct.unpack(order + "HHIIHH", fmt[:16])
    if tag == EXTENSIBLE and len(fmt) >= 26:
        # The first two bytes of the sub-format GUID are the old format tag.
        tag = struct.unpack(order + "H", fmt[24:26])[0]
    sample_bytes = (bits + 7) // 8
    if (tag, sample_bytes * 8) not in _KINDS or channels == 0 or block_bytes != channels * sample_bytes:
        raise NotPlainPcm
    offset, length = data
    warnings: tuple[str, ...] = ()
    there = size - offset
    if length > there or open_ended:
        said = "does not tell how much sound there is" if open_ended else f"tells of {length} bytes of sound"
        warnings = (f"the header {said}, the file has {there} bytes of it; all that is there is used",)
        length = there
    return WavLayout(
        data_offset=offset,
        data_bytes=length - length % block_bytes,
        block_bytes=block_bytes,
        sample_bytes=sample_bytes,
        big_endian=order == ">",
        is_float=tag == FLOAT,
        channels=channels,
        rate_hz=rate_hz,
        chunks=names,
        warnings=warnings,
    )


def unpack(raw: bytes, layout: WavLayout) -> Native:
    """Bytes of whole frames as native samples `[C, N]`."""
    order = ">" if layout.big_endian else "<"
    native: Any
    if layout.is_float:
        native = np.frombuffer(raw, f"{order}f{layout.sample_bytes}").astype(
            f"f{layout.sample_bytes}", copy=False
        )
    elif layout.sample_bytes == 1:
        # 8-bit WAV is unsigned with silence at 128; all wider kinds are signed.
        native = np.frombuffer(raw, np.uint8).astype(np.int16) - 128
    elif layout.sample_bytes == 3:
        three = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        four = np.zeros((len(three), 4), np.uint8)
        four[:, 1:] = three[:, ::-1] if layout.big_endian else three
        native = four.view("<i4")[:, 0] >> 8
    else:
        native = np.frombuffer(raw, f"{order}i{layout.sample_bytes}").astype(
            f"i{layout.sample_bytes}", copy=False
        )
    return np.ascontiguousarray(native.reshape(-1, layout.channels).T)


def pack(native: Native, layout: WavLayout) -> bytes:
    """Native samples `[C, N]` as the file's bytes; the inverse of `unpack`."""
    order = ">" if layout.big_endian else "<"
    flat: Any = np.ascontiguousarray(native.T)
    if layout.is_float:
        return flat.astype(f"{order}f{layout.sample_bytes}").tobytes()
    if layout.sample_bytes == 1:
        return (flat + 128).astype(np.uint8).tobytes()
    if layout.sample_bytes == 3:
        three = flat.astype("<i4").reshape(-1, 1).view(np.uint8).reshape(-1, 4)[:, :3]
        return np.ascontiguousarray(three[:, ::-1] if layout.big_endian else three).tobytes()
    return flat.astype(f"{order}i{layout.sample_bytes}").tobytes()


class WavFile(SongFile):
    """A WAV file of plain integer or float samples; a window is one seek and one read."""

    container = Container.WAV
    lossless = True

    def __init__(self, path: Path, layout: WavLayout, file: BinaryIO) -> None:
        self.path = path
        self.layout = layout
        self._file = file
        bits = layout.sample_bytes * 8
        self.sample_format = SampleFormat(bits, layout.is_float)
        self.rate_hz = layout.rate_hz
        self.channels = layout.channels
        self.frames = layout.data_bytes // layout.block_bytes
        self.codec = f"WAV, {bits}-bit {'float' if layout.is_float else 'PCM'}"
        self.warnings = layout.warnings

    def read_native(self, frames: Frames) -> Native:
        """See `SongFile.read_native`."""
        if frames.end > self.frames:
            raise ValueError(f"{frames} lies outside the {self.frames} frames of {self.path}")
        self._file.seek(self.layout.data_offset + frames.start * self.layout.block_bytes)
        wanted = len(frames) * self.layout.block_bytes
        raw = self._file.read(wanted)
        if len(raw) != wanted:
            raise SongError(f"{self.path} got shorter while it was read")
        return unpack(raw, self.layout)

    def close(self) -> None:
        """See `SongFile.close`."""
        self._file.close()


def open_wav(path: Path) -> SongFile:
    """Open a WAV file; coded ones (ADPCM, mu-law ...) through libsndfile.

    Raises:
        SongError: if it is damaged or of a kind that nothing here reads.
    """
    file = path.open("rb")
    try:
        return WavFile(path, read_layout(file, os.fstat(file.fileno()).st_size), file)
    except NotPlainPcm:
        file.close()
        from punchin.songfile.sndfile import SndFile

        return SndFile(path)
    except BaseException:
        file.close()
        raise

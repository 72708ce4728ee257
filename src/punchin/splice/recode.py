"""Any song into any format, coded anew: streamed, so that memory does not grow with the song.

Without loss where the format can hold the decoded samples (WAV, FLAC), with loss where it was asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
import soundfile

from punchin.errors import OutputError
from punchin.region import Frames
from punchin.songfile import Container, SampleFormat
from punchin.splice.model import Method, Splice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punchin.songfile import Native, SongFile
    from punchin.splice.model import Patch

BLOCK_FRAMES = 1 << 16
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
WAV_LIMIT_BYTES = 0xFFFFFFFF - (1 << 20)
"""Plain WAV counts bytes in 32 bits; longer sound goes into RF64."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How libsndfile is to write, and the sample format that a decode of it will have."""

    format: str
    subtype: str
    stored: SampleFormat
    options: tuple[tuple[str, Any], ...] = ()


def as_stored(native: Native, source: SampleFormat, stored: SampleFormat) -> Native:
    """Native samples of one format brought into another, exactly as the output will hold them.

    Integers gain bits by shifting (exact). Floats become integers by rounding to the nearest, clipped at full
    scale; NaN becomes 0.
    """
    if source == stored:
        return native
    if stored.is_float:
        return source.to_float(native, stored.dtype.type)
    if not source.is_float:
        if stored.bits >= source.bits:
            return native.astype(stored.dtype) << (stored.bits - source.bits)
        return (native >> (source.bits - stored.bits)).astype(stored.dtype)
    scaled = np.nan_to_num(native.astype(np.float64), nan=0.0) * stored.full_scale
    return np.clip(np.rint(scaled), -stored.full_scale, stored.full_scale - 1).astype(stored.dtype)


def coding_for(source: SongFile, container: Container) -> Coding:
    """How a song goes into a container without losing more than it must.

    Raises:
        OutputError: if the container cannot hold it; says what it can.
    """
    fmt = source.sample_format
    if container is Container.WAV:
        return _wav_coding(source, fmt)
    if container is Container.FLAC:
        bits = 24 if fmt.is_float or fmt.bits > 16 else 16
        if not fmt.is_float and fmt.bits > 24:
            raise OutputError("32-bit integer samples do not fit into FLAC without loss; use --format wav")
        return Coding("FLAC", f"PCM_{bits}", SampleFormat(bits))
    if container is Container.MP3:
        return _mp3_coding(source)
    if container in (Container.OGG, Container.OPUS):
        if source.channels > 2 and container is Container.OPUS:
            raise OutputError(f"Opus with {source.channels} channels is not written here; use --format flac")
        return Coding("OGG", "VORBIS", SampleFormat(32, True), (("compression_level", 0.2),))
    raise OutputError(f"{container} files are not written; use --format wav, flac, mp3 or ogg")


def _wav_coding(source: SongFile, fmt: SampleFormat) -> Coding:
    subtype = {32: "FLOAT", 64: "DOUBLE"}[fmt.bits] if fmt.is_float else f"PCM_{max(16, fmt.bits)}"
    stored = fmt if fmt.is_float else SampleFormat(max(16, fmt.bits))
    sound_bytes = source.frames * source.channels * stored.bits // 8
    return Coding("RF64" if sound_bytes > WAV_LIMIT_BYTES else "WAV", subtype, stored)


def _mp3_coding(source: SongFile) -> Coding:
    if source.channels > 2:
        raise OutputError(f"MP3 holds 1 or 2 channels, the song has {source.channels}; use --format flac or ogg")
    if source.rate_hz not in MP3_RATES_HZ:
        raise OutputError(f"MP3 cannot hold a rate of {source.rate_hz} Hz; use --format flac or wav")
    options = (("bitrate_mode", "CONSTANT"), ("compression_level", 0.0))
    return Coding("MP3", "MPEG_LAYER_III", SampleFormat(32, True), options)


class RecodeSplicer:
    """Writes the whole song anew, with the patches in it."""

    def __init__(self, source: SongFile, container: Container, why: str = "") -> None:
        self._source = source
        self._coding = coding_for(source, container)
        self._why = why
        self.container = container
        lossless = container in (Container.WAV, Container.FLAC)
        self.method = Method.LOSSLESS if lossless else Method.LOSSY

    def writable(self, region: Frames) -> Frames:
        """All of the region."""
        return region

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """See `Splicer.write`."""
        source, coding = self._source, self._coding
        clipped = 0
        with soundfile.SoundFile(
            output, "w", source.rate_hz, source.channels, coding.subtype, format=coding.format, **dict(coding.options)
        ) as sound:
            for block, native in patched_blocks(source, patches):
                clipped += _clipped(native, source.sample_format, coding.stored)
                _write(sound, as_stored(native, source.sample_format, coding.stored), coding.stored)
                progress(block.end / source.frames)
        return Splice(
            method=self.method,
            container=self.container,
            changed=tuple(patch.frames for patch in patches),
            why=self._why,
            warnings=self._warnings(clipped),
        )

    def _warnings(self, clipped: int) -> tuple[str, ...]:
        warnings: list[str] = ["tags and pictures of the source are not carried over into another format"]
        fmt, stored = self._source.sample_format, self._coding.stored
        if fmt.is_float and not stored.is_float:
            warnings.append(f"decoded {fmt} samples were rounded to {stored} for {self.container.value.upper()}")
        if clipped:
            warnings.append(
                f"{clipped} samples beyond full scale were clipped, as any player does; --format wav keeps them"
            )
        return tuple(warnings)


def patched_blocks(
    source: SongFile, patches: Sequence[Patch], block_frames: int = BLOCK_FRAMES
) -> Iterator[tuple[Frames, Native]]:
    """The whole song block by block, native `[C, n]`, with the patches in it."""
    for start in range(0, source.frames, block_frames):
        block = Frames(start, min(start + block_frames, source.frames))
        native = source.read_native(block)
        for patch in patches:
            if patch.frames.overlaps(block):
                a, b = max(block.start, patch.frames.start), min(block.end, patch.frames.end)
                native = native.copy()
                offset = patch.frames.start
                native[:, a - block.start : b - block.start] = patch.samples[:, a - offset : b - offset]
        yield block, native


def _clipped(native: Native, source: SampleFormat, stored: SampleFormat) -> int:
    if stored.is_float or not source.is_float:
        return 0
    return int(np.count_nonzero(np.abs(native) > 1.0))


def _write(sound: soundfile.SoundFile, stored: Native, fmt: SampleFormat) -> None:
    if fmt.is_float:
        sound.write(np.ascontiguousarray(stored.T))
    elif fmt.bits == 16:
        sound.write(np.ascontiguousarray(stored.T, dtype=np.int16))
    else:
        # libsndfile takes integers left-justified in 32 bits.
        sound.write(np.ascontiguousarray(stored.T.astype(np.int32) << (32 - fmt.bits)))

"""Any song into any format, coded anew: streamed, so that memory does not grow with the song.

Without loss where the format can hold the decoded samples (WAV, FLAC), with loss where it was asked for: Ogg
Vorbis at quality 8 (about 256 kbit/s for stereo), Opus at about 150 kbit/s a channel, MP3 at the highest rate
there is (320 kbit/s; 160 for rates up to 24 kHz). A second generation at these rates is hard to hear, and a
higher one would only be larger.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np
import soundfile

from punchin.errors import OutputError
from punchin.region import Frames
from punchin.songfile import Container, SampleFormat
from punchin.splice.model import Method, Splice
from punchin.splice.sink import Sink
from punchin.splice.tags import Tags, stale_tags, tags_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from punchin.songfile import Native, SongFile
    from punchin.splice.model import Patch

BLOCK_FRAMES = 1 << 16
MP3_RATES_HZ = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
OPUS_RATES_HZ = (8_000, 12_000, 16_000, 24_000, 48_000)
WAV_LIMIT_BYTES = 0xFFFFFFFF - (1 << 20)
"""Plain WAV counts bytes in 32 bits; longer sound goes into RF64."""
LOSSLESS = (Container.WAV, Container.FLAC)
_ALWAYS_LEFT = (b"fmt ", b"data", b"fact", b"ds64", b"JUNK", b"junk", b"PAD ", b"FLLR", b"PEAK", b"LIST")
"""Chunks of a WAV file that need no word when they are not carried over; LIST holds the text tags."""


@dataclass(frozen=True, slots=True)
class Coding:
    """How libsndfile is to write, and the sample format that a decode of it will have."""

    format: str
    subtype: str
    stored: SampleFormat
    options: tuple[tuple[str, Any], ...] = ()

    def open(self, file: Sink, rate_hz: int, channels: int) -> soundfile.SoundFile:
        """A sound that libsndfile writes into `file`."""
        options: dict[str, Any] = dict(self.options)
        return soundfile.SoundFile(
            cast("Any", file), "w", rate_hz, channels, self.subtype, format=self.format, **options
        )


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
    within = np.clip(np.nan_to_num(native.astype(np.float64), nan=0.0), -1.0, 1.0)
    return np.minimum(np.rint(within * stored.full_scale), stored.full_scale - 1).astype(stored.dtype)


def coding_for(source: SongFile, container: Container) -> Coding:
    """How a song goes into a container without losing more than it must.

    Raises:
        OutputError: if the container cannot hold it; says what can.
    """
    fmt = source.sample_format
    if container is Container.WAV:
        return _wav_coding(source, fmt)
    if container is Container.FLAC:
        bits = 24 if fmt.is_float or fmt.bits > 16 else 16
        if not fmt.is_float and fmt.bits > 24:
            raise OutputError(f"{fmt} samples do not fit into FLAC here without loss; use --format wav")
        return Coding("FLAC", f"PCM_{bits}", SampleFormat(bits))
    if container is Container.MP3:
        return _mp3_coding(source)
    if container is Container.OGG:
        return Coding("OGG", "VORBIS", SampleFormat(32, True), (("compression_level", 0.2),))
    if container is Container.OPUS:
        return _opus_coding(source)
    raise OutputError(f"{container.value} files are not written; use --format wav, flac, mp3 or ogg")


def _wav_coding(source: SongFile, fmt: SampleFormat) -> Coding:
    if fmt.is_float:
        subtype, stored = {32: "FLOAT", 64: "DOUBLE"}[fmt.bits], fmt
    else:
        stored = SampleFormat(next(bits for bits in (16, 24, 32) if bits >= fmt.bits))
        subtype = f"PCM_{stored.bits}"
    sound_bytes = source.frames * source.channels * stored.bits // 8
    return Coding("RF64" if sound_bytes > WAV_LIMIT_BYTES else "WAV", subtype, stored)


def _mp3_coding(source: SongFile) -> Coding:
    if source.channels > 2:
        raise OutputError(
            f"MP3 holds 1 or 2 channels, the song has {source.channels}; use --format flac or ogg"
        )
    if source.rate_hz not in MP3_RATES_HZ:
        raise OutputError(f"MP3 cannot hold a rate of {source.rate_hz} Hz; use --format flac or wav")
    options = (("bitrate_mode", "CONSTANT"), ("compression_level", 0.0))
    return Coding("MP3", "MPEG_LAYER_III", SampleFormat(32, True), options)


def _opus_coding(source: SongFile) -> Coding:
    if source.channels > 2:
        raise OutputError(f"Opus with {source.channels} channels is not written here; use --format flac")
    if source.rate_hz not in OPUS_RATES_HZ:
        raise OutputError(f"Opus cannot hold a rate of {source.rate_hz} Hz; use --format ogg or flac")
    return Coding("OGG", "OPUS", SampleFormat(32, True), (("compression_level", 0.4),))


class RecodeSplicer:
    """Writes the whole song anew, with the patches in it."""

    def __init__(self, source: SongFile, container: Container, why: str = "") -> None:
        self._source = source
        self._coding = coding_for(source, container)
        self._why = why
        self.container = container
        self.method = Method.LOSSLESS if container in LOSSLESS else Method.LOSSY

    def writable(self, region: Frames) -> Frames:
        """All of the region."""
        return region

    def write(self, patches: Sequence[Patch], output: BinaryIO, progress: Callable[[float], None]) -> Splice:
        """See `Splicer.write`."""
        tags = tags_of(self._source).without_coder()
        if self.container is Container.FLAC:
            from punchin.splice.tagsflac import FlacHead

            head = FlacHead.of(self._coding, self._source, tags)
            clipped = self._code(patches, Sink(output, head.theirs, head.room), Tags(), progress)
            output.seek(head.offset)
            output.write(head.blocks)
            lost = head.lost
        else:
            clipped = self._code(patches, Sink(output), tags, progress)
            lost = _lost_tags(tags)
        return Splice(
            method=self.method,
            container=self.container,
            changed=tuple(patch.frames for patch in patches),
            why=self._why,
            warnings=self._warnings(clipped, [*lost, *_lost_chunks(self._source)]),
        )

    def _code(
        self, patches: Sequence[Patch], sink: Sink, tags: Tags, progress: Callable[[float], None]
    ) -> int:
        """Write the sound; how many samples were clipped."""
        source, coding = self._source, self._coding
        clipped = 0
        with sink.failing_plainly(), coding.open(sink, source.rate_hz, source.channels) as sound:
            for name, value in tags.for_libsndfile().items():
                setattr(sound, name, value)
            for block, native in patched_blocks(source, patches):
                clipped += _clipped(native, source.sample_format, coding.stored)
                _write(sound, as_stored(native, source.sample_format, coding.stored), coding.stored)
                progress(block.end / source.frames)
        return clipped

    def _warnings(self, clipped: int, lost: list[str]) -> tuple[str, ...]:
        warnings: list[str] = []
        name = self.container.value.upper()
        if lost:
            warnings.append(f"not carried over into {name}: {', '.join(lost)}")
        fmt, stored = self._source.sample_format, self._coding.stored
        if fmt.is_float and not stored.is_float:
            warnings.append(f"decoded {fmt} samples were rounded to {stored} for {name}")
        if clipped:
            warnings.append(
                f"{clipped} samples beyond full scale were clipped, as any player does; "
                "--format wav keeps them"
            )
        return (*warnings, *stale_tags(self._source))


def patched_blocks(
    source: SongFile, patches: Sequence[Patch], block_frames: int = BLOCK_FRAMES
) -> Iterator[tuple[Frames, Native]]:
    """The whole song block by block, native `[C, n]`, with the patches in it."""
    for start in range(0, source.frames, block_frames):
        block = Frames(start, min(start + block_frames, source.frames))
        yield block, patched(source.read_native(block), block, patches)


def patched(native: Native, held: Frames, patches: Sequence[Patch]) -> Native:
    """The samples of `held`, `[C, len(held)]`, with what patches say about them."""
    for patch in patches:
        if patch.frames.overlaps(held):
            native = native.copy()
            a, b = max(held.start, patch.frames.start), min(held.end, patch.frames.end)
            offset = patch.frames.start
            native[:, a - held.start : b - held.start] = patch.samples[:, a - offset : b - offset]
    return native


def _lost_tags(tags: Tags) -> list[str]:
    lost = [f"the tag {name}" for name in tags.beyond_libsndfile()]
    if tags.pictures:
        lost.append(f"{len(tags.pictures)} picture{'s' if len(tags.pictures) > 1 else ''}")
    return lost


def _lost_chunks(source: SongFile) -> list[str]:
    """What a WAV file holds besides sound and text, by the names of its chunks."""
    from punchin.songfile.wav import WavFile

    if not isinstance(source, WavFile):
        return []
    names = dict.fromkeys(name for name in source.layout.chunks if name not in _ALWAYS_LEFT)
    return [f"the chunk {name.decode('latin-1').strip()!r}" for name in names]


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

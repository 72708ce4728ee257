"""Sound files for tests, written byte by byte, and second opinions on them by other decoders."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

import numpy as np
import pytest

from punchin.songfile.flacblocks import StreamInfo
from punchin.songfile.flacframes import FrameHeader
from punchin.splice.flacencoding import encode_frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

needs_flac = pytest.mark.skipif(shutil.which("flac") is None, reason="no `flac` command (Debian: flac)")


def noise(frames: int, channels: int = 2, bits: int = 16, seed: int = 0) -> NDArray[np.int64]:
    """Integers `[C, N]` that a predictor can do something with: a random walk plus a little hiss."""
    rng = np.random.default_rng(seed)
    walk = np.cumsum(rng.standard_normal((channels, frames)), axis=1)
    walk = walk / max(1e-9, np.abs(walk).max(initial=0)) * 0.8 + rng.standard_normal(walk.shape) * 0.01
    top = 2.0 ** (bits - 1)
    return np.clip(np.rint(walk * top), -top, top - 1).astype(np.int64)


def chunk(name: bytes, body: bytes, order: str = "<", length: int | None = None) -> bytes:
    """One RIFF chunk with its pad byte; `length` lies about the size."""
    said = len(body) if length is None else length
    return name + struct.pack(f"{order}I", said) + body + b"\0" * (len(body) & 1)


def wav_format(
    bits: int,
    channels: int,
    rate_hz: int = 44_100,
    *,
    is_float: bool = False,
    extensible: bool = False,
    order: str = "<",
    valid_bits: int | None = None,
) -> bytes:
    """The content of a `fmt ` chunk."""
    tag, block = (3 if is_float else 1), channels * (bits // 8)
    plain = struct.pack(
        f"{order}HHIIHH", 0xFFFE if extensible else tag, channels, rate_hz, rate_hz * block, block, bits
    )
    if not extensible:
        return plain
    guid = struct.pack(f"{order}H", tag) + bytes.fromhex("000000001000800000aa00389b71")
    return plain + struct.pack(f"{order}HHI", 22, valid_bits or bits, 0) + guid


def wav_sound(samples: NDArray[np.generic], bits: int, *, is_float: bool = False, order: str = "<") -> bytes:
    """Samples `[C, N]` as the bytes of a `data` chunk, one by one: the slow obvious twin of `pack`."""
    if is_float:
        return b"".join(
            struct.pack(f"{order}{'f' if bits == 32 else 'd'}", x) for x in samples.T.ravel().tolist()
        )
    if bits == 8:
        return bytes(x + 128 for x in samples.T.ravel().tolist())
    byte_order = "little" if order == "<" else "big"
    return b"".join(x.to_bytes(bits // 8, byte_order, signed=True) for x in samples.T.ravel().tolist())


def wav_file(
    fmt: bytes, sound: bytes, *, magic: bytes = b"RIFF", before: bytes = b"", after: bytes = b""
) -> bytes:
    """A whole WAV file."""
    order = ">" if magic == b"RIFX" else "<"
    body = b"WAVE" + chunk(b"fmt ", fmt, order) + before + chunk(b"data", sound, order) + after
    return magic + struct.pack(f"{order}I", len(body)) + body


def coded_number(number: int) -> bytes:
    """A frame or sample number as FLAC's headers hold it (RFC 9639, 9.1.5)."""
    if number < 0x80:
        return bytes([number])
    follow = next(n for n in range(1, 7) if number < 1 << (6 * n + 6 - n))
    tail = [0x80 | number >> (6 * k) & 0x3F for k in range(follow - 1, -1, -1)]
    return bytes([(0xFF << (7 - follow)) & 0xFF | number >> (6 * follow), *tail])


def flac_file(
    samples: NDArray[np.int64],
    bits: int,
    rate_hz: int = 44_100,
    block: int | Sequence[int] = 4096,
    *,
    total: int | None = None,
    blocks: Sequence[tuple[int, bytes]] = (),
    md5: bytes = bytes(16),
) -> bytes:
    """A FLAC file of any depth and block size; a list of block sizes makes a stream of varying ones.

    Args:
        samples: integers `[C, N]`.
        bits: of one sample, 4 to 32.
        rate_hz: rate.
        block: frames of sound in each coded frame, or of all of them.
        total: what STREAMINFO tells as the length; 0 is unknown.
        blocks: further metadata, kind and content.
        md5: of the decoded sound.
    """
    by_sample = not isinstance(block, int)
    sizes = list(block) if by_sample else [block] * -(-samples.shape[1] // block)
    longest = max(sizes)
    shortest = min(sizes)
    length = samples.shape[1] if total is None else total
    info = StreamInfo(shortest, longest, 0, 0, rate_hz, len(samples), bits, length, md5)
    frames, at = [], 0
    for number, size in enumerate(sizes):
        sound = samples[:, at : at + size]
        frames.append(flac_frame(sound, info, at if by_sample else number, by_sample=by_sample))
        at += size
    heads = [(0, info.to_bytes()), *blocks]
    metadata = b"".join(
        bytes([kind | (0x80 if last else 0)]) + len(body).to_bytes(3, "big") + body
        for (kind, body), last in zip(heads, [False] * (len(heads) - 1) + [True], strict=True)
    )
    return b"fLaC" + metadata + b"".join(frames)


def flac_frame(sound: NDArray[np.int64], info: StreamInfo, number: int, *, by_sample: bool) -> bytes:
    """One coded frame whose block size stands in 16 bits, and rate and depth in STREAMINFO."""
    head = bytes([0xFF, 0xF8 | by_sample, 0x70, 0x00]) + coded_number(number)
    head += (sound.shape[1] - 1).to_bytes(2, "big") + b"?"
    return encode_frame(sound, head, FrameHeader(number, by_sample, sound.shape[1], 0, len(head)), info)


def by_ffmpeg(path: Path) -> NDArray[np.generic]:
    """Everything decoded by FFmpeg, as it gives it: `[C, N]`, integers left-justified in 16 or 32 bits."""
    av = pytest.importorskip("av", reason="no PyAV (pip install 'punchin[m4a]')")
    with path.open("rb") as file, av.open(file) as media:
        parts = []
        for frame in media.decode(media.streams.audio[0]):
            sound = frame.to_ndarray()
            parts.append(sound if frame.format.is_planar else sound.reshape(-1, len(frame.layout.channels)).T)
    return np.concatenate(parts, axis=1)


def flac_test(path: Path) -> None:
    """Let the `flac` command decode and check a file, where it is installed."""
    if shutil.which("flac"):
        done = subprocess.run(["flac", "-t", "-s", str(path)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

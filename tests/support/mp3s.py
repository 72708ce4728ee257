"""MP3 files for tests: every kind that is met, made by two encoders' front ends, with and without headers."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile
from fastcrc import crc16

from support.songs import made_song

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from punchin.songfile import Native


def music(seconds: float = 3.0, rate_hz: int = 44_100, channels: int = 2, seed: int = 0) -> Native:
    """The little groove of `made_song`, `[N, C]`, with some noise so that no frame is empty."""
    song = made_song(seconds, rate_hz, channels, seed)
    noise = np.random.default_rng(seed + 1).standard_normal(song.samples.shape) * 0.01
    return (song.samples + noise).T.astype(np.float32)


def by_soundfile(sound: Native, rate_hz: int, mode: str, level: float) -> bytes:
    """libsndfile's LAME, with an Info or Xing header."""
    out = io.BytesIO()
    with soundfile.SoundFile(
        out,
        "w",
        rate_hz,
        sound.shape[1],
        "MPEG_LAYER_III",
        format="MP3",
        bitrate_mode=mode,
        compression_level=level,
    ) as file:
        file.write(sound)
    return out.getvalue()


def by_pyav(sound: Native, rate_hz: int, kbps: int, *, container: bool = True, **options: str) -> bytes:
    """FFmpeg's LAME; muxed with a Lavf header, or bare frames."""
    import av

    out = io.BytesIO()
    layout = "stereo" if sound.shape[1] == 2 else "mono"
    mux = {} if container else {"write_xing": "0", "id3v2_version": "0"}
    with av.open(out, "w", format="mp3", options=mux) as file:
        stream: Any = file.add_stream("libmp3lame", rate=rate_hz, layout=layout)
        stream.bit_rate = kbps * 1000
        stream.codec_context.options = options
        stream.codec_context.format = "fltp"
        size = 1152 if rate_hz >= 32_000 else 576
        for at in range(0, len(sound), size):
            block = np.ascontiguousarray(sound[at : at + size].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout=layout)
            frame.sample_rate, frame.pts = rate_hz, at
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def split(mp3: bytes) -> list[bytes]:
    """The frames of a clean file, the info frame too, by an own reading of their headers."""
    at = 0
    if mp3[:3] == b"ID3":
        at = 10 + (mp3[6] << 21 | mp3[7] << 14 | mp3[8] << 7 | mp3[9])
    frames: list[bytes] = []
    while at + 4 <= len(mp3) and mp3[at] == 0xFF and mp3[at + 1] >= 0xE0:
        one = (mp3[at + 1] >> 3) & 3 == 3
        kbps = (
            (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
            if one
            else (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
        )[mp3[at + 2] >> 4]
        rate = (44_100, 48_000, 32_000)[(mp3[at + 2] >> 2) & 3] >> {3: 0, 2: 1, 0: 2}[(mp3[at + 1] >> 3) & 3]
        size = (144_000 if one else 72_000) * kbps // rate + ((mp3[at + 2] >> 1) & 1)
        frames.append(mp3[at : at + size])
        at += size
    return frames


def headerless(mp3: bytes) -> bytes:
    """Without tags and info frame."""
    frames = split(mp3)
    first = frames[0]
    has_info = b"Xing" in first[:64] or b"Info" in first[:64]
    return b"".join(frames[1:] if has_info else frames)


def protected(mp3: bytes) -> bytes:
    """Every frame with a CRC, in a container one step larger; needs frames that use no reservoir (11172-3, 2.4.3.1)."""
    out: list[bytes] = []
    for frame in split(mp3):
        side_bytes = 17 if frame[3] >> 6 == 3 else 32
        head = bytes((0xFF, frame[1] & 0xFE, (frame[2] & 0x0D) + ((frame[2] >> 4) + 1 << 4), frame[3]))
        side = frame[4 : 4 + side_bytes]
        kbps = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)[head[2] >> 4]
        size = 144_000 * kbps // (44_100, 48_000, 32_000)[(head[2] >> 2) & 3]
        check = crc16.cms(head[2:] + side)
        out.append((head + check.to_bytes(2, "big") + frame[4:]).ljust(size, b"\0"))
    return b"".join(out)


def id3v2(frames: bytes = b"", padding: int = 100) -> bytes:
    """An ID3v2.3 tag around these frames."""
    size = len(frames) + padding
    return (
        b"ID3\x03\x00\x00"
        + bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
        + frames
        + bytes(padding)
    )


def id3_frame(name: bytes, body: bytes) -> bytes:
    """One frame of an ID3v2.3 tag."""
    return name + len(body).to_bytes(4, "big") + bytes(2) + body


def rich_tags() -> tuple[bytes, bytes]:
    """What stands in front of and behind a well-kept file: picture with sync words in it, chapters, APE, ID3v1."""
    picture = b"\0image/jpeg\0\x03\0" + b"\xff\xd8\xff\xe0" + b"\xff\xfb\x90\x64" * 500
    chapter = b"chp0\0" + bytes(8) + b"\xff" * 8
    front = id3v2(id3_frame(b"TIT2", b"\0A song") + id3_frame(b"APIC", picture) + id3_frame(b"CHAP", chapter))
    item = (5).to_bytes(4, "little") + bytes(4) + b"Mood\0" + b"merry"
    flags = (1 << 31).to_bytes(4, "little"), (1 << 31 | 1 << 29).to_bytes(4, "little")

    def ape(which: bytes) -> bytes:
        counts = (2000, len(item) + 32, 1)
        return b"APETAGEX" + b"".join(n.to_bytes(4, "little") for n in counts) + which + bytes(8)

    lyrics = b"LYRICSBEGIN" + b"IND00002" + b"00" + b"LYR00005la la"[:13] + b"000035" + b"LYRICS200"
    return front, ape(flags[1]) + item + ape(flags[0]) + lyrics + b"TAG" + b"A song".ljust(125, b"\0")


@dataclass(frozen=True)
class Kind:
    """One kind of MP3 and how to make it."""

    name: str
    make: Callable[[], bytes]
    rate_hz: int = 44_100
    channels: int = 2
    marks: tuple[str, ...] = field(default=())

    def write(self, folder: Path) -> Path:
        """Make it in a folder."""
        path = folder / f"{self.name}.mp3"
        if not path.exists():
            path.write_bytes(self.make())
        return path


def _level(kbps: int, top: int = 320, bottom: int = 32) -> float:
    """libsndfile's compression level for a constant bitrate."""
    return (top - kbps) / (top - bottom)


def _tagged() -> bytes:
    front, back = rich_tags()
    return front + by_soundfile(music(), 44_100, "CONSTANT", _level(192)) + back


def kinds() -> list[Kind]:
    """Every kind, two or three seconds each."""

    def sf(mode: str, level: float, rate: int = 44_100, channels: int = 2) -> Callable[[], bytes]:
        return lambda: by_soundfile(music(3.0, rate, channels), rate, mode, level)

    def pyav(
        kbps: int, rate: int = 44_100, channels: int = 2, *, container: bool = True, **options: str
    ) -> Callable[[], bytes]:
        return lambda: by_pyav(music(3.0, rate, channels), rate, kbps, container=container, **options)

    return [
        Kind("cbr128", sf("CONSTANT", _level(128))),
        Kind("cbr192", sf("CONSTANT", _level(192))),
        Kind("cbr320", sf("CONSTANT", 0.0)),
        Kind("cbr64", sf("CONSTANT", _level(64))),
        Kind("v0", sf("VARIABLE", 0.0)),
        Kind("v4", sf("VARIABLE", 0.4)),
        Kind("v9", sf("VARIABLE", 0.9)),
        Kind("abr", sf("AVERAGE", _level(160))),
        Kind("mono", sf("CONSTANT", _level(96), channels=1), channels=1),
        Kind("monov", sf("VARIABLE", 0.3, channels=1), channels=1),
        Kind("r48", sf("VARIABLE", 0.2, 48_000), 48_000),
        Kind("r32", sf("CONSTANT", _level(128), 32_000), 32_000),
        Kind("r22", sf("CONSTANT", _level(64, 160, 8), 22_050), 22_050),
        Kind("r22v", sf("VARIABLE", 0.4, 22_050), 22_050),
        Kind("r24mono", sf("CONSTANT", _level(48, 160, 8), 24_000, 1), 24_000, 1),
        Kind("r11", sf("CONSTANT", _level(32, 64, 8), 11_025), 11_025),
        Kind("r8mono", sf("CONSTANT", _level(16, 64, 8), 8_000, 1), 8_000, 1),
        Kind("lavf", pyav(160)),
        Kind("lavf_bare", pyav(160, container=False)),
        Kind("no_reservoir", pyav(192, reservoir="0")),
        Kind("bare128", lambda: headerless(sf("CONSTANT", _level(128))())),
        Kind("bare320", lambda: headerless(sf("CONSTANT", 0.0)())),
        Kind("bare64", lambda: headerless(sf("CONSTANT", _level(64))())),
        Kind("bare_v2", lambda: headerless(sf("VARIABLE", 0.2)())),
        Kind("crc", lambda: protected(pyav(128, container=False, reservoir="0")())),
        Kind("tagged", _tagged),
        Kind("cut_front", lambda: b"".join(split(sf("CONSTANT", _level(128))())[20:])),
        Kind("twice", lambda: sf("VARIABLE", 0.4)() * 2),
        Kind("twice_bare", lambda: headerless(sf("CONSTANT", _level(160))()) * 2),
        Kind("truncated", lambda: sf("VARIABLE", 0.2)()[:-100]),
        Kind("cut_bare", lambda: headerless(sf("CONSTANT", _level(160))())[:-7]),
    ]

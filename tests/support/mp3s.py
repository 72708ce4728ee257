"""MP3 files for tests: every kind that is met, made by two encoders' front ends, with and without headers."""

from __future__ import annotations

import io
import shutil
import subprocess
from functools import cache
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
    """Every frame with a CRC (11172-3, 2.4.3.1), one bitrate higher; needs frames that use no reservoir."""
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
    """What stands around a well-kept file: a picture with sync words in it, chapters, APE, Lyrics3, ID3v1."""
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


def _level(kbps: int, top: int = 320, bottom: int = 32) -> float:
    """libsndfile's compression level for a constant bitrate."""
    return (top - kbps) / (top - bottom)


def _tagged() -> bytes:
    front, back = rich_tags()
    return front + by_soundfile(music(), 44_100, "CONSTANT", _level(192)) + back


def _sf(mode: str, level: float, rate: int = 44_100, channels: int = 2) -> Callable[[], bytes]:
    return lambda: by_soundfile(music(SECONDS, rate, channels), rate, mode, level)


def _pyav(kbps: int, *, container: bool = True, **options: str) -> Callable[[], bytes]:
    return lambda: by_pyav(music(SECONDS), 44_100, kbps, container=container, **options)


def _layer_2() -> bytes:
    import av

    out = io.BytesIO()
    with av.open(out, "w", format="mp2") as file:
        stream: Any = file.add_stream("mp2", rate=44_100, layout="stereo")
        frame = av.AudioFrame.from_ndarray(
            (music(1.0)[:44_100] * 30_000).astype(np.int16).reshape(1, -1), format="s16", layout="stereo"
        )
        frame.sample_rate = 44_100
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()


def with_vbri(frames: list[bytes]) -> bytes:
    """Bare stereo MPEG-1 frames behind a VBRI header that counts the bytes of every four of them."""
    groups = [sum(map(len, frames[at : at + 4])) for at in range(0, len(frames), 4)]
    total = sum(groups)
    first = bytearray(1044)
    first[:4] = frames[0][:2] + bytes((0xE0,)) + frames[0][3:4]
    table = b"".join(group.to_bytes(2, "big") for group in groups)
    numbers = (1, 2), (0, 2), (75, 2), (total + len(first), 4), (len(frames) + 1, 4)
    numbers += (len(groups), 2), (1, 2), (2, 2), (4, 2)
    body = b"VBRI" + b"".join(number.to_bytes(width, "big") for number, width in numbers) + table
    first[36 : 36 + len(body)] = body
    return bytes(first) + b"".join(frames)


SECONDS = 2.5

KINDS: dict[str, Callable[[], bytes]] = {
    "cbr64": _sf("CONSTANT", _level(64)),
    "cbr128": _sf("CONSTANT", _level(128)),
    "cbr192": _sf("CONSTANT", _level(192)),
    "cbr320": _sf("CONSTANT", 0.0),
    "v0": _sf("VARIABLE", 0.0),
    "v4": _sf("VARIABLE", 0.4),
    "v9": _sf("VARIABLE", 0.9),
    "abr": _sf("AVERAGE", _level(160)),
    "mono": _sf("CONSTANT", _level(96), channels=1),
    "mono_vbr": _sf("VARIABLE", 0.3, channels=1),
    "r48": _sf("VARIABLE", 0.2, 48_000),
    "r32": _sf("CONSTANT", _level(128), 32_000),
    "r22": _sf("CONSTANT", _level(64, 160, 8), 22_050),
    "r22_vbr": _sf("VARIABLE", 0.4, 22_050),
    "r24_mono": _sf("CONSTANT", _level(48, 160, 8), 24_000, 1),
    "r16": _sf("CONSTANT", _level(64, 160, 8), 16_000),
    "r12": _sf("VARIABLE", 0.3, 12_000),
    "r11": _sf("CONSTANT", _level(32, 64, 8), 11_025),
    "r8_mono": _sf("CONSTANT", _level(16, 64, 8), 8_000, 1),
    "lavf": _pyav(160),
    "lavf_bare": _pyav(160, container=False),
    "no_reservoir": _pyav(192, reservoir="0"),
    "bare64": lambda: headerless(made("cbr64")),
    "bare128": lambda: headerless(made("cbr128")),
    "bare320": lambda: headerless(made("cbr320")),
    "bare_vbr": lambda: headerless(made("v4")),
    "crc": lambda: protected(by_pyav(music(SECONDS), 44_100, 128, container=False, reservoir="0")),
    "tagged": lambda: made("cbr192").join(rich_tags()),
    "vbri": lambda: with_vbri(split(made("v4"))[1:]),
    "cut_front": lambda: b"".join(split(made("cbr128"))[20:]),
    "cut_front_low": lambda: b"".join(split(made("cbr64"))[50:]),
    "twice": lambda: made("v4") * 2,
    "twice_bare": lambda: made("bare128") * 2,
    "truncated": lambda: made("v4")[:-100],
    "layer_2": _layer_2,
}
"""Every kind of MP3, a few seconds each, and how to make it."""

SONGS = [name for name in KINDS if name != "layer_2"]


@cache
def made(kind: str) -> bytes:
    """The bytes of one of `KINDS`; made once."""
    return KINDS[kind]()


def write(folder: Path, kind: str) -> Path:
    """One of `KINDS` as a file."""
    path = folder / f"{kind}.mp3"
    path.write_bytes(made(kind))
    return path


def by_libsndfile(path: Path) -> Native:
    """All that libsndfile decodes, `[C, N]`, in one go: no seeking, no guess of the length."""
    with soundfile.SoundFile(path) as file:
        room = np.zeros((file.frames + 200_000, file.channels), np.float32)
        return np.ascontiguousarray(file.read(out=room, always_2d=True).T)


def by_ffmpeg(path: Path) -> tuple[Native, list[str]]:
    """All that FFmpeg decodes, `[C, N]`, and what it complains about."""
    import av

    av.logging.set_level(av.logging.WARNING)
    blocks: list[Native] = []
    with av.logging.Capture() as said, av.open(str(path), format="mp3") as file:
        blocks.extend(frame.to_ndarray() for frame in file.decode(file.streams.audio[0]))
    av.logging.set_level(None)
    return np.concatenate(blocks, axis=1), [text.strip() for _, _, text in said]


def by_mpg123(path: Path) -> Native | None:
    """All that the mpg123 program decodes, `[C, N]`; None where there is none."""
    program = shutil.which("mpg123")
    if program is None:
        return None
    done = subprocess.run(
        [program, "-q", "--stereo", "-e", "f32", "--stdout", str(path)], check=True, capture_output=True
    )
    return np.frombuffer(done.stdout, np.float32).reshape(-1, 2).T

"""The seeds of the corpus: one small honest input of every form for each target."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import numpy as np
import soundfile

from punchin.splice.tags import comment_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_COMMENTS = comment_bytes((("TITLE", "A"), ("ARTIST", "B=C")), "seed")


def write_seeds(corpus: Path) -> int:
    """Put the seeds into `corpus/<target>/`; gives how many there are."""
    count = 0
    for target, data in seeds():
        folder = corpus / target
        folder.mkdir(parents=True, exist_ok=True)
        # Some writers put the time or a number drawn into their files: what is there stays.
        if not (kept := folder / f"seed-{len(data)}").exists():
            kept.write_bytes(data)
        count += 1
    return count


def seeds() -> Iterator[tuple[str, bytes]]:
    """Pairs of a target's name and an input."""
    yield from _files()
    yield from _tags()
    yield from _words()


def _files() -> Iterator[tuple[str, bytes]]:
    sound = np.random.default_rng(0).normal(0, 0.1, (4000, 2)).astype(np.float32)
    for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"):
        yield from (("wav", made := _made(sound[:50], "WAV", subtype)), ("song", made))
    for form in ("RF64", "WAVEX"):
        yield from (("wav", made := _made(sound[:60], form, "PCM_16")), ("song", made))
    flac = _made(sound[:600], "FLAC", "PCM_16")
    yield from (("flac_blocks", flac[:200]), ("song", flac))
    frame = flac[flac.index(b"\xff\xf8", 42) :]
    yield "flac_decoding", b"\x0c\x01\x02\x02\x58" + frame[7:]
    yield "flac_decoding", b"\x0c\x00\x00\x00\x10\x02\x12\x34"
    piece = bytes([2, 0x70, 0x08, 0, 0, 63, 0, 0]) + bytes(8) + bytes(3)
    yield "flac_frames", b"\x01\x10" + piece + b"\xff\xff" + piece[:3] + b"\x01" + piece[4:]
    yield "flac_frames", b"\x01\x10" + piece + b"\xff\xff" + b"junk"
    for channels in (1, 2):
        mp3 = _made(sound[:, :channels], "MP3", "MPEG_LAYER_III")
        yield from (
            ("mpeg", mp3),
            ("song", mp3),
            ("mpeg", _id3() + mp3[:2000]),
            ("mpeg", mp3 + b"TAG" + bytes(125)),
        )
    for form, subtype in (("OGG", "VORBIS"), ("OGG", "OPUS")):
        rate = 48_000 if subtype == "OPUS" else 44_100
        ogg = _made(sound[:2000], form, subtype, rate)
        yield from (("ogg", ogg[4:]), ("song", ogg))
    for form in ("AIFF", "CAF", "W64"):
        yield "song", _made(sound[:40], form, "PCM_16")
    entry = _box(b"stsd", bytes(8) + _box(b"mp4a", bytes(28)) + _box(b"enca", bytes(28) + _box(b"sinf", b"")))
    moov = entry
    for name in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        moov = _box(name, moov)
    yield "mp4", _box(b"ftyp", b"M4A " + bytes(4)) + moov
    yield "mp4", b"\0\0\0\1free" + (24).to_bytes(8, "big") + bytes(8) + moov


def _tags() -> Iterator[tuple[str, bytes]]:
    yield "comments", _COMMENTS
    for version in (2, 3, 4):
        yield "id3", _id3(version)[3:]
    page = b"\0\2" + bytes(8) + b"abcd" + bytes(8)
    comments = b"OpusTags" + _COMMENTS
    yield "ogg", page + b"\x01\x01x" + b"OggS" + page + bytes([1, len(comments)]) + comments


def _words() -> Iterator[tuple[str, bytes]]:
    entry = {"start": "0:01.5", "end": 3, "tags": ["lofi"], "lyrics": "la", "seed": 7, "variance": 0.5,
             "parameters": {"a": 1}}  # fmt: skip
    yield "edits", json.dumps([entry]).encode()
    for text in ("0:41.5|1:02:03.250", "1000 samples|end-0:12.5", "-12|end", "41s|.5", "end - 3|end"):
        yield "marks", text.encode()
    yield "settings", b"WORKERS=2\nTRUSTED_HOSTS=a.example,b:80\nHOME=/x\nPOLL_S=0.5\nENGINE=tone"
    for text in ("bytes=0-", "bytes=-5", "bytes=3-9", "bytes = 1-2, 4-5"):
        yield "byte_range", b"\0\0\1\0" + text.encode()
    body = {"audio": "https://a.example/x.wav", "tags": "lofi", "start_time": 1, "end_time": 2.5, "seed": -1,
            "start_time_relative_to": "end", "lyrics": "[inst]", "takes": 2, "output_format": "wav",
            "webhook_url": "https://b.example", "variance": 0.5, "enable_sync_mode": True,
            "edits": [{"start_time": 1, "end_time": 2, "tags": "a"}]}  # fmt: skip
    yield "request", json.dumps(body).encode()
    for text in (
        "https://a.example:443/x.wav?y#z\n//b.example/",
        "http://[::1]:80/\n../x",
        "http://0x7f.1/\n",
    ):
        yield "address", text.encode()
    yield "upload_name", "Ça va? (live).wav".encode()
    yield "upload_name", b"uploads/../x"
    yield "grant", b"1800000000..YXVkaW8vd2F2.AAAA\nuploads/a/b.wav"
    yield "receipt", _receipt()


def _made(sound: np.ndarray, form: str, subtype: str, rate_hz: int = 44_100) -> bytes:
    file = io.BytesIO()
    soundfile.write(file, sound, rate_hz, subtype, format=form)
    return file.getvalue()


def _box(name: bytes, content: bytes) -> bytes:
    return (len(content) + 8).to_bytes(4, "big") + name + content


def _id3(version: int = 3) -> bytes:
    def frame(name: bytes, body: bytes) -> bytes:
        if version == 2:
            return name + len(body).to_bytes(3, "big") + body
        return name + len(body).to_bytes(4, "big") + b"\0\0" + body

    names = (b"TT2", b"PIC", b"TXX", b"COM") if version == 2 else (b"TIT2", b"APIC", b"TXXX", b"COMM")
    kind = b"PNG" if version == 2 else b"image/png\0"
    bodies = (b"\3Song", b"\0" + kind + b"\3x\0\x89PNG", b"\1\xff\xfea\0\0\0b\0", b"\0eng\0words")
    frames = b"".join(map(frame, names, bodies)) + bytes(20)
    size = bytes([0, 0, len(frames) >> 7, len(frames) & 127])
    return b"ID3" + bytes([version, 0, 0]) + size + frames


def _receipt() -> bytes:
    """A receipt of a real edit, kept beside this file: making one needs an engine."""
    from pathlib import Path

    return (Path(__file__).parent / "receipt.json").read_bytes()

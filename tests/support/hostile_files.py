# ruff: noqa: E501
"""Bad and hostile files: each with what must become of it. The same bytes on every machine and every run."""

from __future__ import annotations

import functools
import gzip
import io
import struct
import zipfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from fastcrc import crc8, crc32

from support import mp3s
from support.bombs import flac_of_silence
from support.sounds import chunk, flac_file, noise, wav_file, wav_format, wav_sound

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED, EDITED = "refused", "edited"
RATE = 8_000


@dataclass(frozen=True)
class Hostile:
    """One file.

    Attributes:
        name: of the file; its ending may lie.
        make: gives its bytes.
        becomes: `EDITED` (a take that is proved) or `REFUSED` (an error of ours).
        whole: too short for a part of it to be edited.
        says: a word that the error must hold.
    """

    name: str
    make: Callable[[], bytes]
    becomes: str
    says: str = ""
    whole: bool = False


def bytes_of(hostile: Hostile) -> bytes:
    """Its content; made once."""
    return _made(hostile.name)


@functools.cache
def _made(name: str) -> bytes:
    return next(each.make() for each in HOSTILE if each.name == name)


def _wav(
    bits: int = 16, channels: int = 2, rate_hz: int = RATE, frames: int = RATE, *, is_float: bool = False
) -> tuple[bytes, bytes]:
    if is_float:
        sound = np.random.default_rng(1).normal(0, 0.1, (channels, frames))
    else:
        sound = noise(frames, channels, bits)
    return wav_format(bits, channels, rate_hz, is_float=is_float), wav_sound(sound, bits, is_float=is_float)


def _plain(**more: int) -> bytes:
    return wav_file(*_wav(**more))


def _said(
    channels: int = 2, rate_hz: int = RATE, bits: int = 16, block: int | None = None, tag: int = 1
) -> bytes:
    """A WAV whose header says what it likes."""
    block = channels * bits // 8 if block is None else block
    fmt = struct.pack("<HHIIHH", tag, channels & 0xFFFF, rate_hz & 0xFFFFFFFF, 0, block & 0xFFFF, bits)
    return wav_file(fmt, bytes(64_000))


def _floats(*odd: float, everywhere: bool = False) -> bytes:
    sound = np.random.default_rng(1).normal(0, 0.1, (2, RATE))
    for place, value in enumerate(odd):
        if everywhere:
            sound[:] = value
        else:
            sound[:, 10 + place :: 1000] = value
    return wav_file(wav_format(32, 2, RATE, is_float=True), wav_sound(sound, 32, is_float=True))


def _rf64(said: int) -> bytes:
    fmt, sound = _wav()
    sizes = chunk(b"ds64", struct.pack("<QQQI", said, said, said, 0))
    return (
        b"RF64\xff\xff\xff\xffWAVE" + sizes + chunk(b"fmt ", fmt) + chunk(b"data", sound, length=0xFFFFFFFF)
    )


def _chunks(count: int) -> bytes:
    fmt, sound = _wav()
    return wav_file(fmt, sound, before=chunk(b"JUNK", b"") * count)


def _flac(bits: int = 16, frames: int = RATE, **more: int) -> bytes:
    return flac_file(noise(frames, 2, bits), bits, RATE, 1024, **more)


def _changed(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _flac_blocks(count: int) -> bytes:
    return flac_file(noise(RATE, 2), 16, RATE, 1024, blocks=[(1, b"")] * count)


def _flac_headers(megabytes: int) -> bytes:
    """Nothing but headers with right checksums, the number of each being the one after the last: no frame ends."""
    found = bytearray(_flac()[:42])
    number = 0
    while len(found) < megabytes << 20:
        head = b"\xff\xf8\x70\x18" + bytes([number % 128]) + b"\x03\xff"
        found += head + bytes([crc8.smbus(head)])
        number += 1
    # The first frame is whole, so the search for the last one begins.
    return _flac(frames=1024) + bytes(found[42:])


def _mp3(seconds: float = 2.0, rate_hz: int = 44_100, channels: int = 2) -> bytes:
    return mp3s.by_soundfile(mp3s.music(seconds, rate_hz, channels), rate_hz, "CONSTANT", 0.7)


def _damaged(data: bytes, every: int, begin: int = 3000) -> bytes:
    rng = np.random.default_rng(3)
    found = np.frombuffer(data, np.uint8).copy()
    places = np.arange(begin, len(found) - 100, every)
    found[places] = rng.integers(0, 256, len(places))
    return found.tobytes()


def _gaps(count: int) -> bytes:
    frames = mp3s.split(_mp3())[:8]
    return b"".join(b"".join(frames) + b"gap!" for _ in range(count))


def _headers_of_mp3(megabytes: int) -> bytes:
    return b"ID3\4\0\0\0\0\0\0" + b"\xff\xfb\x90" * (megabytes << 20 >> 2)


def _vbr_lie() -> bytes:
    data = _mp3()
    at = data.index(b"Info")
    return _changed(data, at + 8, (2**32 - 1).to_bytes(4, "big"))


def _free_format() -> bytes:
    return (b"\xff\xfb\x00\x00" + bytes(300)) * 200


def _big_cover() -> bytes:
    picture = b"\0image/png\0\3\0" + b"\x89PNG" + bytes(20 << 20)
    frame = b"APIC" + len(picture).to_bytes(4, "big") + b"\0\0" + picture
    size = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + size + frame + _mp3()


def _ogg(seconds: float = 1.0, subtype: str = "VORBIS", rate_hz: int = 48_000) -> bytes:
    out = io.BytesIO()
    sound = mp3s.music(seconds, rate_hz)
    soundfile.write(out, sound, rate_hz, subtype, format="OGG")
    return out.getvalue()


def ogg_page(packets: list[bytes], position: int, number: int, flags: int = 0) -> bytes:
    """One page with whole packets of less than 255 bytes (RFC 3533, 6)."""
    head = (
        b"OggS\0" + bytes([flags]) + position.to_bytes(8, "little") + b"bomb" + number.to_bytes(4, "little")
    )
    lacing = bytes([len(packets), *map(len, packets)])
    body = b"".join(packets)
    page = head + bytes(4) + lacing + body
    # Ogg's CRC is that of `cksum` without the turn at the end.
    check = crc32.cksum(page) ^ 0xFFFFFFFF
    return head + check.to_bytes(4, "little") + lacing + body


def _opus_bomb(hours: float) -> bytes:
    """Packets of three bytes that are 120 ms of silence each (RFC 6716, 3.2.5: two frames of 60 ms)."""
    head = b"OpusHead\1\2" + (0).to_bytes(2, "little") + (48_000).to_bytes(4, "little") + bytes(3)
    found = [ogg_page([head], 0, 0, 2), ogg_page([b"OpusTags" + bytes(8)], 0, 1)]
    position, packet = 0, bytes([0x1D, 0, 0])
    pages = round(hours * 3600 / 0.12 / 255)
    for number in range(pages):
        position += 255 * 5760
        found.append(ogg_page([packet] * 255, position, number + 2, 4 if number == pages - 1 else 0))
    return b"".join(found)


def _flac_bomb(hours: float) -> bytes:
    with TemporaryDirectory() as folder:
        return flac_of_silence(Path(folder) / "bomb", hours, 8).read_bytes()


def _box(name: bytes, content: bytes, length: int | None = None) -> bytes:
    return (len(content) + 8 if length is None else length).to_bytes(4, "big") + name + content


def _m4a(*, video: bool = False) -> bytes:
    """AAC, with a picture track if wished, by FFmpeg."""
    import av

    out = io.BytesIO()
    sound = mp3s.music(2.0)
    with av.open(out, "w", format="mp4") as file:
        if video:
            seen = file.add_stream("mpeg4", rate=10)
            seen.width = seen.height = 64
            seen.pix_fmt = "yuv420p"
        heard = file.add_stream("aac", rate=44_100, layout="stereo")
        if video:
            for number in range(20):
                picture = av.VideoFrame.from_ndarray(np.full((64, 64, 3), number, np.uint8), format="rgb24")
                file.mux(seen.encode(picture))
            file.mux(seen.encode(None))
        for at in range(0, len(sound) - 1024, 1024):
            block = np.ascontiguousarray(sound[at : at + 1024].T)
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="stereo")
            frame.sample_rate, frame.pts = 44_100, at
            file.mux(heard.encode(frame))
        file.mux(heard.encode(None))
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("song.wav"), bytes(1 << 24), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _sndfile(form: str, subtype: str = "PCM_16") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, mp3s.music(1.0, RATE), RATE, subtype, format=form)
    return out.getvalue()


_HLS = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
_CONCAT = b"ffconcat version 1.0\nfile secret.wav\n"
_SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio 5004 RTP/AVP 0\n"
_SVG = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg>&x;</svg>'

HOSTILE: tuple[Hostile, ...] = (
    # nothing, or almost
    Hostile("empty.wav", lambda: b"", REFUSED, "empty"),
    Hostile("one-byte.mp3", lambda: b"\xff", REFUSED, "not music"),
    Hostile("zeros.flac", lambda: bytes(100_000), REFUSED, "not music"),
    Hostile("random.mp3", lambda: np.random.default_rng(5).bytes(200_000), REFUSED),
    # WAV
    Hostile("head-only.wav", lambda: _plain()[:12], REFUSED, "damaged"),
    Hostile("no-data.wav", lambda: _plain()[:36], REFUSED, "damaged"),
    Hostile("zero-samples.wav", lambda: _plain(frames=0), REFUSED, "no sound"),
    Hostile("one-sample.wav", lambda: _plain(frames=1), EDITED, whole=True),
    Hostile("truncated.wav", lambda: _plain()[:-7001], EDITED),
    Hostile("size-of-all-ones.wav", lambda: wav_file(*_wav())[:40] + b"\xff" * 4 + _wav()[1], EDITED),
    Hostile("riff-size-zero.wav", lambda: _changed(_plain(), 4, bytes(4)), EDITED),
    Hostile("rf64-lies.wav", lambda: _rf64(2**64 - 1), EDITED),
    Hostile("no-channels.wav", lambda: _said(channels=0), REFUSED),
    Hostile("nine-channels.wav", lambda: _said(channels=9), REFUSED, "9 channels"),
    Hostile("65535-channels.wav", lambda: _said(channels=65535), REFUSED),
    Hostile("rate-zero.wav", lambda: _said(rate_hz=0), REFUSED),
    Hostile("rate-4-ghz.wav", lambda: _said(rate_hz=2**32 - 1), REFUSED),
    Hostile("7-bit.wav", lambda: _said(bits=7, block=2), EDITED),
    Hostile("block-lies.wav", lambda: _said(block=3), EDITED),
    Hostile("unknown-codec.wav", lambda: _said(tag=0x1234), REFUSED),
    Hostile("nan.wav", lambda: _floats(float("nan"), float("inf"), -float("inf"), 1e38), EDITED),
    Hostile("all-nan.wav", lambda: _floats(float("nan"), everywhere=True), EDITED),
    Hostile("all-infinite.wav", lambda: _floats(float("inf"), everywhere=True), EDITED),
    Hostile("8-bit-8-khz.wav", lambda: _plain(bits=8), EDITED),
    Hostile("192-khz-8-channels.wav", lambda: _plain(bits=24, channels=8, rate_hz=192_000, frames=19_200), EDITED,
            whole=True),
    Hostile("200000-chunks.wav", lambda: _chunks(200_000), REFUSED),
    Hostile("two-data-chunks.wav", lambda: wav_file(*_wav(), after=chunk(b"data", bytes(4000))), EDITED),
    Hostile("format-behind-data.wav", lambda: b"RIFF\0\0\0\0WAVE" + chunk(b"data", _wav()[1]) +
            chunk(b"fmt ", _wav()[0]), EDITED),
    Hostile("wav-and-zip.wav", lambda: _plain() + _zip(), EDITED),
    Hostile("wave-of-text.wav", lambda: b"RIFF    WAVEfmt this is not a format, and data is nowhere", REFUSED),
    # names that lie
    Hostile("is-wav.mp3", _plain, EDITED),
    Hostile("is-flac.wav", _flac, EDITED),
    Hostile("is-mp3.flac", _mp3, EDITED),
    # not music
    Hostile("page.mp3", lambda: b"<!DOCTYPE html><html><body>404</body></html>", REFUSED, "a web page"),
    Hostile("playlist.mp3", lambda: _HLS, REFUSED, "a playlist"),
    Hostile("concat.wav", lambda: _CONCAT, REFUSED, "FFmpeg script"),
    Hostile("session.wav", lambda: _SDP, REFUSED, "text"),
    Hostile("entities.mp3", lambda: _SVG, REFUSED, "a web page"),
    Hostile("answer.mp3", lambda: b'{"error": "not found"}', REFUSED, "JSON"),
    Hostile("picture.mp3", lambda: b"\x89PNG\r\n\x1a\n" + bytes(1000), REFUSED, "picture"),
    Hostile("zip-bomb.wav", _zip, REFUSED, "ZIP"),
    Hostile("gzip-bomb.wav", lambda: gzip.compress(bytes(1 << 24), mtime=0), REFUSED, "gzip"),
    Hostile("program.wav", lambda: b"\x7fELF" + bytes(1000), REFUSED, "a program"),
    Hostile("notes.wav", lambda: b"MThd\0\0\0\6\0\0\0\1\0`", REFUSED, "MIDI"),
    Hostile("pdf-and-mp3.mp3", lambda: b"%PDF-1.4\n" + _mp3(), REFUSED, "PDF"),
    Hostile("utf-16.mp3", lambda: "not a song".encode("utf-16"), REFUSED),
    # FLAC
    Hostile("truncated.flac", lambda: _flac()[:-3333], EDITED),
    Hostile("damaged.flac", lambda: _damaged(_flac(), 2500, 9000), REFUSED),
    Hostile("length-lies.flac", lambda: _flac(total=2**36 - 1), EDITED),
    Hostile("length-unknown.flac", lambda: _flac(total=0), EDITED),
    Hostile("rate-zero.flac", lambda: _changed(_flac(), 18, bytes(2)), REFUSED),
    Hostile("blocks-without-end.flac", lambda: _flac()[:4] + b"\0\0\0\x22" + bytes(34), REFUSED, "damaged"),
    Hostile("20000-blocks.flac", lambda: _flac_blocks(20_000), REFUSED, "does not end"),
    Hostile("only-headers.flac", lambda: _flac_headers(4), REFUSED, "damaged"),
    Hostile("id3-and-flac.mp3", lambda: mp3s.id3v2() + _flac(), EDITED),
    Hostile("bomb-8-hours.flac", lambda: _flac_bomb(8.0), REFUSED, "7:59:59"),
    # MP3
    Hostile("truncated.mp3", lambda: _mp3()[:-1000], EDITED),
    Hostile("damaged.mp3", lambda: _damaged(_mp3(), 700), EDITED),
    Hostile("length-lies.mp3", _vbr_lie, EDITED),
    Hostile("rate-changes.mp3", lambda: _mp3() + _mp3(rate_hz=48_000), REFUSED, "changes"),
    Hostile("mono-then-stereo.mp3", lambda: _mp3(channels=1) + _mp3(), REFUSED, "changes"),
    Hostile("broken-often.mp3", lambda: _gaps(1100), REFUSED, "places"),
    Hostile("free-format.mp3", _free_format, REFUSED),
    Hostile("layer-2.mp3", lambda: mp3s.made("layer_2"), REFUSED),
    Hostile("tag-without-end.mp3", lambda: b"ID3\4\0\0\x7f\x7f\x7f\x7f" + _mp3(), REFUSED),
    Hostile("tag-in-tag.mp3", lambda: mp3s.id3v2(mp3s.id3_frame(b"PRIV", mp3s.id3v2() * 40)) + _mp3(), EDITED),
    Hostile("100000-tags.mp3", lambda: b"ID3\4\0\0\0\0\0\0" * 100_000 + _mp3(), EDITED),
    Hostile("lyrics-without-end.mp3", lambda: b"ID3\4\0\0\0\0\0\0" + b"LYRICSBEGIN" * 200_000 + _mp3(), EDITED),
    Hostile("only-headers.mp3", lambda: _headers_of_mp3(8), REFUSED),
    Hostile("cover-of-20-mb.mp3", _big_cover, EDITED),
    Hostile("page-in-tag.mp3", lambda: mp3s.id3v2(mp3s.id3_frame(b"PRIV", b"<script>alert(1)</script>")) + _mp3(),
            EDITED),
    # Ogg
    Hostile("truncated.ogg", lambda: _ogg()[:-2000], EDITED),
    Hostile("damaged.ogg", lambda: _damaged(_ogg(), 3000, 6000), REFUSED),
    Hostile("head-only.ogg", lambda: _ogg()[:58], REFUSED),
    Hostile("chained.ogg", lambda: _ogg() + _ogg(0.5), EDITED),
    Hostile("bomb-6-hours.opus", lambda: _opus_bomb(6.0), REFUSED, "6:00:03"),
    # the rest
    Hostile("truncated.aiff", lambda: _sndfile("AIFF")[:-5000], EDITED),
    Hostile("head-only.caf", lambda: _sndfile("CAF")[:20], REFUSED),
    Hostile("truncated-adpcm.wav", lambda: _sndfile("WAV", "IMA_ADPCM")[:-1500], EDITED),
    Hostile("length-lies.w64", lambda: _changed(_sndfile("W64"), 16, b"\xff" * 8), EDITED),
    Hostile("song.m4a", _m4a, EDITED),
    Hostile("video.mp4", lambda: _m4a(video=True), EDITED),
    Hostile("protected.m4a", lambda: _m4a().replace(b"mp4a", b"drms"), REFUSED, "protected"),
    Hostile("index-cut-off.m4a", lambda: _m4a()[:-500], REFUSED),
    Hostile("box-of-2-63.m4a", lambda: _box(b"ftyp", b"M4A ") + b"\0\0\0\1free" + (2**63).to_bytes(8, "big"),
            REFUSED),
    Hostile("index-of-4-gb.m4a", lambda: _box(b"ftyp", b"M4A ") + _box(b"moov", bytes(100), 2**32 - 1), REFUSED),
    Hostile("million-boxes.m4a", lambda: _box(b"ftyp", b"M4A ") + _box(b"moov", _box(b"free", b"") * 1_000_000),
            REFUSED),
)  # fmt: skip
"""All of them."""

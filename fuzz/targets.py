"""What is fuzzed: every parser that we wrote, each as a function of bytes that may raise only our own errors.

A target returns for every input that is refused in order, and raises for everything else: a foreign
exception, or an answer that cannot be true (a frame outside the file, a range behind its end). Used by
`fuzz/run.py` (Atheris) and by `tests/hostile/test_corpus.py`, which needs no fuzzer.
"""

from __future__ import annotations

import io
import json
import struct
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastcrc import crc8, crc16

from punchin.edits import edits_from_json
from punchin.errors import CallerError, PunchinError, SongError
from punchin.receipt import Receipt
from punchin.region import Frames, Mark, Region
from punchin.settings import settings_from
from punchin.songfile import open_song
from punchin.songfile.flacblocks import STREAMINFO_BYTES, StreamInfo, read_layout
from punchin.songfile.flacdecoding import DamagedFrame, decode_frame
from punchin.songfile.flacframes import FrameFinder, parse_header
from punchin.songfile.mp4boxes import is_protected, sample_entries
from punchin.songfile.mpeg import MpegStream, walk
from punchin.songfile.wav import NotPlainPcm, WavFile, pack, unpack
from punchin.songfile.wav import read_layout as read_wav_layout
from punchin.splice.tags import comment_bytes, parse_comments
from punchin.splice.tagsid3 import id3_tags
from punchin.splice.tagsogg import ogg_tags

if TYPE_CHECKING:
    from collections.abc import Callable

_PLACE = Path(tempfile.gettempdir())
_MONO = StreamInfo(16, 65_535, 0, 0, 44_100, 1, 16, 0, bytes(16))


def wav(data: bytes) -> None:
    """Chunks of WAV, RIFX, RF64 and BW64, and their samples there and back."""
    file = io.BytesIO(data)
    try:
        layout = read_wav_layout(file, len(data))
    except (SongError, NotPlainPcm):
        return
    assert layout.data_offset + layout.data_bytes <= len(data)
    assert layout.data_bytes % layout.block_bytes == 0
    song = WavFile(Path("song"), layout, file)
    window = Frames(0, min(song.frames, 64))
    samples = song.read_native(window)
    assert samples.shape == (layout.channels, len(window))
    raw = data[layout.data_offset : layout.data_offset + len(window) * layout.block_bytes]
    if not layout.is_float:  # a NaN that signals may come back quiet
        assert pack(unpack(raw, layout), layout) == raw


def flac_blocks(data: bytes) -> None:
    """Metadata blocks in front of FLAC."""
    try:
        layout = read_layout(io.BytesIO(data), len(data))
    except SongError:
        return
    assert 0 < layout.sound_offset <= layout.sound_end <= len(data)
    first = layout.blocks[0]
    assert layout.info.to_bytes() == data[first.offset : first.offset + STREAMINFO_BYTES]


def flac_frames(data: bytes) -> None:
    """Frames in a FLAC whose checksums are right: what the input says is put between right CRCs."""
    if len(data) < 16:
        return
    bits = (8, 16, 24, 32)[data[0] & 3]
    info = replace(_MONO, bits=bits, channels=(data[0] >> 2 & 7) + 1, longest_block=16 + data[1] * 16)
    sound = b"".join(map(_with_checks, data[2:].split(b"\xff\xff")))
    whole = b"fLaC" + bytes([0x80, 0, 0, STREAMINFO_BYTES]) + info.to_bytes() + sound
    file = io.BytesIO(whole)
    finder = FrameFinder(file, read_layout(file, len(whole)))
    try:
        last = finder.last()
        if last is None:
            return
        assert last.end_offset <= len(whole)
        for sample in (0, last.start // 2, last.start, last.end - 1, last.end):
            frame = finder.holding(sample)
            assert frame is None or (frame.start <= sample < frame.end and frame.end_offset <= len(whole))
            if frame and (coded := finder.bytes_of(frame)):
                decoded = decode_frame(coded, frame.header, info).samples
                assert decoded.shape == (info.channels, frame.header.block)
    except (SongError, DamagedFrame):
        return


def _with_checks(piece: bytes) -> bytes:
    """A header of as many bytes as the first one says, its CRC-8, the rest, the CRC-16 of all."""
    if len(piece) < 8:
        return piece
    head = b"\xff" + (b"\xf9" if piece[0] & 1 else b"\xf8") + piece[1 : 4 + piece[0] % 12]
    frame = head + bytes([crc8.smbus(head)]) + piece[16:]
    return frame + crc16.umts(frame).to_bytes(2, "big")


def flac_decoding(data: bytes) -> None:
    """The bits of one frame of any depth, channels and block size."""
    if len(data) < 8:
        return
    info = replace(_MONO, bits=4 + data[0] % 29, channels=1 + data[1] % 8)
    head = b"\xff\xf8\x70" + bytes([(data[2] % 3 + 8 if info.channels == 2 else info.channels - 1) << 4, 0])
    head += (int.from_bytes(data[3:5], "big") % 4096).to_bytes(2, "big")
    head += bytes([crc8.smbus(head)])
    header = parse_header(head, info)
    assert header is not None
    try:
        decoded = decode_frame(head + data[5:], header, info)
    except DamagedFrame:
        return
    assert decoded.samples.shape == (info.channels, header.block)
    assert decoded.length <= len(head) + len(data) - 5


def mpeg(data: bytes) -> None:
    """The walk over MP3 frames and tags, the info tag, side information."""
    file = io.BytesIO(data)
    try:
        table = walk(file, len(data))
        assert all(table.offsets[1:] > table.offsets[:-1])
        assert len(table) == 0 or int(table.offsets[-1] + table.sizes[-1]) <= len(data)
        if len(table) == 0:
            return
        stream = MpegStream(file, table, "song")
        for frame in stream.frames(0, min(len(stream), 4)):
            stream.side(frame)
            stream.main_area(frame)
        if len(stream):
            assert len(stream.main_before(len(stream) - 1)) <= stream.form.reservoir_bytes
            assert all(there >= 0 for there in stream.starved.values())
    except SongError:
        return


def mp4(data: bytes) -> None:
    """Boxes of MP4, as far as they tell of encryption."""
    try:
        is_protected(sample_entries(io.BytesIO(data), len(data)))
    except SongError:
        return


def id3(data: bytes) -> None:
    """ID3v2 tags."""
    with _File(b"ID3" + data) as path:
        _tags(id3_tags, path)


def ogg(data: bytes) -> None:
    """Pages and comments of Ogg."""
    with _File(b"OggS" + data) as path:
        _tags(ogg_tags, path)


def comments(data: bytes) -> None:
    """Vorbis comments there and back."""
    try:
        found = parse_comments(data)
    except struct.error:  # `tags_of` takes it for no tags
        return
    again = parse_comments(comment_bytes(found, "x"))
    assert again == found


def _tags(read: Callable[[Path], Any], path: Path) -> None:
    try:
        read(path)
    except (struct.error, ValueError, IndexError):  # `tags_of` takes them for no tags
        return


def song(data: bytes) -> None:
    """The whole door: a file of any kind is opened, its start and its end are decoded."""
    with _File(data) as path:
        try:
            with open_song(path) as opened:
                for frames in (
                    Frames(0, min(opened.frames, 32)),
                    Frames(max(0, opened.frames - 32), opened.frames),
                ):
                    assert opened.read_native(frames).shape == (opened.channels, len(frames))
        except SongError:
            return


class _File:
    """A small file with these bytes, in memory where the system's folder for temporary files is."""

    def __init__(self, data: bytes) -> None:
        self._file = tempfile.NamedTemporaryFile(dir=_PLACE)  # noqa: SIM115
        self._file.write(data)
        self._file.flush()

    def __enter__(self) -> Path:
        return Path(self._file.name)

    def __exit__(self, *_: object) -> None:
        self._file.close()


def receipt(data: bytes) -> None:
    """Receipts there and back."""
    try:
        found = Receipt.from_json(data)
    except PunchinError:
        return
    assert Receipt.from_json(found.to_json()) == found


def edits(data: bytes) -> None:
    """Lists of edits, and their positions in a song."""
    try:
        for edit in edits_from_json(data):
            edit.region.frames(44_100, 1_000_000)
    except CallerError:
        return


def marks(data: bytes) -> None:
    """Positions as people write them."""
    start, _, end = data.decode("utf-8", "replace").partition("|")
    try:
        found = Region.parse(start, end).frames(44_100, 10**9)
        assert 0 <= found.start < found.end <= 10**9
        mark = Mark.parse(start)
        assert abs(Mark.parse(str(mark)).frame(44_100, 10**9) - mark.frame(44_100, 10**9)) <= 1
    except CallerError:
        return


def settings(data: bytes) -> None:
    """Settings of the environment: a name, `=`, a value, on each line."""
    pairs = (line.partition("=") for line in data.decode("utf-8", "replace").splitlines())
    try:
        settings_from({"PUNCHIN_" + name: value for name, _, value in pairs})
    except PunchinError:
        return


def byte_range(data: bytes) -> None:
    """The Range header."""
    from punchin.web.ranges import NotSatisfiable, slice_of

    size = int.from_bytes(data[:4], "big")
    try:
        found = slice_of(data[4:].decode("latin-1"), size)
    except NotSatisfiable:
        return
    assert found is None or 0 <= found.start < found.end <= size


def request(data: bytes) -> None:
    """Fields of the hosted endpoint."""
    from punchin.web.asking import read_wish
    from punchin.web.form import Form

    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return
    if not isinstance(body, dict):
        return
    try:
        read_wish(
            body, form=Form(3600.0), model="m", engine="tone", webhook="", engines=("tone",),
            own_key=lambda _: None, check=lambda _: None,
        )  # fmt: skip
    except CallerError:
        return


def address(data: bytes) -> None:
    """Addresses that strangers give, and redirects from them."""
    from punchin.fetching.addresses import Address, check_address

    text, _, location = data.decode("utf-8", "replace").partition("\n")
    try:
        read = Address.read(text)
        read.joined(location)
        check_address(text)
    except CallerError:
        return
    assert read.host


def upload_name(data: bytes) -> None:
    """Names of uploads, which become part of a key, and keys themselves."""
    from punchin.filestore.keys import check_key, key_name

    name = key_name(data.decode("utf-8", "replace"))
    assert "/" not in name
    assert check_key(f"uploads/x/{name}")
    try:
        check_key(data.decode("utf-8", "replace"))
    except (CallerError, ValueError):
        return


def grant(data: bytes) -> None:
    """Signed addresses: nothing that we have not signed opens a file."""
    from punchin.errors import NotAllowed
    from punchin.filestore.signing import Signer

    token, _, key = data.decode("utf-8", "replace").partition("\n")
    try:
        Signer(b"k" * 32).check(token, "GET", key, 0.0)
    except NotAllowed:
        return
    raise AssertionError("a token that was never signed was taken")


TARGETS: dict[str, Callable[[bytes], None]] = {
    target.__name__: target
    for target in (
        wav,
        flac_blocks,
        flac_frames,
        flac_decoding,
        mpeg,
        mp4,
        id3,
        ogg,
        comments,
        song,
        receipt,
        edits,
        marks,
        settings,
        byte_range,
        request,
        address,
        upload_name,
        grant,
    )
}
"""All targets by name."""

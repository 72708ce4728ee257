import hashlib
import struct
from itertools import pairwise

import numpy as np
import pytest
import soundfile

from punchin.errors import Cancelled, SongError
from punchin.region import Frames
from punchin.songfile import open_song
from punchin.splice import CannotSplice, Method, Patch, splicer_for
from punchin.splice import flac as flacsplice
from punchin.splice.flac import FlacSplicer
from support.sounds import by_ffmpeg, flac_file, flac_test, noise

UNUSED = struct.pack(">QQH", 2**64 - 1, 0, 0)
ID3V1 = b"TAG" + bytes(125)


def nobody(done):
    assert 0 <= done <= 1


def spliced(path, patches, output):
    with open_song(path) as song, output.open("w+b") as file:
        splicer = splicer_for(song)
        assert isinstance(splicer, FlacSplicer)
        for patch in patches:
            assert splicer.writable(patch.frames) == patch.frames
        return splicer.write(patches, file, nobody)


def patch(start, end, channels=2, bits=16, seed=1):
    return Patch(
        Frames(start, end),
        noise(end - start, channels, bits, seed).astype(np.int16 if bits <= 16 else np.int32),
    )


def md5_of(sound, bits):
    size = -(-bits // 8)
    return hashlib.md5(
        b"".join(int(x).to_bytes(size, "little", signed=True) for x in sound.T.ravel())
    ).digest()


def with_patches(sound, patches):
    sound = sound.copy()
    for each in patches:
        sound[:, each.frames.start : each.frames.end] = each.samples
    return sound


CASES = {
    "inside one frame": [(5_000, 5_001)],
    "first frame": [(0, 10)],
    "last frame": [(29_990, 30_001)],
    "on borders": [(4_096, 8_192)],
    "across": [(4_000, 13_000)],
    "several": [(0, 1), (4_090, 4_100), (8_190, 8_193), (20_000, 22_000), (30_000, 30_001)],
    "everything": [(0, 30_001)],
    "nothing": [],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize(
    ("bits", "block"), [(16, 4096), (24, 4608), (20, 1000), (16, [16, 4096, 100, 9000, 16_789])]
)
def test_only_the_touched_frames_change(tmp_path, case, bits, block):
    sound = noise(30_001, 2, bits)
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    source.write_bytes(flac_file(sound, bits, 48_000, block, md5=md5_of(sound, bits)))
    patches = [patch(a, b, bits=bits) for a, b in CASES[case]]
    splice = spliced(source, patches, output)
    expected = with_patches(sound, patches)
    assert splice.method is Method.FRAMES
    assert splice.changed == tuple(each.frames for each in patches)
    with open_song(output) as song:
        assert np.array_equal(song.read_native(Frames(0, song.frames)), expected)
        assert song.layout.info.md5 in (bytes(16), md5_of(expected, bits))
        assert (song.layout.info.md5 == bytes(16)) == (bits == 20)
    decoded = by_ffmpeg(output)
    assert np.array_equal(decoded >> (decoded.dtype.itemsize * 8 - bits), expected)
    flac_test(output)
    before, after = source.read_bytes(), output.read_bytes()
    for kept in splice.kept:
        run = before[kept.source_offset : kept.source_offset + kept.length]
        assert after[kept.output_offset : kept.output_offset + kept.length] == run
    assert kept_frames(source, splice.kept) == untouched_frames(source, patches)


def kept_frames(path, kept):
    """Starts of the coded frames that lie in kept bytes."""
    with open_song(path) as song:
        found = []
        frame = song.frame_finder.first()
        while frame:
            if any(
                k.source_offset <= frame.offset and frame.end_offset <= k.source_offset + k.length
                for k in kept
            ):
                found.append(frame.start)
            frame = song.frame_finder.next(frame)
        return found


def untouched_frames(path, patches):
    with open_song(path) as song:
        found = []
        frame = song.frame_finder.first()
        while frame:
            if not any(each.frames.overlaps(Frames(frame.start, frame.end)) for each in patches):
                found.append(frame.start)
            frame = song.frame_finder.next(frame)
        return found


def test_metadata_stays_and_seek_points_follow_their_frames(tmp_path):
    sound = noise(100_000)
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    blocks = [
        (3, bytes(18 * 4)),
        (4, b"\x04\0\0\0test\x01\0\0\0\x0b\0\0\0TITLE=A=B c"),
        (2, b"riff" + bytes(50)),
        (5, bytes(396)),
        (6, bytes(5_000)),
        (1, bytes(1_000)),
    ]
    source.write_bytes(b"ID3\x04\0\0\0\0\x01\0" + bytes(128) + flac_file(sound, 16, blocks=blocks) + ID3V1)
    with open_song(source) as song:
        points = [song.frame_finder.holding(at) for at in (0, 40_960, 81_920)]
        table, first = next(iter(song.layout.of_kind(3))).offset, song.layout.sound_offset
    content = bytearray(source.read_bytes())
    for number, frame in enumerate(points):
        struct.pack_into(">QQH", content, table + 18 * number, frame.start, frame.offset - first, 4096)
    content[table + 54 : table + 72] = UNUSED
    source.write_bytes(content)
    patches = [patch(10_000, 20_000), patch(40_000, 44_000)]
    spliced(source, patches, output)
    after = output.read_bytes()
    assert after[-128:] == ID3V1
    with open_song(output) as song:
        assert np.array_equal(song.read_native(Frames(0, 100_000)), with_patches(sound, patches))
        for number, frame in enumerate(points):
            start, offset, held = struct.unpack_from(">QQH", after, table + 18 * number)
            moved = song.frame_finder.holding(start)
            assert (start, offset, held) == (frame.start, moved.offset - first, 4096)
    assert after[table + 54 : table + 72] == UNUSED
    same = [(0, table - 42), (table + 72, first)]
    assert all(after[a:b] == content[a:b] for a, b in same)
    flac_test(output) if content[:3] != b"ID3" else None


def test_frame_sizes_in_streaminfo_hold(tmp_path):
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    soundfile.write(source, noise(50_000).T.astype(np.int16), 44_100)
    quiet = Patch(Frames(4096, 8192), np.zeros((2, 4096), np.int16))
    hiss = np.random.default_rng(0).integers(-32_768, 32_767, (2, 4096)).astype(np.int16)
    spliced(source, [quiet, Patch(Frames(20_480, 24_576), hiss)], output)
    with open_song(output) as song:
        sizes = []
        frame = song.frame_finder.first()
        while frame:
            sizes.append(frame.length)
            frame = song.frame_finder.next(frame)
        assert song.layout.info.shortest_frame <= min(sizes) < 30
        assert song.layout.info.longest_frame >= max(sizes) > 16_384


def test_an_unknown_md5_stays_unknown_and_a_long_song_gets_none(tmp_path, monkeypatch):
    sound = noise(20_000)
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    source.write_bytes(flac_file(sound, 16))
    assert spliced(source, [patch(0, 10)], output).warnings == ()
    source.write_bytes(flac_file(sound, 16, md5=md5_of(sound, 16)))
    monkeypatch.setattr(flacsplice, "MD5_UP_TO_S", 0.4)
    assert "MD5" in spliced(source, [patch(0, 10)], output).warnings[0]
    with open_song(output) as song:
        assert song.layout.info.md5 == bytes(16)
    flac_test(output)


def test_replaygain_is_said_to_be_stale(tmp_path):
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    comment = b"replaygain_track_gain=-3.00 dB"
    body = struct.pack("<II", 0, 1) + struct.pack("<I", len(comment)) + comment
    source.write_bytes(flac_file(noise(5_000), 16, blocks=[(4, body)]))
    assert "REPLAYGAIN_TRACK_GAIN" in spliced(source, [patch(0, 10)], output).warnings[0]


def test_a_cut_off_file_is_spliced_as_far_as_it_goes(tmp_path):
    sound = noise(40_960)
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    source.write_bytes(flac_file(sound, 16)[:-3_000])
    with open_song(source) as song:
        there = song.frames
    patches = [patch(there - 5_000, there)]
    spliced(source, patches, output)
    with open_song(output) as song:
        assert np.array_equal(
            song.read_native(Frames(0, song.frames)), with_patches(sound[:, :there], patches)
        )


@pytest.mark.parametrize("total", [10_000, 20_480])
def test_a_stream_cut_out_of_another_is_not_spliced(tmp_path, total):
    path = tmp_path / "a.flac"
    content = flac_file(noise(20_480), 16)
    path.write_bytes(content)
    with open_song(path) as song:
        second = song.frame_finder.holding(4096)
        first = song.layout.sound_offset
    lying = (
        content[:first] + content[second.offset :]
        if total == 20_480
        else flac_file(noise(20_480), 16, total=total)
    )
    path.write_bytes(lying)
    with open_song(path) as song:
        with pytest.raises(CannotSplice):
            FlacSplicer(song)
        fallback = splicer_for(song)
        assert fallback.method is Method.LOSSLESS


def test_damage_beside_the_edit_is_an_error_of_the_song(tmp_path):
    source, output = tmp_path / "a.flac", tmp_path / "b.flac"
    content = bytearray(flac_file(noise(60_000), 16))
    content[len(content) // 2 : len(content) // 2 + 100] = bytes(100)
    source.write_bytes(content)
    spliced(source, [patch(0, 100)], output)
    with pytest.raises(SongError, match="damaged"):
        spliced(source, [patch(25_000, 35_000)], output)


def test_progress_rises_and_can_stop_it(tmp_path):
    source, seen = tmp_path / "a.flac", []
    sound = noise(200_000)
    source.write_bytes(flac_file(sound, 16, md5=md5_of(sound, 16)))

    def cancel(done):
        seen.append(done)
        if done > 0.9:
            raise Cancelled

    with open_song(source) as song, (tmp_path / "b.flac").open("w+b") as file, pytest.raises(Cancelled):
        splicer_for(song).write([patch(0, 10)], file, cancel)
    assert all(a <= b for a, b in pairwise(seen))

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container, open_song
from punchin.songfile.flac import FlacFile
from support.sounds import flac_file, noise

ID3V2 = b"ID3\x04\x00\x00\x00\x00\x02\x00" + bytes(256)
ID3V1 = b"TAG" + bytes(125)


def whole(path):
    with open_song(path) as song:
        assert isinstance(song, FlacFile)
        return song.read_native(Frames(0, song.frames))


@pytest.mark.parametrize("bits", [4, 8, 12, 16, 20, 24, 32])
@pytest.mark.parametrize("channels", [1, 2, 6, 8])
def test_any_depth_is_read_as_it_was_written(tmp_path, bits, channels):
    sound, path = noise(5_000, channels, bits), tmp_path / "song.flac"
    path.write_bytes(flac_file(sound, bits, 48_000, 1152))
    with open_song(path) as song:
        assert (song.container, song.channels, song.frames, song.rate_hz) == (
            Container.FLAC,
            channels,
            5_000,
            48_000,
        )
        assert song.sample_format.bits == bits
        assert song.lossless
        native = song.read_native(Frames(0, 5_000))
    assert native.dtype == song.sample_format.dtype
    assert np.array_equal(native, sound)


@pytest.mark.parametrize("level", [0.0, 0.625, 1.0])
@pytest.mark.parametrize("bits", [16, 24])
def test_a_window_equals_the_slice_of_the_whole(tmp_path, level, bits):
    sound, path = noise(60_001, 2, bits), tmp_path / "song.flac"
    left = (sound.T << (32 - bits)).astype(np.int32)
    soundfile.write(path, left, 44_100, subtype=f"PCM_{bits}", compression_level=level)
    with open_song(path) as song:
        for start, end in [
            (40_000, 50_000),
            (0, 1),
            (4_095, 4_097),
            (60_000, 60_001),
            (17, 17),
            (100, 60_001),
        ]:
            assert np.array_equal(song.read_native(Frames(start, end)), sound[:, start:end])


@given(data=st.data())
@settings(max_examples=30, deadline=None)
def test_our_own_decoder_reads_windows_as_libsndfile_does(tmp_path_factory, data):
    sizes = data.draw(st.lists(st.integers(16, 400), min_size=1, max_size=8))
    bits = data.draw(st.sampled_from([16, 20]))
    sound = noise(sum(sizes), 2, bits, seed=data.draw(st.integers(0, 9)))
    path = tmp_path_factory.mktemp("flac") / "song.flac"
    path.write_bytes(flac_file(sound, bits, 44_100, sizes))
    with open_song(path) as song:
        for _ in range(4):
            start = data.draw(st.integers(0, song.frames))
            end = data.draw(st.integers(start, song.frames))
            assert np.array_equal(song.read_native(Frames(start, end)), sound[:, start:end])


def test_tags_in_front_and_behind_do_not_disturb(tmp_path):
    sound, path = noise(20_000), tmp_path / "song.mp3"
    path.write_bytes(ID3V2 + flac_file(sound, 16) + ID3V1)
    assert np.array_equal(whole(path), sound)
    path.write_bytes(flac_file(sound, 16) + b"something else that is no tag of ours" * 9)
    assert np.array_equal(whole(path), sound)


@pytest.mark.parametrize("bits", [16, 20])
def test_an_unknown_length_is_taken_from_the_last_frame(tmp_path, bits):
    sound, path = noise(20_001, 2, bits), tmp_path / "song.flac"
    path.write_bytes(flac_file(sound, bits, total=0))
    with open_song(path) as song:
        assert song.frames == 20_001
        assert "length" in song.warnings[0]
        assert np.array_equal(song.read_native(Frames(19_000, 20_001)), sound[:, 19_000:])
        assert np.array_equal(song.read_native(Frames(5, 20_001)), sound[:, 5:])


def test_a_cut_off_file_is_as_long_as_its_whole_frames(tmp_path):
    sound, path = noise(40_960), tmp_path / "song.flac"
    path.write_bytes(flac_file(sound, 16)[:-3_000])
    with open_song(path) as song:
        assert song.frames < 40_960
        assert song.frames % 4096 == 0
        assert "ends early" in song.warnings[0]
        assert np.array_equal(song.read_native(Frames(0, song.frames)), sound[:, : song.frames])


def test_damage_is_said_where_it_is_read(tmp_path):
    for bits in (16, 20):
        sound, path = noise(60_000, 2, bits), tmp_path / f"{bits}.flac"
        content = bytearray(flac_file(sound, bits))
        content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
        path.write_bytes(content)
        with open_song(path) as song:
            assert np.array_equal(song.read_native(Frames(0, 8_000)), sound[:, :8_000])
            with pytest.raises(SongError, match="damaged"):
                song.read_native(Frames(8_000, 60_000))


@pytest.mark.parametrize(
    "content",
    [
        b"fLaC",
        b"fLaC" + bytes([0x80, 0, 0, 34]) + bytes(34),
        b"fLaC" + bytes([0x84, 0, 0, 0]),
        b"fLaC" + bytes([0, 0xFF, 0xFF, 0xFF]),
        flac_file(noise(100), 16)[:60],
    ],
)
def test_what_only_begins_like_flac_is_refused(tmp_path, content):
    path = tmp_path / "song.flac"
    path.write_bytes(content)
    with pytest.raises(SongError, match="FLAC"):
        open_song(path)


def test_a_window_outside_is_an_error_of_the_caller(tmp_path):
    path = tmp_path / "song.flac"
    path.write_bytes(flac_file(noise(100), 16))
    with open_song(path) as song, pytest.raises(ValueError, match="outside"):
        song.read_native(Frames(50, 101))

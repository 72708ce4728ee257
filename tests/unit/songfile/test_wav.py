import struct
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container, open_song
from punchin.songfile.wav import WavFile, WavLayout, pack, unpack
from support.sounds import chunk, noise, wav_file, wav_format, wav_sound

KINDS = [(8, False), (16, False), (24, False), (32, False), (32, True), (64, True)]


def sound_of(bits, channels, frames, is_float):
    if not is_float:
        return noise(frames, channels, bits)
    sound = np.random.default_rng(0).standard_normal((channels, frames)).astype(f"f{bits // 8}")
    sound[0, :4] = np.nan, np.inf, -1e-40, 7.5
    return sound


def write(tmp_path, content):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("magic", [b"RIFF", b"RIFX"])
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize(("bits", "is_float"), KINDS)
def test_every_kind_is_read_bit_for_bit(tmp_path, magic, extensible, bits, is_float):
    order = ">" if magic == b"RIFX" else "<"
    sound = sound_of(bits, 3, 101, is_float)
    fmt = wav_format(bits, 3, 37_123, is_float=is_float, extensible=extensible, order=order)
    raw = wav_sound(sound, bits, is_float=is_float, order=order)
    path = write(
        tmp_path, wav_file(fmt, raw, magic=magic, before=chunk(b"odd ", b"abc", order), after=b"tail")
    )
    with open_song(path) as song:
        assert isinstance(song, WavFile)
        assert (song.rate_hz, song.channels, song.frames) == (37_123, 3, 101)
        assert (song.sample_format.bits, song.sample_format.is_float) == (bits, is_float)
        native = song.read_native(Frames(7, 90))
        assert native.dtype == song.sample_format.dtype
        assert native.tobytes() == np.ascontiguousarray(sound[:, 7:90].astype(native.dtype)).tobytes()
        assert pack(song.read_native(Frames(0, 101)), song.layout) == raw


@given(st.binary(min_size=0, max_size=480), st.sampled_from(KINDS), st.booleans(), st.integers(1, 4))
def test_packing_undoes_unpacking(raw, kind, big_endian, channels):
    bits, is_float = kind
    block = channels * bits // 8
    raw = raw[: len(raw) // block * block]
    layout = WavLayout(0, len(raw), block, bits // 8, big_endian, is_float, channels, 44_100, ())
    if is_float and np.isnan(np.frombuffer(raw, f"{'>' if big_endian else '<'}f{bits // 8}")).any():
        return  # processors may set the quiet bit of a NaN; splicing never packs what it did not make
    assert pack(unpack(raw, layout), layout) == raw


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
def test_libsndfile_reads_the_same(tmp_path, subtype):
    path = tmp_path / "song.wav"
    soundfile.write(path, np.random.default_rng(0).uniform(-0.9, 0.9, (500, 2)), 44_100, subtype=subtype)
    with open_song(path) as song:
        assert isinstance(song, WavFile)
        theirs = soundfile.read(path, dtype="float64")[0].T
        assert np.array_equal(
            song.sample_format.to_float(song.read_native(Frames(0, 500)), np.float64), theirs
        )


def test_valid_bits_below_the_container_are_kept_with_it(tmp_path):
    sound = noise(50, 2, 24) << 8
    fmt = wav_format(32, 2, extensible=True, valid_bits=24)
    with open_song(write(tmp_path, wav_file(fmt, wav_sound(sound, 32)))) as song:
        assert np.array_equal(song.read_native(Frames(0, 50)), sound)


@pytest.mark.parametrize("said", [0, 0xFFFFFFFF, 1_000_000])
def test_a_lying_size_gives_what_is_there(tmp_path, said):
    sound = noise(1_000)
    raw = wav_sound(sound, 16)
    content = wav_file(wav_format(16, 2), b"")[:-8] + chunk(b"data", raw, length=said) + b"\x01"
    with open_song(write(tmp_path, content)) as song:
        assert song.frames == 1_000
        assert len(song.warnings) == 1
        assert np.array_equal(song.read_native(Frames(0, 1_000)), sound)


def test_sound_that_is_empty_is_not_the_chunk_behind_it(tmp_path):
    content = wav_file(wav_format(16, 2), b"", after=chunk(b"LIST", b"INFO" + bytes(40)))
    with pytest.raises(SongError, match="no sound"):
        open_song(write(tmp_path, content))


@pytest.mark.parametrize("magic", [b"RF64", b"BW64"])
def test_over_four_gigabytes(tmp_path, magic):
    sound_bytes = 5 * 2**30
    path = tmp_path / "long.wav"
    ds64 = chunk(b"ds64", struct.pack("<QQQI", sound_bytes + 100, sound_bytes, sound_bytes // 4, 0))
    head = wav_file(wav_format(16, 2), b"", magic=magic, before=ds64)[:-8] + b"data\xff\xff\xff\xff"
    last = wav_sound(noise(10), 16)
    with path.open("wb") as file:
        file.write(head)
        file.seek(len(head) + sound_bytes - len(last))  # a hole: no disk is used
        file.write(last + chunk(b"LIST", b"INFO"))
    with open_song(path) as song:
        assert song.container is Container.WAV
        assert song.frames == sound_bytes // 4
        assert song.warnings == ()
        assert np.array_equal(song.read_native(Frames(song.frames - 10, song.frames)), noise(10))
        assert not song.read_native(Frames(3_000_000_00, 3_000_000_05)).any()


@pytest.mark.parametrize("subtype", ["ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM"])
def test_coded_samples_are_read_by_libsndfile(tmp_path, subtype):
    path = tmp_path / "song.wav"
    soundfile.write(path, noise(20_000).T.astype(np.int16), 44_100, subtype=subtype)
    whole = soundfile.read(path, dtype="int16")[0].T
    with open_song(path) as song:
        assert not song.lossless
        assert song.sample_format.bits == 16
        for start, end in [(9_000, 12_000), (0, 5), (12_345, 12_346)]:
            assert np.array_equal(song.read_native(Frames(start, end)), whole[:, start:end])


@pytest.mark.parametrize(
    "content",
    [
        b"RIFF\0\0\0\0WAVE",
        b"RIFF\0\0\0\0WAVE" + chunk(b"data", bytes(100)),
        b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", wav_format(16, 2)),
        b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", bytes(16)) + chunk(b"data", bytes(100)),
        b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", wav_format(16, 2)[:10]) + chunk(b"data", bytes(100)),
        b"RIFF\0\0\0\0WAVE" + chunk(b"junk", b"") * 20_000 + chunk(b"data", bytes(100)),
    ],
)
def test_damaged_headers_are_refused(tmp_path, content):
    with pytest.raises(SongError):
        open_song(write(tmp_path, content))


@given(st.binary(max_size=200))
def test_rubbish_behind_the_magic_gives_a_song_or_one_error(tmp_path_factory, rubbish):
    path = tmp_path_factory.mktemp("wav") / "song.wav"
    path.write_bytes(b"RIFF\0\0\0\0WAVE" + chunk(b"fmt ", wav_format(16, 2)) + rubbish)
    with suppress(SongError):
        open_song(path).close()

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from punchin.errors import OutputError
from punchin.region import Frames
from punchin.songfile import Container, SampleFormat, open_song
from punchin.splice import Method, Patch, as_stored, splicer_for
from punchin.splice.recode import RecodeSplicer, patched_blocks
from support.songs import made_song
from support.sounds import chunk, flac_file, flac_test, noise, wav_file, wav_format, wav_sound

PICTURE = (
    struct.pack(">II", 3, 9)
    + b"image/png"
    + struct.pack(">I", 0)
    + bytes(16)
    + struct.pack(">I", 4)
    + b"\x89PNG"
)


def comments(*pairs):
    texts = [f"{name}={value}".encode() for name, value in pairs]
    return struct.pack("<II", 0, len(texts)) + b"".join(struct.pack("<I", len(text)) + text for text in texts)


def written(song, container, output, patches=()):
    with output.open("w+b") as file:
        return splicer_for(song, container).write(patches, file, lambda _: None)


@given(st.integers(2, 32), st.integers(2, 32), st.lists(st.floats(-1, 1), min_size=1, max_size=20))
def test_more_bits_and_back_is_nothing(few, many, values):
    few, many = sorted((few, many))
    fewer, more = SampleFormat(few), SampleFormat(many)
    native = np.array([values]) * (fewer.full_scale - 1)
    native = native.astype(fewer.dtype)
    wider = as_stored(native, fewer, more)
    assert wider.dtype == more.dtype
    assert np.array_equal(more.to_float(wider, np.float64), fewer.to_float(native, np.float64))
    assert np.array_equal(as_stored(wider, more, fewer), native)


def test_floats_are_rounded_and_clipped():
    native = np.array([[0.5, -1.0, 1.0, 2.0, -3.0, np.nan, np.inf, 0.4 / 32768, 0.6 / 32768]], np.float32)
    stored = as_stored(native, SampleFormat(32, True), SampleFormat(16))
    assert stored.tolist() == [[16384, -32768, 32767, 32767, -32768, 0, 32767, 0, 1]]


@pytest.mark.parametrize("bits", [8, 12, 16, 20, 24, 32])
@pytest.mark.parametrize("container", [Container.WAV, Container.FLAC])
def test_lossless_stays_lossless(tmp_path, bits, container):
    sound = noise(70_000, 2, bits)
    source, output = tmp_path / "a", tmp_path / "b"
    if bits in (12, 20) or container is Container.WAV:
        source.write_bytes(flac_file(sound, bits))
    else:
        source.write_bytes(wav_file(wav_format(bits, 2), wav_sound(sound, bits)))
    patch = Patch(Frames(65_000, 66_000), np.zeros((2, 1_000), SampleFormat(bits).dtype))
    sound[:, 65_000:66_000] = 0
    with open_song(source) as song:
        if bits == 32 and container is Container.FLAC:
            with pytest.raises(OutputError, match="--format wav"):
                RecodeSplicer(song, container)
            return
        with output.open("w+b") as file:
            splice = RecodeSplicer(song, container, "why").write([patch], file, lambda _: None)
    assert (splice.method, splice.container, splice.why) == (Method.LOSSLESS, container, "why")
    with open_song(output) as song:
        assert song.container is container
        native = song.read_native(Frames(0, song.frames))
        assert np.array_equal(native, as_stored(sound, SampleFormat(bits), song.sample_format))
    if container is Container.FLAC:
        flac_test(output)


@pytest.mark.parametrize("container", [Container.OGG, Container.MP3, Container.OPUS])
@pytest.mark.parametrize("channels", [1, 2])
def test_lossy_keeps_length_and_place(tmp_path, container, channels):
    made = made_song(3.0, 48_000, channels)
    source, output = tmp_path / "a.wav", tmp_path / "b"
    soundfile.write(source, made.samples.T, 48_000, subtype="FLOAT")
    with open_song(source) as song:
        splice = written(song, container, output)
    assert splice.method is Method.LOSSY
    assert "outside the region" in splice.why
    with open_song(output) as song:
        assert song.container is container
        assert song.frames == made.frames
        decoded = song.read(Frames(0, song.frames)).samples

    def error(lag):
        return np.sqrt(np.mean((np.roll(decoded, lag, axis=1) - made.samples) ** 2))

    assert error(0) < 0.1 * np.sqrt(np.mean(made.samples**2))
    assert error(0) < min(error(-1), error(1))


@pytest.mark.parametrize("channels", [1, 2])
def test_the_whole_song_is_given_in_blocks_with_its_patches(tmp_path, channels):
    sound = noise(1_000, channels)
    path = tmp_path / "a.wav"
    path.write_bytes(wav_file(wav_format(16, channels), wav_sound(sound, 16)))
    patches = [
        Patch(Frames(95, 105), np.ones((channels, 10), np.int16)),
        Patch(Frames(105, 400), np.zeros((channels, 295), np.int16)),
    ]
    with open_song(path) as song:
        blocks = list(patched_blocks(song, patches, 100))
    sound[:, 95:105], sound[:, 105:400] = 1, 0
    assert [block for block, _ in blocks] == [Frames(at, at + 100) for at in range(0, 1_000, 100)]
    assert np.array_equal(np.concatenate([native for _, native in blocks], axis=1), sound)


def test_what_a_format_cannot_hold_is_refused(tmp_path):
    for channels, rate_hz, container, words in [
        (3, 44_100, Container.MP3, "1 or 2 channels"),
        (2, 96_000, Container.MP3, "96000 Hz"),
        (2, 44_100, Container.OPUS, "44100 Hz"),
        (3, 48_000, Container.OPUS, "3 channels"),
        (2, 44_100, Container.M4A, "m4a files are not written"),
        (2, 44_100, Container.AIFF, "aiff files are not written"),
    ]:
        path = tmp_path / "a.wav"
        path.write_bytes(wav_file(wav_format(16, channels, rate_hz), wav_sound(noise(10, channels), 16)))
        with open_song(path) as song, pytest.raises(OutputError, match=words):
            splicer_for(song, container)


def test_clipping_is_counted(tmp_path):
    path = tmp_path / "a.wav"
    loud = np.array([[0.0, 1.5, -2.0, 1.0]], np.float32)
    path.write_bytes(wav_file(wav_format(32, 1, is_float=True), wav_sound(loud, 32, is_float=True)))
    with open_song(path) as song:
        splice = written(song, Container.FLAC, tmp_path / "b")
    assert any("2 samples beyond full scale" in warning for warning in splice.warnings)
    assert any("rounded to 24-bit" in warning for warning in splice.warnings)


def test_tags_and_pictures_go_into_flac(tmp_path):
    source, middle, output = tmp_path / "a.flac", tmp_path / "b.ogg", tmp_path / "c.flac"
    body = comments(("title", "A=B"), ("ARTIST", "one"), ("ARTIST", "två"), ("MOOD", "blue"))
    source.write_bytes(flac_file(noise(5_000, bits=20), 20, blocks=[(4, body), (6, PICTURE), (6, PICTURE)]))
    with open_song(source) as song, output.open("w+b") as file:
        splice = RecodeSplicer(song, Container.FLAC).write([], file, lambda _: None)
    assert splice.warnings == ()
    flac_test(output)
    read = soundfile.SoundFile(output)
    assert (read.title, read.artist.split("\0")[0], read.frames) == ("A=B", "one", 5_000)
    read.close()
    from punchin.splice.tags import tags_of

    with open_song(output) as song:
        tags = tags_of(song)
        assert tags.comments == (("TITLE", "A=B"), ("ARTIST", "one"), ("ARTIST", "två"), ("MOOD", "blue"))
        assert tags.pictures == (PICTURE, PICTURE)
        assert np.array_equal(song.read_native(Frames(0, 5_000)), noise(5_000, bits=20) << 4)
        splice = written(song, Container.OGG, middle)
    assert "MOOD" in splice.warnings[0]
    assert "2 pictures" in splice.warnings[0]
    with open_song(middle) as song:
        assert {("TITLE", "A=B"), ("ARTIST", "one; två")} <= set(tags_of(song).comments)
        written(song, None, output)
    with open_song(output) as song:
        assert ("TITLE", "A=B") in tags_of(song).comments


def test_text_goes_into_wav_and_mp3_and_chunks_are_named(tmp_path):
    source, output = tmp_path / "a.wav", tmp_path / "b"
    text = b"INFO" + chunk(b"INAM", b"The title\0") + chunk(b"IART", b"Me\0")
    extra = chunk(b"LIST", text) + chunk(b"cue ", bytes(28))
    source.write_bytes(wav_file(wav_format(16, 2), wav_sound(noise(5_000), 16), after=extra))
    with open_song(source) as song:
        for container in (Container.MP3, Container.OGG, Container.FLAC):
            splice = written(song, container, output)
            assert "'cue'" in splice.warnings[0]
            with soundfile.SoundFile(output) as read:
                assert (read.title, read.artist) == ("The title", "Me")


def test_a_full_disk_is_met_as_such(tmp_path):
    source = tmp_path / "a.wav"
    source.write_bytes(wav_file(wav_format(16, 2), wav_sound(noise(5_000), 16)))
    for container in (Container.FLAC, Container.OGG, Container.MP3):
        with (
            open_song(source) as song,
            Path("/dev/full").open("w+b", buffering=0) as full,
            pytest.raises(OSError, match="space"),
        ):
            RecodeSplicer(song, container).write([], full, lambda _: None)

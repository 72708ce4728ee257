import io

import pytest

from punchin.errors import SongError
from punchin.songfile import open_song
from punchin.songfile.sniff import Kind, kind_of
from support.sounds import flac_file, noise, wav_file, wav_format, wav_sound


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "a PNG picture"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"ffconcat version 1.0\nfile secret.wav\n", "an FFmpeg script"),
        (b"#EXTM3U\nfile:///etc/passwd\n", "a playlist"),
        (b'{"a": 1}', "JSON"),
        (b"Dear sir,\n", "text"),
        (bytes(100), "something unknown"),
        (b"MThd\0\0\0\6", "notes, not sound"),
    ],
)
def test_what_is_not_music_is_named(tmp_path, content, words):
    path = tmp_path / "song.wav"
    path.write_bytes(content)
    with pytest.raises(SongError, match=words):
        open_song(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(SongError, match="does not exist"):
        open_song(tmp_path / "no.wav")
    with pytest.raises(SongError, match="is a folder"):
        open_song(tmp_path)
    with pytest.raises(SongError, match="cannot be read"):
        open_song("a\0b.wav")


def test_the_name_does_not_matter(tmp_path):
    for ending in ("mp3", "txt", "vox"):
        path = tmp_path / f"song.{ending}"
        path.write_bytes(flac_file(noise(5_000), 16))
        with open_song(path) as song:
            assert song.container == "flac"


def test_limits_of_rate_and_channels(tmp_path):
    path = tmp_path / "song.wav"
    for rate_hz, channels, words in [
        (7_999, 1, "7999 Hz"),
        (192_001, 1, "192001 Hz"),
        (44_100, 9, "9 channels"),
    ]:
        path.write_bytes(wav_file(wav_format(16, channels, rate_hz), wav_sound(noise(10, channels), 16)))
        with pytest.raises(SongError, match=words):
            open_song(path)
    for rate_hz in (8_000, 192_000):
        path.write_bytes(wav_file(wav_format(16, 8, rate_hz), wav_sound(noise(10, 8), 16)))
        open_song(path).close()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"RIFF....WAVE", Kind.WAV),
        (b"RIFF....AVI ", None),
        (b"FORM....AIFC", Kind.SNDFILE),
        (b"\0\0\0\x20ftypM4A ", Kind.M4A),
        (b"\xff\xfb\x90\x64", Kind.MP3),
        (b"\xff\xf1\x50\x80", None),  # AAC without a container
        (b"\xff\xfb\xf0\x64", None),
        (b"OggS", Kind.OGG),
        (b"ID3", Kind.MP3),
    ],
)
def test_first_bytes_tell(head, kind):
    assert kind_of(head) is kind


def test_a_closed_file_is_let_go(tmp_path):
    path = tmp_path / "song.flac"
    path.write_bytes(flac_file(noise(5_000), 16))
    song = open_song(path)
    song.close()
    assert isinstance(song._file, io.BufferedReader)
    assert song._file.closed

import builtins

import numpy as np
import pytest

from punchin.errors import SongError
from punchin.region import Frames
from punchin.songfile import Container, open_song
from punchin.songfile.m4a import M4aFile
from punchin.songfile.mp4boxes import is_protected
from support.songs import made_song
from support.sounds import by_ffmpeg

av = pytest.importorskip("av", reason="no PyAV (pip install 'punchin[m4a]')")


def write_m4a(path, codec, kbit=128, form="s16p", rate_hz=44_100):
    sound = (
        made_song(5.0, rate_hz).samples + np.random.default_rng(0).standard_normal((2, 5 * rate_hz)) * 0.02
    )
    scale = {"fltp": 1.0, "s16p": 2.0**15, "s32p": 2.0**31}[form]
    kind = {"fltp": np.float32, "s16p": np.int16, "s32p": np.int32}[form]
    with av.open(str(path), "w", format="mp4") as media:
        media.metadata.update({"title": "A song", "artist": "Somebody", "track": "3"})
        stream = media.add_stream(codec, rate=rate_hz, layout="stereo", format=form)
        if codec == "aac":
            stream.bit_rate = kbit * 1000
        frame = av.AudioFrame.from_ndarray((sound * scale).astype(kind), format=form, layout="stereo")
        frame.sample_rate = rate_hz
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            media.mux(packet)
    return path


# At 48 kbit/s FFmpeg's encoder substitutes noise, whose decoding depends on all that was decoded before.
@pytest.mark.parametrize(
    ("codec", "kbit", "form"),
    [("aac", 128, "fltp"), ("aac", 48, "fltp"), ("alac", 0, "s16p"), ("alac", 0, "s32p")],
)
def test_windows_equal_the_whole(tmp_path, codec, kbit, form):
    path = write_m4a(tmp_path / "song.m4a", codec, kbit, form)
    whole = by_ffmpeg(path)
    with open_song(path) as song:
        assert isinstance(song, M4aFile)
        assert (song.container, song.rate_hz, song.channels) == (Container.M4A, 44_100, 2)
        assert song.lossless == (codec == "alac")
        assert whole.shape[1] - 1024 < song.frames <= whole.shape[1]
        if song.lossless:
            assert song.sample_format.bits == (16 if form == "s16p" else 24)
            whole = whole >> (whole.dtype.itemsize * 8 - song.sample_format.bits)
        starts = np.random.default_rng(1).integers(0, song.frames - 3_000, 12).tolist()
        for start in [*starts, 0, song.frames - 3_000, song.frames - 3_000]:
            native = song.read_native(Frames(start, start + 3_000))
            assert native.dtype == song.sample_format.dtype
            assert np.array_equal(native, whole[:, start : start + 3_000]), start
        parts = np.concatenate(list(song.blocks(Frames(0, song.frames), 7_001)), axis=1)
        assert np.array_equal(parts, whole[:, : song.frames])
        with pytest.raises(ValueError, match="outside"):
            song.read_native(Frames(0, song.frames + 1))


def test_a_protected_song_is_refused(tmp_path):
    path = write_m4a(tmp_path / "song.m4a", "aac", form="fltp")
    content = path.read_bytes()
    assert content.count(b"mp4a") == 1
    path.write_bytes(content.replace(b"mp4a", b"drms"))
    with pytest.raises(SongError, match="copy-protected"):
        open_song(path)
    assert is_protected([b"mp4a", b"enca"])
    assert not is_protected([b"mp4a", b"jpeg"])


def test_without_pyav_the_command_that_helps_is_named(tmp_path, monkeypatch):
    path = write_m4a(tmp_path / "song.m4a", "aac", form="fltp")
    real = builtins.__import__

    def without_av(name, *rest):
        if name.partition(".")[0] == "av":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without_av)
    with pytest.raises(SongError, match=r"pip install 'punchin\[m4a\]'"):
        open_song(path)


def test_files_that_only_look_like_it_are_refused(tmp_path):
    path = write_m4a(tmp_path / "song.m4a", "aac", form="fltp")
    content = path.read_bytes()
    cut = tmp_path / "cut.m4a"
    for part in (content[:40], content[: content.index(b"moov")], content[: content.index(b"stbl")]):
        cut.write_bytes(part)
        with pytest.raises(SongError):
            open_song(cut)
    cut.write_bytes(b"\0\0\0\x10ftypheic\0\0\0\0" + bytes(100))
    with pytest.raises(SongError, match="no index"):
        open_song(cut)


def test_tags_are_told(tmp_path):
    path = write_m4a(tmp_path / "song.m4a", "aac", form="fltp")
    with open_song(path) as song:
        tags, covers = song.read_tags()
    assert (tags["title"], tags["artist"], covers) == ("A song", "Somebody", [])

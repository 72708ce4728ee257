"""Paths that are no files, files that lead elsewhere, and files that change while they are read."""

import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys

import numpy as np
import pytest
import soundfile

import punchin
from punchin.cli import main
from punchin.errors import OutputError, PunchinError, ReceiptError, SongError
from punchin.region import Frames
from punchin.songfile import open_song
from punchin.splice.writing import check_output
from support.hostile_files import HOSTILE, bytes_of
from support.songs import made_song, wav_of

LIMIT_S = 5
"""A pipe without a writer would keep its reader for ever."""


@pytest.fixture(autouse=True)
def nothing_hangs():
    def stop(*_):
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 20 * LIMIT_S)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A path of each kind that is no song, by what the error must say."""
    folder = tmp_path_factory.mktemp("odd")
    os.mkfifo(folder / "pipe.wav")
    (folder / "to-pipe.wav").symlink_to("pipe.wav")
    (folder / "loop.wav").symlink_to("loop.wav")
    (folder / "nowhere.wav").symlink_to("missing.wav")
    (folder / "folder.wav").mkdir()
    with contextlib.chdir(folder), socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.wav")
        yield {
            folder / "pipe.wav": "is a pipe",
            folder / "to-pipe.wav": "is a pipe",
            folder / "loop.wav": "symbolic links",
            folder / "nowhere.wav": "does not exist",
            folder / "folder.wav": "is a folder",
            folder / "socket.wav": "is a socket",
            folder / ("x" * 300): "name too long",
            "/dev/zero": "is a device",
            "/dev/stdin/x": "cannot be read",
            "a\0b.wav": "cannot be read",
        }


def in_time(do, *arguments, **more):
    """What it raises, which must come soon."""
    signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
    try:
        do(*arguments, **more)
    except PunchinError as error:
        return error
    raise AssertionError("it was taken")


def test_the_library_says_what_is_no_file(places, tmp_path):
    good = wav_of(made_song(1.0, 8000, 1), tmp_path / "good.wav")
    for path, said in places.items():
        for error in (
            in_time(punchin.edit, path, 0.2, 0.5, engine="tone", output=tmp_path / "out.wav"),
            in_time(punchin.verify, path, good),
            in_time(punchin.verify, good, path),
        ):
            assert isinstance(error, SongError), (path, error)
            assert said in str(error).lower(), (path, error)
        assert isinstance(in_time(punchin.verify, good, good, path), ReceiptError), path
        assert isinstance(in_time(punchin.replay, path), ReceiptError), path


@pytest.mark.parametrize(
    "words",
    [
        ["edit", "PATH", "0.2", "0.5", "--engine", "tone"],
        ["info", "PATH"],
        ["verify", "PATH", "GOOD"],
        ["replay", "PATH"],
    ],
    ids=lambda words: words[0],
)
def test_the_command_says_it_in_a_line(places, tmp_path, monkeypatch, capsys, words):
    good = wav_of(made_song(1.0, 8000, 1), tmp_path / "good.wav")
    for path, said in places.items():
        if "\0" in str(path):
            continue  # no program can be given that
        given = {"PATH": str(path), "GOOD": str(good)}
        monkeypatch.setattr(sys, "argv", ["punchin", *(given.get(word, word) for word in words)])
        monkeypatch.setattr(signal, "signal", lambda *_: None)
        signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
        with pytest.raises(SystemExit) as left:
            main()
        told = capsys.readouterr().err
        assert left.value.code == 3, (path, told)
        assert "Traceback" not in told
        assert said in " ".join(told.lower().split()) or words[0] == "replay", (path, told)


def test_an_output_never_takes_the_place_of_a_device(places, tmp_path):
    good = wav_of(made_song(1.0, 8000, 1), tmp_path / "good.wav")
    for path in (next(iter(places)), "/dev/null"):
        error = in_time(
            punchin.edit, good, 0.2, 0.5, engine="tone", output=path, format="wav", overwrite=True
        )
        assert isinstance(error, OutputError)
        assert "no plain file" in str(error)
    with pytest.raises(OutputError, match="no plain file"):
        check_output(next(iter(places)), good, overwrite=False)


def test_hours_in_megabytes_are_refused_by_library_and_command(tmp_path, monkeypatch, capsys):
    for hostile in (each for each in HOSTILE if each.name.startswith("bomb-")):
        path = tmp_path / hostile.name
        path.write_bytes(bytes_of(hostile))
        with pytest.raises(SongError, match=r"of sound in 0\.\d+ MB .* 1:00:00.000 may become 1000 times"):
            punchin.edit(path, 1, 2, engine="tone")
        monkeypatch.setattr(sys, "argv", ["punchin", "info", str(path)])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 3
        assert "decode it to WAV" in " ".join(capsys.readouterr().err.split())
        with open_song(path, any_length=True) as song:
            assert song.duration_s > 3600


def test_an_honest_long_song_is_no_bomb(tmp_path):
    path = tmp_path / "long.wav"
    with soundfile.SoundFile(path, "w", 8000, 1, "PCM_U8") as out:
        out.seek(0)
    with path.open("r+b") as file:  # holes: two hours that take no room on the disk
        head = bytearray(file.read(44))
        frames = 2 * 3600 * 8000
        head[40:44], head[4:8] = struct.pack("<I", frames), struct.pack("<I", frames + 36)
        file.seek(0)
        file.write(head)
        file.truncate(44 + frames)
    with open_song(path) as song:
        assert song.duration_s == 7200


class Opened:
    """The names of files that are opened in a folder, whoever does it: inotify(7)."""

    IN_OPEN, IN_NONBLOCK = 0x20, 0x800

    def __init__(self, folder):
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(self.IN_NONBLOCK)
        assert libc.inotify_add_watch(self._handle, os.fsencode(folder), self.IN_OPEN) >= 0

    def names(self):
        found = set()
        with contextlib.suppress(BlockingIOError):
            while told := os.read(self._handle, 1 << 16):
                at = 0
                while at < len(told):
                    length = struct.unpack_from("iIII", told, at)[3]
                    found.add(told[at + 16 : at + 16 + length].rstrip(b"\0").decode())
                    at += 16 + length
        return found

    def close(self):
        os.close(self._handle)


def box(name, content):
    return struct.pack(">I4s", len(content) + 8, name) + content


def with_alias(data, target):
    """An MP4 whose sound is said to lie in another file: a Mac alias (as FFmpeg's mov_read_dref reads it)."""
    name = target.encode()
    # 10 bytes, volume in 28, 12 bytes, file in 64, 16 bytes, levels from and to, 16 bytes, then type, length.
    alias = bytes(10) + b"\4disk".ljust(28, b"\0") + bytes(12) + (bytes([len(name)]) + name).ljust(64, b"\0")
    alias += bytes(16) + struct.pack(">hh", 1, 1) + bytes(16)
    for kind, text in ((18, b"/" + name), (0, b"."), (2, name)):
        alias += struct.pack(">hH", kind, len(text)) + text + b"\0" * (len(text) & 1)
    entry = box(b"alis", bytes(4) + alias + struct.pack(">hH", -1, 0))
    return _replaced(data, box(b"url ", b"\0\0\0\1"), entry)


def _replaced(data, old, new):
    """Each box with its content changed, and its length."""
    out, at = b"", 0
    while at + 8 <= len(data):
        length, name = struct.unpack_from(">I4s", data, at)
        content = data[at + 8 : at + length]
        if data[at : at + length] == old:
            out += new
        elif name in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
            out += box(name, _replaced(content, old, new))
        elif name == b"dref":
            out += box(name, content[:8] + _replaced(content[8:], old, new))
        else:
            out += data[at : at + length]
        at += length
    return out


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
def test_no_file_leads_to_another(tmp_path):
    av = pytest.importorskip("av", reason="M4A is read by PyAV (pip install 'punchin[m4a]')")
    m4a = bytes_of(next(each for each in HOSTILE if each.name == "song.m4a"))
    wav_of(made_song(1.0, 8000, 1), tmp_path / "secret.wav")
    (tmp_path / "secret.m4a").write_bytes(m4a)
    here = str(tmp_path)
    lines = {
        "list.wav": f"ffconcat version 1.0\nfile {here}/secret.wav\n",
        "list.mp3": f"#EXTM3U\n#EXTINF:1,\nfile://{here}/secret.wav\n#EXT-X-ENDLIST\n",
        "list.m4a": "concat:secret.wav|secret.m4a\n",
        "mpd.m4a": f"<MPD><BaseURL>file://{here}/secret.m4a</BaseURL></MPD>",
        "box.m4a": f"\0\0\0\x18ftypM4A \0\0\0\0#EXTM3U\nfile://{here}/secret.wav\n",
        "subfile,,start,0,end,0,,:secret.wav": "",
    }
    for name, text in lines.items():
        (tmp_path / name.replace("/", "")).write_text(text)
    (tmp_path / "alias.m4a").write_bytes(with_alias(m4a, "secret.m4a"))
    watched = Opened(tmp_path)
    try:
        for path in sorted(tmp_path.iterdir()):
            if path.name.startswith("secret"):
                continue
            watched.names()
            with contextlib.suppress(SongError), open_song(path) as song:
                song.read_native(Frames(0, min(song.frames, 4000)))
            assert watched.names() <= {path.name}
        # FFmpeg itself would have followed it, so that there was something to be kept from.
        with (
            contextlib.suppress(av.error.FFmpegError),
            av.open(str(tmp_path / "alias.m4a"), options={"enable_drefs": "1"}) as media,
        ):
            next(media.demux(media.streams.audio[0]))
        assert "secret.m4a" in watched.names()
    finally:
        watched.close()


FORMATS = {"wav": "PCM_16", "flac": "PCM_16", "mp3": "MPEG_LAYER_III", "ogg": "VORBIS"}


@pytest.fixture(scope="module")
def songs(tmp_path_factory):
    """The bytes of two songs of each format, of one length in frames."""
    folder = tmp_path_factory.mktemp("songs")
    found = {}
    for form, subtype in FORMATS.items():
        both = []
        for seed in (0, 1):
            path = folder / f"{seed}.{form}"
            sound = made_song(2.0, 22_050, 1, seed=seed).samples.T
            soundfile.write(path, sound * (1 - seed / 2), 22_050, subtype)
            both.append(path.read_bytes())
        found[form] = both
    return found


def cut(path, other):
    os.truncate(path, path.stat().st_size // 3)


def overwrite(path, other):
    with path.open("r+b") as file:
        file.write(other)


def replace(path, other):
    (path.parent / "new").write_bytes(other)
    (path.parent / "new").replace(path)


def grow(path, other):
    with path.open("ab") as file:
        file.write(other)


@pytest.mark.parametrize("change", [cut, overwrite, replace, grow, lambda path, other: path.unlink()],
                         ids=["cut", "overwrite", "replace", "grow", "remove"])  # fmt: skip
@pytest.mark.parametrize("form", FORMATS)
def test_a_song_that_changes_while_it_is_edited(tmp_path, songs, form, change):
    for stage in ("fill", "splice", "prove"):
        path, output = tmp_path / f"song.{form}", tmp_path / f"out.{'flac' if form == 'ogg' else form}"
        path.write_bytes(songs[form][0])
        done = []

        def progress(told, fraction, stage=stage, path=path, done=done):
            if told == stage and not done:
                done.append(told)
                change(path, songs[form][1])

        with pytest.raises(SongError, match=r"changed|shorter|damaged|ends|does not exist"):
            punchin.edit(path, 0.7, 1.2, engine="tone", seed=1, output=output, progress=progress)
        assert done
        assert {each.name for each in tmp_path.iterdir()} <= {path.name}, "something is left"
        path.unlink(missing_ok=True)


def test_a_song_whose_sound_is_not_steady_is_no_fault_of_ours(tmp_path):
    path = tmp_path / "odd.mp3"
    path.write_bytes(bytes_of(next(each for each in HOSTILE if each.name == "only-headers.mp3")))
    with pytest.raises(SongError, match="depends on where reading begins"):
        punchin.edit(path, 0.3, 0.6, engine="tone", seed=1)
    with open_song(wav_of(made_song(1.0, 8000, 1), tmp_path / "good.wav")) as song:
        assert song.is_steady(0)
        assert song.is_steady(5000)
        assert np.any(song.read_native(Frames(0, 100)))

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from punchin.errors import Cancelled, OutputError
from punchin.splice import check_output, whole_file, writing
from punchin.splice.writing import FORGOTTEN_S


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "song.wav"
    path.write_bytes(b"the song")
    return path


def left(folder):
    return sorted(path.name for path in folder.iterdir())


def write(path, source, content=b"new", overwrite=False):
    with whole_file(path, overwrite=overwrite, protect=source) as file:
        assert not path.exists() or overwrite
        file.write(content)


def test_it_appears_whole(tmp_path, source):
    write(tmp_path / "out.wav", source)
    assert (tmp_path / "out.wav").read_bytes() == b"new"
    assert left(tmp_path) == ["out.wav", "song.wav"]


@pytest.mark.parametrize("failure", [KeyboardInterrupt, Cancelled, SystemExit, RuntimeError])
def test_what_breaks_off_leaves_nothing(tmp_path, source, failure):
    def broken_off():
        with whole_file(tmp_path / "out.wav", overwrite=False, protect=source) as file:
            file.write(b"half")
            raise failure

    with pytest.raises(failure):
        broken_off()
    assert left(tmp_path) == ["song.wav"]


def test_an_existing_file_is_kept_unless_it_may_go(tmp_path, source):
    out = tmp_path / "out.wav"
    out.write_bytes(b"old")
    with pytest.raises(OutputError, match="--overwrite"):
        write(out, source)
    assert out.read_bytes() == b"old"
    with pytest.raises(Cancelled), whole_file(out, overwrite=True, protect=source):
        raise Cancelled
    assert out.read_bytes() == b"old"
    write(out, source, overwrite=True)
    assert out.read_bytes() == b"new"
    assert left(tmp_path) == ["out.wav", "song.wav"]


def test_a_file_that_comes_into_being_meanwhile_is_kept(tmp_path, source):
    out = tmp_path / "out.wav"
    with (
        pytest.raises(OutputError, match="came into being"),
        whole_file(out, overwrite=False, protect=source),
    ):
        out.write_bytes(b"somebody else's")
    assert out.read_bytes() == b"somebody else's"
    assert left(tmp_path) == ["out.wav", "song.wav"]


@pytest.mark.parametrize("kind", ["itself", "symbolic link", "hard link", "through a folder"])
def test_the_source_is_never_written(tmp_path, source, kind):
    out = tmp_path / "out.wav"
    if kind == "itself":
        out = source
    elif kind == "symbolic link":
        out.symlink_to(source)
    elif kind == "hard link":
        out.hardlink_to(source)
    else:
        (tmp_path / "folder").mkdir()
        out = tmp_path / "folder" / ".." / "song.wav"
    for overwrite in (False, True):
        with pytest.raises(OutputError, match="the song itself"):
            write(out, source, overwrite=overwrite)
    assert source.read_bytes() == b"the song"


def test_a_symbolic_link_is_replaced_not_followed(tmp_path, source):
    other, out = tmp_path / "other.wav", tmp_path / "out.wav"
    other.write_bytes(b"other")
    out.symlink_to(other)
    write(out, source, overwrite=True)
    assert other.read_bytes() == b"other"
    assert out.read_bytes() == b"new"
    assert not out.is_symlink()


def test_a_link_into_nothing_is_no_free_name(tmp_path, source):
    out = tmp_path / "out.wav"
    out.symlink_to(tmp_path / "gone")
    with pytest.raises(OutputError):
        write(out, source)
    assert left(tmp_path) == ["out.wav", "song.wav"]


def test_places_that_cannot_be(tmp_path, source):
    with pytest.raises(OutputError, match="there is no folder"):
        check_output(tmp_path / "no" / "out.wav", source, overwrite=False)
    with pytest.raises(OutputError, match="is a folder"):
        check_output(tmp_path, source, overwrite=True)
    with pytest.raises(OutputError, match="cannot be written"):
        write(tmp_path / ("x" * 300), source)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_said(tmp_path, source):
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="may not be written"):
        write(folder / "out.wav", source)


def test_no_permission_met_late_is_said(tmp_path, source, monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(writing.os, "fsync", refuse)
    with pytest.raises(OutputError, match="Permission denied"):
        write(tmp_path / "out.wav", source)
    assert left(tmp_path) == ["song.wav"]


FULL = """
import resource, signal, sys
from pathlib import Path
from punchin.errors import OutputError
from punchin.songfile import Container, open_song
from punchin.splice import splicer_for, whole_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
source, out, container = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
with open_song(source) as song:
    splicer = splicer_for(song, Container(container))
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        with whole_file(out, overwrite=False, protect=source) as file:
            splicer.write([], file, lambda _: None)
    except OutputError as error:
        print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX")
@pytest.mark.parametrize("container", ["wav", "flac", "ogg", "mp3"])
def test_a_full_disk_is_said_and_nothing_is_left(tmp_path, container):
    from support.sounds import noise, wav_file, wav_format, wav_sound

    source = tmp_path / "song.wav"
    source.write_bytes(wav_file(wav_format(16, 2), wav_sound(noise(150_000), 16)))
    out = tmp_path / "out"
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(source), str(out), container],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.startswith(f"no room for {out}"), done.stderr
    assert done.stderr == ""
    assert left(tmp_path) == ["song.wav"]


def test_names_that_are_long_still_fit(tmp_path, source):
    out = tmp_path / ("ü" * 120 + ".wav")
    write(out, source)
    assert Path(out).read_bytes() == b"new"


def test_what_killed_edits_left_goes_after_a_day_and_nothing_else_does(tmp_path, source):
    old, fresh = tmp_path / ".out.wav.0123456789abcdef.part", tmp_path / ".out.wav.fedcba9876543210.part"
    others = (
        tmp_path / ".other.wav.0123456789abcdef.part",
        tmp_path / "out.wav.part",
        tmp_path / ".out.wav.notes",
    )
    for path in (old, fresh, *others):
        path.write_bytes(b"half")
    long_ago = time.time() - FORGOTTEN_S - 60
    for path in (old, *others):
        os.utime(path, (long_ago, long_ago))
    with whole_file(tmp_path / "out.wav", overwrite=False, protect=source) as file:
        file.write(b"whole")
    assert not old.exists()
    assert all(path.exists() for path in (fresh, *others))

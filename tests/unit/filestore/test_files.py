import asyncio
import errno
import gc
import hashlib
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.errors import NotAllowed, SettingsError, StoreError, TooLarge
from punchin.filestore import FileStore, local
from punchin.filestore import files as files_module

SOON = timedelta(hours=1)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def files(folder):
    return FileStore.open(folder)


def on_disk(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def pieces(*parts, fail=None):
    yield from parts
    if fail:
        raise fail


async def pieces_async(*parts, fail=None):
    for part in pieces(*parts, fail=fail):
        yield part


def putting(files, how):
    """The two ways to put, as one."""
    if how == "put":
        return lambda key, *parts, fail=None, **options: files.put(key, pieces(*parts, fail=fail), **options)
    return lambda key, *parts, fail=None, **options: asyncio.run(
        files.put_async(key, pieces_async(*parts, fail=fail), **options)
    )


@pytest.fixture(params=["put", "put_async"])
def put(files, request):
    return putting(files, request.param)


# Writing


def test_what_is_put_is_read_and_known_by_length_and_hash(files, put):
    stored = put("up/a.wav", b"abc", b"", b"def")
    assert (stored.bytes, stored.sha256) == (6, hashlib.sha256(b"abcdef").hexdigest())
    assert files.read("up/a.wav") == b"abcdef"
    assert files.size("up/a.wav") == 6


def test_bytes_and_nothing_can_be_put(files):
    assert files.put("a", b"xyz").bytes == 3
    assert files.put("b", b"").bytes == 0
    assert files.read("b") == b""
    assert files.exists("b")


def test_a_file_gives_way_as_a_whole(files, put):
    put("a", b"long before")
    put("a", b"new")
    assert files.read("a") == b"new"


def test_too_much_stores_nothing(files, put, folder):
    put("a", b"before")
    with pytest.raises(TooLarge, match="10 bytes"):
        put("a", b"x" * 6, b"x" * 5, max_bytes=10)
    assert files.read("a") == b"before"
    assert on_disk(folder) == {"a"}
    assert put("a", b"x" * 10, max_bytes=10).bytes == 10


def test_much_too_much_is_not_waited_for(files, put, folder):
    class Endless:
        sent = 0

        def parts(self):
            while True:
                self.sent += 1
                yield b"x" * 100_000

    endless = Endless()
    with pytest.raises(TooLarge):
        files.put("a", endless.parts(), max_bytes=1_000_000)
    assert endless.sent == 11
    assert on_disk(folder) == set()


@pytest.mark.parametrize("fail", [ValueError("x"), RuntimeError("client went away")])
def test_a_source_that_breaks_stores_nothing(put, folder, fail):
    with pytest.raises(type(fail)):
        put("a", b"x" * 6_000_000, fail=fail)
    assert on_disk(folder) == set()


def test_nothing_half_written_is_seen(files):
    began, go_on = threading.Event(), threading.Event()

    def slow():
        yield b"x" * 12_000_000  # more than one block of obstore: the first is written
        began.set()
        assert go_on.wait(5)
        yield b"y"

    thread = threading.Thread(target=files.put, args=("a/b", slow()))
    thread.start()
    assert began.wait(5)
    assert not files.exists("a/b")
    assert files.old(datetime.now(UTC) + SOON) == []
    go_on.set()
    thread.join()
    assert files.size("a/b") == 12_000_001


def test_what_may_not_be_replaced_is_not(files, put, folder):
    put("a", b"first", replace=False)
    with pytest.raises(FileExistsError):
        put("a", b"second", replace=False)
    assert files.read("a") == b"first"
    assert on_disk(folder) == {"a"}


def test_of_two_first_writers_one_wins(files, folder):
    both = threading.Barrier(2)
    results = []

    def first(content):
        def parts():
            both.wait(5)  # both have seen that there is no such file
            yield content

        try:
            results.append(files.put("a", parts(), replace=False).bytes)
        except FileExistsError:
            results.append(None)

    threads = [threading.Thread(target=first, args=(content,)) for content in (b"x", b"yy")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert None in results
    assert len(files.read("a")) in results
    assert on_disk(folder) == {"a"}


@pytest.mark.parametrize("move", [False, True])
def test_a_file_is_put_and_moves_when_told(files, tmp_path, move):
    source = tmp_path / "source"
    source.write_bytes(b"abc")
    assert files.put_file("out/1/a.wav", source, move=move) == 3
    assert files.read("out/1/a.wav") == b"abc"
    assert source.exists() != move


def test_a_move_to_another_disk_is_a_copy(files, tmp_path, monkeypatch):
    source = tmp_path / "source"
    source.write_bytes(b"abc")

    def other_disk(self, target):
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(Path, "replace", other_disk)
    files.put_file("a", source, move=True)
    assert files.read("a") == b"abc"
    assert not source.exists()


def test_what_is_put_is_synced_with_the_folders_that_name_it(files, folder, tmp_path, monkeypatch):
    synced = []
    real = local._sync
    monkeypatch.setattr(local, "_sync", lambda place: (synced.append(place), real(place)))
    files.put("a/b/c", b"x")
    wanted = [folder / "a/b/c", folder / "a/b", folder / "a", folder]
    assert synced == wanted
    synced.clear()
    (tmp_path / "source").write_bytes(b"x")
    files.put_file("a/b/d", tmp_path / "source", move=True)
    assert synced[0] == tmp_path / "source"
    assert set(synced) >= {folder / "a/b/d", folder / "a/b"}


@pytest.mark.parametrize("move", [True, False])
def test_a_full_disk_is_an_error_of_the_store(files, folder, tmp_path, monkeypatch, move):
    (tmp_path / "source").write_bytes(b"x")

    def full(*_args, **_more):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(local, "moved", full)
    monkeypatch.setattr("obstore.put", full)
    with pytest.raises(StoreError, match="No space left"):
        files.put_file("a", tmp_path / "source", move=move)
    assert (tmp_path / "source").exists()
    assert on_disk(folder) == set()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_an_error_of_the_store(files, folder):
    folder.chmod(0o500)
    try:
        with pytest.raises(StoreError, match="file store"):
            files.put("a", b"x")
    finally:
        folder.chmod(0o700)


def test_a_file_where_a_folder_must_be_is_an_error_of_the_store(files):
    files.put("a", b"x")
    with pytest.raises(StoreError, match="file store"):
        files.put("a/b", b"x")


# Reading


@settings(max_examples=60)
@given(
    st.binary(max_size=3000),
    st.integers(0, 3500),
    st.one_of(st.none(), st.integers(0, 3500)),
    st.integers(1, 700),
)
def test_a_range_is_the_slice(tmp_path_factory, content, start, end, block):
    for files in (FileStore.open(tmp_path_factory.mktemp("files")), FileStore.open("memory:///")):
        files.put("a", content)
        assert b"".join(files.open_range("a", start, end, block_bytes=block)) == content[start:end]


def test_a_range_comes_in_blocks_of_bytes(files):
    files.put("a", b"x" * 1_000_000)
    blocks = list(files.open_range("a", block_bytes=100_000))
    assert len(blocks) > 5
    assert all(type(block) is bytes for block in blocks)


def test_a_range_starts_at_0_or_later(files):
    files.put("a", b"x")
    with pytest.raises(ValueError, match="-1"):
        files.open_range("a", -1)


def test_a_range_that_is_being_read_stays_as_it_was(files):
    files.put("a", b"before" * 100)
    blocks = files.open_range("a", block_bytes=100)
    next(blocks)
    files.put("a", b"after")
    assert b"".join(blocks) == (b"before" * 100)[100:]
    files.open_range("a")  # not read at all: closes its file all the same, or pytest fails for the warning
    gc.collect()


def test_an_object_store_does_the_same(tmp_path):
    files = FileStore.open("memory:///")
    assert files.put("a/b", pieces(b"x" * 100, b"y")).bytes == 101
    with pytest.raises(TooLarge):
        files.put("a/c", pieces(b"x" * 100), max_bytes=99)
    with pytest.raises(FileExistsError):
        files.put("a/b", b"z", replace=False)
    (tmp_path / "source").write_bytes(b"abc")
    files.put_file("a/d", tmp_path / "source", move=True)
    assert not (tmp_path / "source").exists()
    assert files.fetch_to("a/d", tmp_path / "copy") == 3
    assert sorted(files.old(datetime.now(UTC) + SOON, prefix="a")) == ["a/b", "a/d"]
    assert files.local_path("a/b") is None
    assert files.delete_unfinished(datetime.now(UTC) + SOON) == 0
    files.delete(["a/b", "a/b", "none"])
    assert not files.exists("a/b")
    with pytest.raises(FileNotFoundError, match="a/b"):
        files.read("a/b")


def test_what_is_not_there_is_said_with_its_key(files, tmp_path):
    for look in (
        files.size,
        files.read,
        files.open_range,
        files.local_path,
        lambda key: files.fetch_to(key, tmp_path / "x"),
    ):
        with pytest.raises(FileNotFoundError, match="up/none"):
            look("up/none")
    assert not files.exists("up/none")
    assert not (tmp_path / "x").exists()


def test_a_folder_is_no_file(files):
    files.put("a/b", b"x")
    with pytest.raises(FileNotFoundError):
        files.local_path("a")
    assert not files.exists("a")


def test_a_copy_is_whole(files, tmp_path):
    files.put("a", b"abc" * 1000)
    assert files.fetch_to("a", tmp_path / "copy") == 3000
    assert (tmp_path / "copy").read_bytes() == b"abc" * 1000
    assert {path.name for path in tmp_path.iterdir()} == {"copy", "files"}


def test_a_local_file_has_a_path(files, folder):
    files.put("a/b.wav", b"abc")
    assert files.local_path("a/b.wav") == folder / "a/b.wav"


@pytest.mark.parametrize("key", ["../a", "/etc/passwd", "a/../../b", "", "a\nb"])
def test_every_method_refuses_what_is_no_key(files, tmp_path, key):
    (tmp_path / "a").write_bytes(b"secret")
    for use in (
        lambda: files.put(key, b"x"),
        lambda: asyncio.run(files.put_async(key, pieces_async(b"x"))),
        lambda: files.put_file(key, tmp_path / "a", move=True),
        lambda: files.size(key),
        lambda: files.exists(key),
        lambda: files.open_range(key),
        lambda: files.read(key),
        lambda: files.local_path(key),
        lambda: files.fetch_to(key, tmp_path / "out"),
        lambda: files.delete([key]),
    ):
        with pytest.raises(NotAllowed):
            use()
    assert (tmp_path / "a").read_bytes() == b"secret"


# Keeping order


def test_deleting_is_final_and_may_be_repeated(files, folder):
    for key in ("a/b/c", "a/d", "e"):
        files.put(key, b"x")
    files.delete(["a/b/c", "nothing", "a/b/c", "e"])
    assert on_disk(folder) == {"a/d"}
    assert not (folder / "a/b").exists()


def test_old_files_are_listed_under_a_prefix(files, folder):
    now = datetime.now(UTC)
    for key, age in (("up/a", 10), ("up/b", 1), ("out/c", 10), ("upper/d", 10)):
        files.put(key, b"x")
        past = (now - timedelta(days=age)).timestamp()
        os.utime(folder / key, (past, past))
    week = now - timedelta(days=7)
    assert sorted(files.old(week)) == ["out/c", "up/a", "upper/d"]
    assert files.old(week, prefix="up") == ["up/a"]
    assert len(files.old(week, limit=2)) == 2


def test_what_killed_writers_left_is_deleted_when_it_is_old(files, folder):
    files.put("out/a.wav", b"x")
    left = [folder / "out/b.wav#1", folder / "out/new.wav#2", folder / "incoming/1f"]
    (folder / "incoming").mkdir()
    for path in left:
        path.write_bytes(b"half")
    hour_ago = datetime.now(UTC) - SOON
    for path in (left[0], left[2], folder / "out/a.wav"):
        os.utime(path, (hour_ago.timestamp() - 1, hour_ago.timestamp() - 1))
    assert files.delete_unfinished(hour_ago) == 2
    assert on_disk(folder) == {"out/a.wav", "out/new.wav#2"}


# Opening


def test_addresses_of_stores(tmp_path):
    assert FileStore.open(f"file://{tmp_path}/x").put("a", b"x").bytes == 1
    assert (tmp_path / "x/a").exists()
    remote = FileStore.open("s3://bucket/prefix")
    assert remote.local_path("a") is None


def test_an_address_that_is_none_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    for address in ("nonsense://x", str(tmp_path / "file"), str(tmp_path / "file/x")):
        with pytest.raises(SettingsError, match="files cannot be kept"):
            FileStore.open(address)


def test_the_blocks_are_not_the_whole_file():
    assert files_module.BLOCK_BYTES <= 1 << 20

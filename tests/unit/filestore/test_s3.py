"""The same over S3: a real server process on loopback."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from punchin.errors import StoreError, TooLarge
from punchin.filestore import FileStore
from support.s3 import bucket, store_server

pytestmark = pytest.mark.slow
LARGE = bytes(range(256)) * 50_000
"""More than obstore's block of 5 MB: sent in parts."""


__all__ = ["bucket", "store_server"]


@pytest.fixture
def files(bucket):
    return FileStore.open(bucket)


def parts(content, size=1 << 20):
    return (content[at : at + size] for at in range(0, len(content), size))


def test_what_is_put_is_read_whole_and_in_part(files, tmp_path):
    assert files.put("up/a.wav", parts(LARGE)).bytes == len(LARGE) == files.size("up/a.wav")
    assert files.read("up/a.wav") == LARGE
    assert b"".join(files.open_range("up/a.wav", 5_000_000, 5_000_300)) == LARGE[5_000_000:5_000_300]
    assert files.fetch_to("up/a.wav", tmp_path / "copy") == len(LARGE)
    assert (tmp_path / "copy").read_bytes() == LARGE
    assert files.local_path("up/a.wav") is None


def test_outputs_are_put_replaced_listed_and_deleted(files, tmp_path):
    path = tmp_path / "take.flac"
    path.write_bytes(b"first")
    files.put_file("out/j/a/take.flac", path)
    path.write_bytes(b"second")
    files.put_file("out/j/a/take.flac", path, move=True)
    assert files.read("out/j/a/take.flac") == b"second"
    assert not path.exists()
    assert files.old(datetime.now(UTC) + timedelta(hours=1), prefix="out") == ["out/j/a/take.flac"]
    files.delete(["out/j/a/take.flac", "out/j/a/none"])
    assert not files.exists("out/j/a/take.flac")


def test_too_much_and_what_is_there_already_store_nothing(files):
    with pytest.raises(TooLarge):
        files.put("up/big", parts(LARGE), max_bytes=1000)
    assert not files.exists("up/big")
    files.put("up/once", b"first", replace=False)
    with pytest.raises(FileExistsError):
        files.put("up/once", b"second", replace=False)
    assert files.read("up/once") == b"first"
    with pytest.raises(FileNotFoundError, match="up/none"):
        files.size("up/none")


def test_a_signed_address_takes_and_gives_a_file_without_us(files):
    to = files.address("up/direct.wav", "PUT", 60)
    headers = {"Content-Type": "audio/wav"}
    assert httpx.put(to, content=LARGE, headers=headers, timeout=60, trust_env=False).status_code == 200
    assert files.size("up/direct.wav") == len(LARGE)
    from_ = files.address("up/direct.wav", "GET", 60)
    got = httpx.get(from_, headers={"Range": "bytes=100-199"}, timeout=60, trust_env=False)
    assert (got.status_code, got.content) == (206, LARGE[100:200])
    assert "X-Amz-Expires=60" in from_
    files.put("up/made.flac", b"x")
    answer = httpx.get(files.address("up/made.flac", "GET", 60), timeout=60, trust_env=False)
    assert answer.headers["content-type"] == "audio/flac"


def test_a_folder_signs_nothing(tmp_path):
    files = FileStore.open(tmp_path)
    files.put("a", b"x")
    assert files.address("a", "GET", 60) is None


def test_a_store_that_is_away_is_said_so_soon(files, store_server, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    began = datetime.now(UTC)
    with pytest.raises(StoreError, match="file store cannot be used"):
        FileStore.open(store_server.address).size("a")
    assert (datetime.now(UTC) - began).total_seconds() < 30

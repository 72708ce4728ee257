import stat
import subprocess
import sys

import pytest

from punchin.errors import SettingsError
from punchin.filestore import secret, signing_key


def test_it_is_made_once_and_only_for_its_owner(tmp_path):
    home = tmp_path / "home"
    key = signing_key(home)
    assert len(key) == 32
    assert signing_key(home) == key
    assert stat.S_IMODE((home / "secret").stat().st_mode) == 0o600
    assert [path.name for path in home.iterdir()] == ["secret"]
    assert signing_key(tmp_path / "other") != key


def test_processes_that_start_together_get_the_same(tmp_path):
    code = (
        "import sys; from pathlib import Path; from punchin.filestore import signing_key;"
        "print('ready', flush=True);"
        "sys.stdin.readline(); print(signing_key(Path(sys.argv[1])).hex())"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen([sys.executable, "-c", code, tmp_path], **pipes) for _ in range(3)]
    for process in processes:
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert len({process.communicate(timeout=20)[0] for process in processes}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["secret"]


def test_one_that_comes_in_between_wins(tmp_path, monkeypatch):
    real = secret.os.link

    def late(part, path):
        path.write_bytes(b"w" * 32)
        real(part, path)

    monkeypatch.setattr(secret.os, "link", late)
    assert signing_key(tmp_path) == b"w" * 32


def test_a_shared_secret_is_used_instead(tmp_path):
    key = signing_key(tmp_path, "s" * 32)
    assert len(key) == 32
    assert key == signing_key(tmp_path / "elsewhere", "s" * 32)
    assert key != signing_key(tmp_path, "t" * 32)
    assert not (tmp_path / "secret").exists()


def test_what_is_no_secret_is_said(tmp_path):
    with pytest.raises(SettingsError, match="5 characters"):
        signing_key(tmp_path, "short")
    (tmp_path / "secret").write_bytes(b"half")
    with pytest.raises(SettingsError, match="delete it"):
        signing_key(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(SettingsError, match="cannot be made"):
        signing_key(tmp_path / "file")

import os

import pytest

from punchin.filestore import FileStore
from punchin.worker.keeping import Kept


@pytest.fixture
def files():
    store = FileStore.open("memory:///")
    for name in "abc":
        store.put(f"up/{name}", name.encode() * 100)
    return store


def test_a_song_is_fetched_once_and_the_oldest_goes_first(files, tmp_path, monkeypatch):
    fetched = []
    real = FileStore.fetch_to
    monkeypatch.setattr(FileStore, "fetch_to", lambda *given: (fetched.append(given[1]), real(*given))[1])
    kept = Kept(files, tmp_path / "kept", 250)

    def bring(name):
        path = tmp_path / f"song{len(list(tmp_path.iterdir()))}"
        assert kept.bring(f"up/{name}", path) == 100
        assert path.read_bytes() == name.encode() * 100

    bring("a")
    bring("a")
    assert fetched == ["up/a"]
    for place in (tmp_path / "kept").iterdir():
        os.utime(place, (1, 1))
    bring("b")
    bring("c")
    assert len(list((tmp_path / "kept").iterdir())) == 2
    bring("b")
    bring("a")
    assert fetched == ["up/a", "up/b", "up/c", "up/a"]


def test_what_does_not_fit_is_not_kept(files, tmp_path):
    kept = Kept(files, tmp_path / "kept", 50)
    assert kept.bring("up/a", tmp_path / "song") == 100
    assert not (tmp_path / "kept").exists()
    with pytest.raises(FileNotFoundError):
        kept.bring("up/none", tmp_path / "none")


def test_a_song_at_work_does_not_change_when_another_job_wants_it(files, tmp_path):
    kept = Kept(files, tmp_path / "kept", 250)
    kept.bring("up/a", tmp_path / "mine")
    os.utime(tmp_path / "mine", (1, 1))
    kept.bring("up/a", tmp_path / "another")
    found = (tmp_path / "mine").stat()
    assert found.st_mtime == 1
    assert found.st_atime > 1, "but it was used now"

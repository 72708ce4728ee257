"""Back up while it runs, lose the machine, restore elsewhere, as docs/from-one-host-to-many.md says."""

import shutil
import sqlite3
import subprocess
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from punchin.filestore import signing_key
from punchin.job import JobResult, Output, State
from punchin.web import create_app
from support import postgres
from support.services import running_service, tone_job
from support.web import SOUND, TestClient

PAGE = Path(__file__).resolve().parents[2] / "docs" / "from-one-host-to-many.md"
DUMP = ("pg_dump", "--format=custom", "--file")
LOAD = ("pg_restore", "--no-owner", "--exit-on-error", "--dbname")


def databases(kind, stack):
    """Addresses of the old one and of an empty one; "": the one in PUNCHIN_HOME."""
    if kind == "sqlite":
        return "", ""
    if why := postgres.missing():
        pytest.skip(why)
    return stack.enter_context(postgres.database()), stack.enter_context(postgres.database())


def client_of(postgresql_program):
    found = shutil.which(postgresql_program)
    return found or str(postgres.binaries() / postgresql_program)


def back_up(old, folder):
    """The database first: every file that it names is then still there to be copied."""
    folder.mkdir()
    if old.settings.db:
        program, *words = DUMP
        subprocess.run([client_of(program), *words, folder / "punchin.dump", old.settings.db], check=True)
    else:
        live, copy = (sqlite3.connect(place / "punchin.db") for place in (old.settings.home, folder))
        live.backup(copy)  # what `.backup` of the program sqlite3 does
        copy.close()
        live.close()
    shutil.copytree(old.settings.home / "files", folder / "files")
    shutil.copy(old.settings.home / "secret", folder)


def restore(folder, home, address):
    shutil.copytree(folder, home)
    if address:
        program, *words = LOAD
        subprocess.run([client_of(program), *words, address, home / "punchin.dump"], check=True)


def finish(service, job_id):
    """As a worker does it, without one."""
    service.store.begin(job_id, "a")
    key = f"out/{job_id}/a/song.punched.wav"
    service.files.put(key, SOUND)
    output = Output(key, "song.punched.wav", len(SOUND), "audio/wav")
    service.store.finish(job_id, "a", JobResult((output,), (False,), 0.5, 100, {"engine": "tone"}), "0.0001")


@contextmanager
def api(settings, secret):
    app = create_app(settings)
    yield TestClient(app, headers={"Authorization": f"Bearer {secret}"})
    app.state.front.store.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_second_home_serves_the_old_jobs(kind, tmp_path):
    with ExitStack() as stack:
        before, after = databases(kind, stack)
        with running_service(tmp_path / "old", db=before) as old:
            signing_key(old.settings.home, "")
            done, waiting = (old.submit(tone_job(old.upload())) for _ in range(2))
            finish(old, done)
            result = f"/api/v3/predictions/{done}/result"
            with api(old.settings, old.secret) as client:
                (link,) = client.get(result).json()["data"]["outputs"]
            back_up(old, tmp_path / "backup")
            late = old.submit(tone_job(old.upload()))
        shutil.rmtree(tmp_path / "old")
        restore(tmp_path / "backup", tmp_path / "new", after)
        with running_service(tmp_path / "new", db=after) as new:
            with api(new.settings, old.secret) as client:
                (again,) = client.get(result).json()["data"]["outputs"]
                assert client.get(again).content == client.get(link).content == SOUND
                assert client.get(f"/api/v3/predictions/{late}/result").status_code == 404
            new.start("worker", "--slot", "0")
            (job,) = new.wait_for_end([waiting])
            assert job.state is State.COMPLETED
            assert new.whole(job)


def test_the_page_has_these_commands():
    page = PAGE.read_text()
    for words in (DUMP, LOAD):
        assert " ".join(words) in page

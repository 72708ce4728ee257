"""The hosted API's own clients, unmodified, against the real service.

They are installed from the package index into a folder of their own, the first time: set
PUNCHIN_TEST_CLIENTS to a folder to keep them. Where they cannot be had, the tests are skipped.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
SCRIPTS = Path(__file__).parent / "clients"
NEWEST = "2.0.5"
INSTALL_S = 300


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return wav_of(made_song(6.0), tmp_path_factory.mktemp("song") / "song.wav")


@pytest.fixture(scope="session")
def install(tmp_path_factory):
    """Gives the folder of a version, or skips."""
    kept = os.environ.get("PUNCHIN_TEST_CLIENTS", "")
    place = Path(kept) if kept else tmp_path_factory.mktemp("clients")

    def installed(version):
        folder = place / f"wavespeed-{version}"
        if not folder.is_dir():
            part = place / f"wavespeed-{version}.part"
            shutil.rmtree(part, ignore_errors=True)
            command = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--target",
                str(part),
                f"wavespeed=={version}",
            ]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_S, check=False)
            except subprocess.TimeoutExpired:
                pytest.skip("the package index does not answer")
            if done.returncode:
                pytest.skip(f"wavespeed {version} cannot be had: {done.stderr.strip()[-200:]}")
            part.rename(folder)
        return folder

    return installed


def told_by(script, folder, *words):
    environment = {name: value for name, value in os.environ.items() if "WAVESPEED" not in name}
    environment |= {"PYTHONPATH": str(folder), "NO_PROXY": "*"}
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("version", [NEWEST, "1.0.14"])
def test_the_python_client(service, song, install, version):
    with service.api() as api:
        before = len(api.get("/v1/jobs?page_size=100").json()["items"])
        told = told_by("python_sdk.py", install(version), service.base, service.key, str(song))
        for outputs in (told["polled"], told["sync"]):
            (address,) = outputs
            check_edit(api.get(address).content, song, 2, 3.5)
        failed = told["failed"]
        assert (failed["status"], failed["outputs"]) == ("failed", None)
        job = api.get(f"/v1/jobs/{failed['task_id']}").json()
        assert (job["state"], job["failure"]["code"]) == ("failed", 1401)
        assert job["failure"]["message"] in failed["error"]
        assert "HTTP 400" in told["refused"]
        assert "seed" in told["refused"]
        assert "401" in told["stranger"]
        assert "404" in told["unknown"]
        # Nothing was sent twice: two edits and the one that failed.
        assert len(api.get("/v1/jobs?page_size=100").json()["items"]) == before + 3


def test_the_first_python_client(service, song, install):
    folder = install("0.0.5")
    with service.api() as api:
        form = {"file": (song.name, song.read_bytes(), "audio/wav")}
        audio = api.post("/api/v3/media/upload/binary", files=form).json()["data"]["download_url"]
        told = told_by("python_first.py", folder, service.base, service.key, audio)
        assert (told["status"], told["failed"]) == ("completed", "failed")
        check_edit(api.get(told["polled"][0]).content, song, 2, 3.5)
        assert "region" in told["error"]
        assert "400" in told["refused"]

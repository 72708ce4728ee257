"""The npm clients of the hosted API, installed once, and a real service for them."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import platformdirs
import pytest

from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of
from support.unruly import installed_in

HERE = Path(__file__).parent
TESTS = HERE.parent
PINS = HERE / "package.json"
INSTALL_S = 400
START_S, END_S = 2, 3.5


@pytest.fixture(scope="package")
def packages():
    """The folder `node_modules`, made once for each change of the pins; skips where it cannot be made.

    PUNCHIN_TEST_CLIENTS names a folder to keep it in; else it is in the user's cache.
    """
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"there is no {missing[0]} on this machine")
    kept = os.environ.get("PUNCHIN_TEST_CLIENTS", "")
    place = Path(kept) if kept else platformdirs.user_cache_path("punchin-tests")
    folder = place / f"npm-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    if not folder.is_dir():
        install(folder)
    return folder / "node_modules"


def install(folder):
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and renamed: what is half installed is never used, and two runs do not disturb each other.
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    shutil.copy(PINS, part)
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    try:
        done = subprocess.run(
            command, cwd=part, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        said = done.stderr.strip()[-300:] if done.returncode else ""
    except subprocess.TimeoutExpired:
        said = "it does not answer"
    if said:
        shutil.rmtree(part, ignore_errors=True)
        pytest.skip(f"the npm registry does not give the clients: {said}")
    try:
        part.rename(folder)
    except OSError:
        # Another run was first.
        shutil.rmtree(part, ignore_errors=True)


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    """A service with the tone engine; the unruly one, as slow as its tags say, is installed too."""
    door = installed_in(tmp_path_factory.mktemp("door"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(door), str(TESTS)]))
        with running(tmp_path_factory.mktemp("service")) as found:
            yield found


@pytest.fixture(scope="package")
def song(tmp_path_factory):
    return wav_of(made_song(6.0), tmp_path_factory.mktemp("song") / "song.wav")


@pytest.fixture
def jobs(service):
    """Counts the jobs that the server has accepted from now on."""
    with service.api() as api:

        def all_of_them():
            return len(api.get("/v1/jobs?page_size=100").json()["items"])

        before = all_of_them()
        yield lambda: all_of_them() - before


@pytest.fixture
def proved(service, song, tmp_path):
    """Checks an output by its samples, and with `punchin verify` as its owner would."""

    def check(output):
        sound = output.read_bytes() if isinstance(output, Path) else None
        if sound is None:
            with service.api() as api:
                sound = api.get(output).content
        check_edit(sound, song, START_S, END_S)
        file = tmp_path / "downloaded.wav"
        file.write_bytes(sound)
        command = [sys.executable, "-m", "punchin", "verify", str(song), str(file), "--json"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (change,) = json.loads(done.stdout)["changes"]
        assert change["start"] >= START_S * 44_100
        assert change["end"] <= END_S * 44_100

    return check


@pytest.fixture
def environment(service, tmp_path):
    """Of a client's process: a home of its own, so that nothing of the user's is read or written."""
    kept = {name: value for name, value in os.environ.items() if "WAVESPEED" not in name}
    folders = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config"), "NO_COLOR": "1"}
    return kept | folders | {"WAVESPEED_API_KEY": service.key, "WAVESPEED_BASE_URL": service.base}

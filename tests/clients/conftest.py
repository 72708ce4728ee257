"""The hosted API's own clients, installed once, and a real service for all of them.

With PUNCHIN_TEST_URL and PUNCHIN_TEST_KEY the same tests ask the hosted service instead, or any other one.
With PUNCHIN_TEST_CLIENTS the clients are kept in that folder; else they are in the user's cache.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx
import platformdirs
import pytest
from click.testing import CliRunner

from punchin.cli import punchin
from support.clients import check_edit, check_roughly
from support.running import running
from support.songs import made_song, wav_of
from support.unruly import installed_in

HERE = Path(__file__).parent
TESTS = HERE.parent
PINS = HERE / "package.json"
INSTALL_S = 400
CLIENT_S = 180
START_S, END_S = 2, 3.5


@dataclass(frozen=True)
class Aim:
    """The service that is asked; `ours` is false for one that is only known by its address."""

    base: str
    key: str
    ours: bool

    def api(self):
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=120, trust_env=not self.ours)


@pytest.fixture(scope="package")
def service(tmp_path_factory):
    """One for all clients, with the tone engine; the unruly one, as slow as tags say, is installed too."""
    if there := os.environ.get("PUNCHIN_TEST_URL"):
        yield Aim(there.rstrip("/"), os.environ["PUNCHIN_TEST_KEY"], ours=False)
        return
    door = installed_in(tmp_path_factory.mktemp("door"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(door), str(TESTS)]))
        with running(tmp_path_factory.mktemp("service")) as found:
            yield Aim(found.base, found.key, ours=True)


@pytest.fixture
def ours(service):
    """The service, where a test needs more than the hosted API has."""
    if not service.ours:
        pytest.skip("only Punchin has this")
    return service


@pytest.fixture(scope="package")
def song(tmp_path_factory):
    return wav_of(made_song(6.0), tmp_path_factory.mktemp("song") / "song.wav")


@pytest.fixture(scope="session")
def kept():
    """The folder that clients are kept in."""
    there = os.environ.get("PUNCHIN_TEST_CLIENTS", "")
    return Path(there) if there else platformdirs.user_cache_path("punchin-tests")


@pytest.fixture(scope="session")
def packages(kept):
    """The folder `node_modules`, made once for each change of the pins; skips where it cannot be made."""
    if missing := [name for name in ("node", "npm") if shutil.which(name) is None]:
        pytest.skip(f"there is no {missing[0]} on this machine")
    folder = kept / f"npm-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    install(folder, ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], PINS)
    return folder / "node_modules"


@pytest.fixture(scope="session")
def wheel(kept):
    """Gives the folder that a package of PyPI is installed in: wheel("wavespeed==2.0.5")."""

    def installed(pin):
        folder = kept / f"pip-{sys.version_info.minor}-{pin.replace('==', '-')}"
        install(folder, [sys.executable, "-m", "pip", "install", "-q", "--target", ".", pin])
        return folder

    return installed


def install(folder, command, *files):
    """Run a command in a folder that is not there yet; skips the test where it fails."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and renamed: what is half installed is never used, and two runs do not disturb each other.
    part = Path(tempfile.mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    for file in files:
        shutil.copy(file, part)
    try:
        done = subprocess.run(
            command, cwd=part, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
        said = done.stderr.strip()[-300:] if done.returncode else ""
    except subprocess.TimeoutExpired:
        said = "it does not answer"
    if said:
        shutil.rmtree(part, ignore_errors=True)
        pytest.skip(f"the registry does not give the clients: {said}")
    try:
        part.rename(folder)
    except OSError:
        # Another run was first.
        shutil.rmtree(part, ignore_errors=True)


@pytest.fixture
def environment(service, tmp_path):
    """Of a client's process: a home of its own, so that nothing of the user's is read or written."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("WAVESPEED", "FAL_"))}
    folders = {name: str(tmp_path) for name in ("HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")}
    found = kept | folders | {"NO_COLOR": "1", "CI": "1"}
    if service.ours:
        found |= {"NO_PROXY": "*", "no_proxy": "*"}
    return found | {"WAVESPEED_API_KEY": service.key, "WAVESPEED_BASE_URL": service.base}


@pytest.fixture
def told_by(service, song, environment):
    """Runs a program of this folder with address, key and song; the last line that it prints is JSON."""

    def run(script, *words, **more):
        program = [sys.executable] if script.endswith(".py") else ["node"]
        done = subprocess.run(
            [*program, str(HERE / script), service.base, service.key, str(song), *words],
            env=environment | more,
            capture_output=True,
            text=True,
            timeout=CLIENT_S,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def task(service):
    """Reads a task as the service has it."""

    def read(task_id):
        with service.api() as api:
            return api.get(f"/api/v3/predictions/{task_id}/result").json()["data"]

    return read


@pytest.fixture
def jobs(service):
    """Counts the jobs that the service has accepted from now on; a shared one may get others' meanwhile."""
    with service.api() as api:

        def all_of_them():
            asked = {"page_size": 100, "include_inputs": False}
            return {
                each["id"] for each in api.post("/api/v3/predictions", json=asked).json()["data"]["items"]
            }

        before = all_of_them()
        yield lambda: len(all_of_them() - before)


@pytest.fixture
def proved(service, song, tmp_path):
    """Checks an output, an address or a file, by its samples, and with `punchin verify`."""

    def check(output):
        if isinstance(output, Path):
            sound = output.read_bytes()
        else:
            with service.api() as api:
                sound = api.get(output, headers={"Authorization": ""}).content
        if not service.ours:
            check_roughly(sound, song, START_S, END_S)
            return
        check_edit(sound, song, START_S, END_S)
        file = tmp_path / "downloaded.wav"
        file.write_bytes(sound)
        done = CliRunner().invoke(punchin, ["verify", str(song), str(file), "--json"])
        assert done.exit_code == 0, done.output
        (change,) = json.loads(done.stdout)["changes"]
        assert change["start"] >= START_S * 44_100
        assert change["end"] <= END_S * 44_100

    return check

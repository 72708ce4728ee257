"""The hosted API's own clients, unmodified, against the real service.

They are installed from the package index into a folder of their own, the first time: set
PUNCHIN_TEST_CLIENTS to a folder to keep them. Where they cannot be had, the tests are skipped.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
MODEL = "wavespeed-ai/ace-step/audio-inpaint"
SCRIPTS = Path(__file__).parent / "clients"
NEWEST, NEWEST_NPM = "2.0.5", "0.3.2"
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
    """Gives the folder that a package is installed in, or skips: install("pip", "wavespeed", "0.0.5")."""
    kept = os.environ.get("PUNCHIN_TEST_CLIENTS", "")
    place = Path(kept) if kept else tmp_path_factory.mktemp("clients")

    def installed(tool, name, version):
        folder = place / f"{tool}-{name.replace('/', '-')}-{version}"
        if folder.is_dir():
            return folder
        part = folder.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        commands = {
            "pip": [
                sys.executable,
                "-m",
                "pip",
                "install",
                "-q",
                "--target",
                str(part),
                f"{name}=={version}",
            ],
            "npm": ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(part), f"{name}@{version}"],
        }
        if shutil.which(commands[tool][0]) is None:
            pytest.skip(f"no {tool} here")
        try:
            done = subprocess.run(
                commands[tool], cwd=part, capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
        except subprocess.TimeoutExpired:
            pytest.skip("the package index does not answer")
        if done.returncode:
            pytest.skip(f"{name} {version} cannot be had: {done.stderr.strip()[-200:]}")
        part.rename(folder)
        return folder

    return installed


def told_by(command, *words, **more):
    """Run a client; the last line that it prints is JSON."""
    environment = {name: value for name, value in os.environ.items() if "WAVESPEED" not in name}
    done = subprocess.run(
        [*command, *words],
        env=environment | {"NO_PROXY": "*", "no_proxy": "*"} | more,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def jobs_of(api):
    return len(api.get("/v1/jobs?page_size=100").json()["items"])


@pytest.mark.parametrize("version", [NEWEST, "1.0.14"])
def test_the_python_client(service, song, install, version):
    with service.api() as api:
        before = jobs_of(api)
        told = told_by(
            [sys.executable, str(SCRIPTS / "python_sdk.py")],
            service.base,
            service.key,
            str(song),
            PYTHONPATH=str(install("pip", "wavespeed", version)),
        )
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
        assert jobs_of(api) == before + 3


def test_the_first_python_client(service, song, install):
    folder = install("pip", "wavespeed", "0.0.5")
    with service.api() as api:
        form = {"file": (song.name, song.read_bytes(), "audio/wav")}
        audio = api.post("/api/v3/media/upload/binary", files=form).json()["data"]["download_url"]
        told = told_by(
            [sys.executable, str(SCRIPTS / "python_first.py")],
            service.base,
            service.key,
            audio,
            PYTHONPATH=str(folder),
        )
        assert (told["status"], told["failed"]) == ("completed", "failed")
        check_edit(api.get(told["polled"][0]).content, song, 2, 3.5)
        assert "region" in told["error"]
        assert "400" in told["refused"]


@pytest.mark.parametrize("version", [NEWEST_NPM, "0.2.3"])
def test_the_javascript_client(service, song, install, version):
    folder = install("npm", "wavespeed", version)
    with service.api() as api:
        before = jobs_of(api)
        told = told_by(
            ["node", str(SCRIPTS / "javascript_sdk.cjs")],
            service.base,
            service.key,
            str(song),
            NODE_PATH=str(folder / "node_modules"),
        )
        for outputs in (told["polled"], told["sync"]):
            check_edit(api.get(outputs[0]).content, song, 2, 3.5)
        assert "region" in told["failed"]
        assert "seed" in told["refused"]
        assert "401" in told["stranger"]
        # Nothing was sent twice, although the client was told to try what failed once more.
        assert jobs_of(api) == before + 3


def test_the_command_line_client(service, song, install, tmp_path):
    folder = install("npm", "@wavespeed/cli", "0.2.2")
    program = ["node", str(folder / "node_modules" / ".bin" / "wavespeed")]
    ways = {
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "HOME": str(tmp_path),
        "WAVESPEED_API_KEY": service.key,
        "CI": "1",
    }

    def run(*words):
        done = subprocess.run(
            [*program, *words],
            cwd=tmp_path,
            env=os.environ | ways | {"NO_PROXY": "*"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("config", "--base-url", service.base)
    assert "1000000" in run("balance", "--json")
    assert MODEL in run("models", "--json")
    assert "start_time_relative_to" in run("schema", MODEL, "--json")
    assert "0.0003" in run("price", MODEL, "-i", "start_time=2", "-i", "end_time=3.5", "--json")
    audio = re.search(r"http://[^\s\"]+", run("upload", str(song), "--json"))[0]
    inputs = {"audio": audio, "tags": "lofi", "start_time": 2, "end_time": 3.5, "seed": 7}
    pairs = [word for name, value in inputs.items() for word in ("-i", f"{name}={value}")]
    told = run("run", MODEL, *pairs, "--json", "--sync", "--download", "./out/{index}.{ext}")
    (saved,) = (tmp_path / "out").iterdir()
    assert saved.suffix == ".wav"
    check_edit(saved.read_bytes(), song, 2, 3.5)
    task = re.search(r"\b[0-9a-f]{32}\b", run("history", "--json"))[0]
    assert task in run("show", task, "--json")
    assert told
    run("delete", task, "--yes")
    with service.api() as api:
        assert api.get(f"/v1/jobs/{task}").status_code == 404

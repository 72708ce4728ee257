"""The npm package `@wavespeed/cli`, unmodified, against the real service."""

import json
import subprocess

import pytest

from punchin.web.wire import HOSTED_MODEL

pytestmark = pytest.mark.slow
EDIT = ["-i", "tags=lofi", "-i", "start_time=2", "-i", "end_time=3.5", "-i", "seed=7"]


@pytest.fixture
def wavespeed(packages, service, environment, tmp_path):
    """Runs the command and gives what it printed as JSON."""

    def run(*words, code=0, **more):
        command = ["node", str(packages / "@wavespeed/cli/dist/cli.js"), *words]
        done = subprocess.run(
            command,
            env=environment | more,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return json.loads(done.stdout) if "--json" in words else done.stdout

    run("config", "--base-url", service.base)
    return run


def test_a_whole_edit(wavespeed, proved, song, jobs, tmp_path):
    audio = wavespeed("upload", str(song), "--json")["url"]
    for number, more in enumerate([[], ["--sync"]]):
        place = tmp_path / f"edited-{number}.wav"
        words = ["run", HOSTED_MODEL, "-i", f"audio={audio}", *EDIT, "--download", str(place), "--json"]
        told = wavespeed(*words, *more)
        assert len(told["outputs"]) == len(told["saved"]) == 1
        proved(place)
    assert jobs() == 2


def test_reading_the_account(wavespeed, song):
    audio = wavespeed("upload", str(song), "--json")["url"]
    wavespeed("run", HOSTED_MODEL, "-i", f"audio={audio}", *EDIT, "--json")
    newest = wavespeed("history", "--limit", "1", "--json")["items"][0]
    assert (newest["model"], newest["status"]) == (HOSTED_MODEL, "completed")
    assert wavespeed("show", newest["id"], "--json")["outputs"] == newest["outputs"]
    assert wavespeed("balance", "--json")["balance"] > 0
    assert HOSTED_MODEL in json.dumps(wavespeed("models", "--json"))
    price = json.dumps(wavespeed("price", HOSTED_MODEL, "-i", f"audio={audio}", *EDIT, "--json"))
    assert HOSTED_MODEL in price
    wavespeed("delete", newest["id"], "--yes")
    assert newest["id"] not in json.dumps(wavespeed("history", "--json"))


def test_errors(wavespeed, jobs):
    told = wavespeed("run", HOSTED_MODEL, "-i", "tags=lofi", "--json", code=1)
    assert "HTTP 400" in told["error"]
    assert "audio" in told["error"]
    words = ["run", HOSTED_MODEL, "-i", "audio=https://example.org/a.wav", *EDIT, "--json"]
    told = wavespeed(*words, code=1, WAVESPEED_API_KEY="wrong-key-of-nobody")
    assert "401" in told["error"]
    assert jobs() == 0

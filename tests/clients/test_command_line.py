"""The npm package `@wavespeed/cli`, unmodified, against the real service."""

import json
import subprocess

import pytest

from punchin.web.wire import HOSTED_MODEL

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


def test_edits_and_the_account(wavespeed, service, proved, song, jobs, tmp_path):
    audio = ["-i", f"audio={wavespeed('upload', str(song), '--json')['url']}"]
    for name, more in (("polled", ["{index}.{ext}"]), ("waited", ["{index}.{ext}", "--sync"])):
        place, *flags = more
        words = ["run", HOSTED_MODEL, *audio, *EDIT, "--download", f"./{name}/{place}", "--json", *flags]
        told = wavespeed(*words)
        assert len(told["outputs"]) == len(told["saved"]) == 1
        (saved,) = (tmp_path / name).iterdir()
        proved(saved)
    assert jobs() == 2
    newest = wavespeed("history", "--limit", "1", "--json")["items"][0]
    assert (newest["model"], newest["status"]) == (HOSTED_MODEL, "completed")
    assert wavespeed("show", newest["id"], "--json")["outputs"] == newest["outputs"]
    assert wavespeed("balance", "--json")["balance"] > 0
    assert HOSTED_MODEL in json.dumps(wavespeed("models", "--json"))
    assert "start_time_relative_to" in json.dumps(wavespeed("schema", HOSTED_MODEL, "--json"))
    price = json.dumps(wavespeed("price", HOSTED_MODEL, *audio, *EDIT, "--json"))
    assert "0.0003" in price or not service.ours
    wavespeed("delete", newest["id"], "--yes")
    assert newest["id"] not in json.dumps(wavespeed("history", "--json"))
    with service.api() as api:
        assert api.get(f"/api/v3/predictions/{newest['id']}/result").status_code == 404 or not service.ours


def test_errors(wavespeed, jobs):
    told = wavespeed("run", HOSTED_MODEL, "-i", "tags=lofi", "--json", code=1)
    assert "HTTP 400" in told["error"]
    assert "audio" in told["error"]
    words = ["run", HOSTED_MODEL, "-i", "audio=https://example.org/a.wav", *EDIT, "--json"]
    told = wavespeed(*words, code=1, WAVESPEED_API_KEY="wrong-key-of-nobody")
    assert "401" in told["error"]
    assert jobs() == 0

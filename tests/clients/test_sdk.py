"""The npm package `wavespeed`, unmodified, newest and 0.2.3, against the real service."""

import json
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
HERE = Path(__file__).parent
VERSIONS = ["wavespeed", "wavespeed-old"]


@pytest.fixture
def told_by(packages, service, song, environment):
    def run(script, package):
        words = ["node", str(HERE / script), str(packages / package), service.base, service.key, str(song)]
        done = subprocess.run(
            words, env=environment, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.mark.parametrize("package", VERSIONS)
def test_edits_and_errors(told_by, proved, service, jobs, package):
    told = told_by("sdk.cjs", package)
    for outputs in (told["polled"], told["sync"]):
        (address,) = outputs
        proved(address)
    failed = told["failed"]
    assert (failed["detail"]["status"], failed["outputs"]) == ("failed", None)
    with service.api() as api:
        job = api.get(f"/v1/jobs/{failed['detail']['taskId']}").json()
    assert (job["state"], job["failure"]["code"]) == ("failed", 1401)
    assert job["failure"]["message"] in failed["detail"]["error"]
    assert "HTTP 400" in told["missing"]
    assert "tags" in told["missing"]
    assert "HTTP 400" in told["refused"]
    assert "seed" in told["refused"]
    assert "401" in told["stranger"]
    assert "401" in told["strangerUpload"]
    # Nothing was sent twice: two edits and the one that failed.
    assert jobs() == 3


@pytest.mark.parametrize("package", VERSIONS)
def test_waiting_longer_than_ten_seconds_submits_once(told_by, proved, jobs, package):
    """0.2.3 gives a request ten seconds to its headers, then sends it again, up to five times."""
    (address,) = told_by("slow_sync.cjs", package)
    proved(address)
    assert jobs() == 1

"""The hosted API's own packages, of PyPI and npm, unmodified: real edits, and what they make of errors."""

import pytest

PYTHON = ["wavespeed==2.0.5", "wavespeed==1.0.14"]
JAVASCRIPT = ["wavespeed", "wavespeed-old"]


@pytest.fixture
def check(proved, task, jobs):
    """What every package must have told."""

    def checked(told):
        for outputs in (told["polled"], told["sync"]):
            (address,) = outputs
            proved(address)
        failed = told["failed"]
        assert (failed["status"], failed["outputs"]) == ("failed", None)
        found = task(failed["task_id"])
        assert (found["status"], found["code"]) == ("failed", 1401)
        assert found["error"] in failed["error"]
        assert found["error"].partition(":")[0] in told["again"]
        for name, field in (("missing", "tags"), ("refused", "seed")):
            assert "HTTP 400" in told[name]
            assert field in told[name]
        assert "401" in told["stranger"]
        # Two edits and two that fail: nothing was sent twice, although what failed was to be tried once more.
        assert jobs() == 4

    return checked


@pytest.mark.parametrize("pin", PYTHON)
def test_the_python_package(told_by, check, wheel, pin):
    told = told_by("python_sdk.py", PYTHONPATH=str(wheel(pin)))
    check(told)
    assert "404" in told["unknown"]


@pytest.mark.parametrize("package", JAVASCRIPT)
def test_the_javascript_package(told_by, check, packages, package):
    told = told_by("sdk.cjs", str(packages / package))
    check(told)
    assert "401" in told["strangerUpload"]


def test_the_first_python_package(told_by, proved, service, song, wheel):
    with service.api() as api:
        form = {"file": (song.name, song.read_bytes(), "audio/wav")}
        audio = api.post("/api/v3/media/upload/binary", files=form).json()["data"]["download_url"]
    told = told_by("python_first.py", audio, PYTHONPATH=str(wheel("wavespeed==0.0.5")))
    assert (told["status"], told["failed"]) == ("completed", "failed")
    proved(told["polled"][0])
    assert "region" in told["error"]
    assert "400" in told["refused"]


@pytest.mark.usefixtures("ours")
def test_waiting_longer_than_ten_seconds_submits_once(told_by, proved, jobs, packages):
    """npm 0.2.3 gives a request ten seconds to its headers, then sends it again, up to five times."""
    (address,) = told_by("slow_sync.cjs", str(packages / "wavespeed-old"))
    proved(address)
    assert jobs() == 1

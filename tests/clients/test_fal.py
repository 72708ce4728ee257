"""fal's own packages, of PyPI and npm, unmodified, on the queue routes of the real service."""

import shutil

import pytest

from support.proxies import behind_tls

pytestmark = pytest.mark.usefixtures("ours")


@pytest.fixture
def audio(service, song):
    """The song, uploaded: fal's clients upload to fal's own storage, at addresses that cannot be changed."""
    with service.api() as api:
        form = {"file": (song.name, song.read_bytes(), "audio/wav")}
        return api.post("/api/v3/media/upload/binary", files=form).json()["data"]["download_url"]


def check_errors(told):
    failed, refused = told["failed"], told["refused"]
    assert failed["status"] == refused["status"] == 422
    assert "region" in failed["detail"][0]["msg"]
    assert "tags" in refused["detail"][0]["msg"]
    assert told["stranger"]["status"] == 401
    assert told["over"]["status"] == 400


def test_the_python_package(told_by, proved, jobs, service, audio, wheel, tmp_path):
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate: this client speaks only TLS")
    with behind_tls(service.base, tmp_path) as (host, certificate):
        told = told_by(
            "fal_queue.py",
            audio,
            PYTHONPATH=str(wheel("fal-client==1.0.3")),
            FAL_QUEUE_RUN_HOST=host,
            FAL_KEY=service.key,
            SSL_CERT_FILE=str(certificate),
        )
        assert told["subscribed"]["audio"]["url"].startswith(f"https://{host}/files/")
    for result in (told["subscribed"], told["handled"]):
        assert result["seed"] == 7
        proved(f"{service.base}/files/{result['audio']['url'].partition('/files/')[2]}")
    assert told["result"] == told["handled"]
    assert told["updates"][-1] == told["status"] == "Completed"
    assert told["failed"]["type"] == "value_error"
    check_errors(told)
    assert jobs() == 3


def test_the_javascript_package(told_by, proved, jobs, audio, packages):
    told = told_by("fal_queue.cjs", str(packages / "@fal-ai/client"), audio)
    for result in (told["polled"], told["streamed"]):
        assert result["data"]["tags"] == "lofi, chill"
        assert len(result["requestId"]) == 32
        proved(result["data"]["audio"]["url"])
    assert told["updates"].count("COMPLETED") == 2
    assert told["failed"]["name"] == told["refused"]["name"] == "ValidationError"
    check_errors(told)
    assert jobs() == 3

"""TLS goes to the checked address but proves the name."""

import contextlib
import shutil
import ssl
import subprocess

import pytest

from punchin.errors import FetchError
from punchin.fetching import FetchLimits, fetch
from punchin.fetching.connecting import default_tls

QUICK = FetchLimits(limit_s=5, connect_s=2, silence_s=2)

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate of songs.example and its key."""
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2",
         "-subj", "/CN=songs.example", "-addext", "subjectAltName=DNS:songs.example",
         "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def secure(serve, song, certificate):
    """A server that speaks TLS and notes the names that are asked for."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    server = serve(song(b"song"))
    server.names = []
    context.sni_callback = lambda _, name, __: server.names.append(name)
    plain = server._serve

    def wrapped(connection):
        with contextlib.suppress(OSError):
            plain(context.wrap_socket(connection, server_side=True))
        connection.close()

    server._serve = wrapped
    return server


def test_the_name_is_asked_for_and_proved_at_the_checked_address(secure, certificate, tmp_path):
    fetched = fetch(
        secure.address(host="songs.example", scheme="https"), tmp_path / "in", QUICK, ["songs.example"],
        resolve=lambda *_: ["127.0.0.1"], tls=ssl.create_default_context(cafile=certificate[0]),
    )  # fmt: skip
    assert fetched.bytes == 4
    assert secure.names == ["songs.example"]


@pytest.mark.parametrize("host", ["other.example", "127.0.0.1"])
def test_another_name_is_not_believed(secure, certificate, tmp_path, host):
    with pytest.raises(FetchError, match="certificate"):
        fetch(
            secure.address(host=host, scheme="https"), tmp_path / "in", QUICK, [host],
            resolve=lambda *_: ["127.0.0.1"], tls=ssl.create_default_context(cafile=certificate[0]),
        )  # fmt: skip
    assert not secure.requests


def test_an_unknown_authority_is_not_believed(secure, tmp_path):
    with pytest.raises(FetchError, match="certificate"):
        fetch(
            secure.address(host="songs.example", scheme="https"), tmp_path / "in", QUICK, ["songs.example"],
            resolve=lambda *_: ["127.0.0.1"],
        )  # fmt: skip


def test_the_usual_authorities_are_believed_and_names_are_checked():
    context = default_tls()
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert context.check_hostname
    assert context.cert_store_stats()["x509_ca"] > 50


def test_a_server_that_is_silent_during_the_handshake_is_left(serve, tmp_path):
    server = serve(lambda *_: server.stopping.wait(5))
    limits = FetchLimits(limit_s=5, connect_s=0.3)
    with pytest.raises(FetchError):
        fetch(server.address(scheme="https"), tmp_path / "in", limits, ["127.0.0.1"])

"""What no library for clients would send: the real API process, spoken to by hand over sockets."""

import contextlib
import json
import re
import socket
import time
from urllib.parse import urlsplit

import httpx
import pytest

from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
PATIENCE_S = 60.0
MOST = 1_000_000
SECRETS = (b"SQLite format 3", b"root:x:0", b"import ", b"PRIVATE KEY")


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    """A service that takes uploads of up to a megabyte."""
    with running(tmp_path_factory.mktemp("wire"), max_upload_mb=1) as found:
        yield found


@pytest.fixture
def upload(api):
    """Announces an upload: the path that its bytes are put to, and the address that they are read from."""

    def announced():
        with api.api() as client:
            ticket = client.post("/api/v3/media/uploads", json={"filename": "song.wav"}).json()["data"]
        return urlsplit(ticket["upload"]["url"]).path, ticket["download_url"]

    return announced


def opened(api):
    address = urlsplit(api.base)
    return socket.create_connection((address.hostname, address.port), timeout=PATIENCE_S)


def heard(wire, enough=lambda said: False):
    """All that comes until the other side closes, or until it is enough."""
    said = b""
    with contextlib.suppress(ConnectionError, TimeoutError):
        while not enough(said) and (more := wire.recv(65536)):
            said += more
    return said


def asked(api, raw):
    """Send bytes, give the answer: read until the server has closed, as the request asks it to."""
    with opened(api) as wire:
        with contextlib.suppress(ConnectionError):  # it may have heard enough
            wire.sendall(raw)
        return heard(wire)


def status(said):
    return int(said.split(b" ", 2)[1]) if said.startswith(b"HTTP/1.1 ") else None


def is_well(api):
    return httpx.get(f"{api.base}/health", timeout=PATIENCE_S, trust_env=False).status_code == 200


def incoming(api):
    """What lies in the store as the beginning of an upload."""
    return [path for path in (api.home / "files").rglob("*") if path.is_file() and "up/" not in str(path)]


def nothing_arrives(api):
    deadline = time.monotonic() + PATIENCE_S
    while incoming(api) and time.monotonic() < deadline:
        time.sleep(0.05)
    return incoming(api) == []


def request(path, *headers, method="GET", body=b""):
    lines = [f"{method} {path} HTTP/1.1", "Host: punchin", "Connection: close", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


# Slow and half-closed


def test_a_hundred_clients_that_never_end_their_headers_keep_nobody_waiting(api):
    with contextlib.ExitStack() as wires:
        dripping = [wires.enter_context(opened(api)) for _ in range(100)]
        for letter in b"GET /hea":
            for wire in dripping:
                wire.sendall(bytes([letter]))
        assert is_well(api)
        with api.api() as client:
            assert client.get("/v1/jobs").status_code == 200
        # Slow is no crime: whoever ends his request at last is answered.
        dripping[0].sendall(b"lth HTTP/1.1\r\nHost: punchin\r\nConnection: close\r\n\r\n")
        assert status(heard(dripping[0])) == 200
    assert is_well(api)


def test_a_client_that_hangs_up_in_the_middle_of_its_song_leaves_nothing(api, upload):
    place, address = upload()
    for _ in range(5):
        with opened(api) as wire:
            wire.sendall(request(place, "Content-Length: 500000", method="PUT") + bytes(70_000))
    assert nothing_arrives(api)
    assert httpx.get(address, trust_env=False).status_code == 404
    # The address was not used up by what never arrived.
    song = bytes(1000)
    said = asked(api, request(place, "Content-Length: 1000", method="PUT", body=song))
    assert status(said) == 200, said
    assert httpx.get(address, trust_env=False).content == song


def test_a_client_that_hears_but_says_no_more(api):
    """Half-closed after a whole request: an answer or none, and no harm."""
    with opened(api) as wire:
        wire.sendall(request("/health"))
        wire.shutdown(socket.SHUT_WR)
        assert status(heard(wire)) in (200, None)
    assert is_well(api)


def test_a_client_that_does_not_read_its_download_is_not_waited_for(api, upload, tmp_path):
    place, address = upload()
    song = wav_of(made_song(8.0, 48_000, channels=1), tmp_path / "song.wav").read_bytes()
    assert httpx.put(f"{api.base}{place}", content=song, trust_env=False).status_code == 200
    with contextlib.ExitStack() as wires:
        for _ in range(20):
            wire = wires.enter_context(opened(api))
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            wire.sendall(request(urlsplit(address).path))
        assert httpx.get(address, timeout=PATIENCE_S, trust_env=False).content == song


# Oversized


def test_a_body_that_says_that_it_is_too_large_is_not_read(api, upload):
    place, address = upload()
    with opened(api) as wire:
        wire.sendall(request(place, "Content-Length: 10000000000000", method="PUT"))
        assert status(heard(wire, lambda said: b"\r\n\r\n" in said)) == 413
    assert httpx.get(address, trust_env=False).status_code == 404


@pytest.mark.parametrize("path", ["upload", "/api/v3/wavespeed-ai/ace-step/audio-inpaint"])
def test_a_body_without_a_length_and_without_an_end_is_cut_off(api, upload, path):
    place = upload()[0] if path == "upload" else path
    headers = ("Transfer-Encoding: chunked", f"Authorization: Bearer {api.key}")
    piece = b"%x\r\n%s\r\n" % (65536, bytes(65536))
    sent = 0
    with opened(api) as wire:
        wire.sendall(request(place, *headers, method="PUT" if path == "upload" else "POST"))
        wire.settimeout(0.02)
        said = b""
        while b"\r\n\r\n" not in said and sent < 400 * MOST:
            with contextlib.suppress(TimeoutError, ConnectionError):
                said += wire.recv(65536)
            try:
                wire.sendall(piece)
                sent += 65536
            except TimeoutError:
                continue  # it reads no more, and its answer is on the way
            except ConnectionError:
                break
        wire.settimeout(PATIENCE_S)
        said += heard(wire, lambda more: b"\r\n\r\n" in said + more)
    assert status(said) == 413 or not said, "refused, or hung up on"
    assert sent < 100 * MOST
    assert nothing_arrives(api)


# Tricks of headers


CHUNKED = ("Transfer-Encoding: chunked",)
SMUGGLED = b"0\r\n\r\nGET /health HTTP/1.1\r\nHost: punchin\r\n\r\n"
HEADERS = {
    "two lengths": request(
        "/v1/jobs", "Content-Length: 3", "Content-Length: 40", method="POST", body=SMUGGLED
    ),
    "length and chunks": request("/v1/jobs", "Content-Length: 3", *CHUNKED, method="POST", body=SMUGGLED),
    "negative length": request("/v1/jobs", "Content-Length: -1", method="POST"),
    "length with a sign": request("/v1/jobs", "Content-Length: +3", method="POST", body=b"abc"),
    "length of 400 digits": request("/v1/jobs", "Content-Length: " + "9" * 400, method="POST"),
    "chunk size is no number": request("/v1/jobs", *CHUNKED, method="POST", body=b"zz\r\nabc\r\n0\r\n\r\n"),
    "chunk size of 20 digits": request("/v1/jobs", *CHUNKED, method="POST", body=b"f" * 20 + b"\r\n"),
    "unknown coding": request("/v1/jobs", "Transfer-Encoding: xchunked", method="POST", body=SMUGGLED),
    "coding in disguise": request("/v1/jobs", "Transfer-Encoding : chunked", method="POST", body=SMUGGLED),
    "huge header": request("/health", "X-Long: " + "a" * 200_000),
    "many headers": request("/health", *(f"X-{n}: 1" for n in range(20_000))),
    "null in a header": request("/health", "X-Null: a\0b"),
    "folded header": request("/health", "X-Fold: a", " b: c"),
    "header without a name": request("/health", ": nothing"),
    "bare line feeds": b"GET /health HTTP/1.1\nHost: punchin\nConnection: close\n\n",
    "no host": b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n",
    "two hosts": request("/health", "Host: evil.example"),
    "old protocol": b"GET /health\r\n\r\n",
    "future protocol": b"GET /health HTTP/9.9\r\nHost: punchin\r\nConnection: close\r\n\r\n",
    "no protocol at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300) + b"\r\n\r\n",
    "HTTP/2 at once": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "upgrade": request("/health", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
    "unknown method": request("/health", method="BREW"),
    "method of 10,000 letters": request("/health", method="G" * 10_000),
    "another's address": request("http://evil.example/health"),
    "a host with a path": b"GET /health HTTP/1.1\r\nHost: a/../b\r\nConnection: close\r\n\r\n",
    "key with control characters": request("/v1/jobs", "Authorization: Bearer \x01\x02"),
    "key of 60,000 letters": request("/v1/jobs", "Authorization: Bearer " + "k" * 60_000),
    "expectation": request("/v1/jobs", "Expect: 200-maybe", "Content-Length: 0", method="POST"),
    "endless ranges": request("/health", "Range: bytes=" + ",".join("0-1" for _ in range(5000))),
}


@pytest.mark.parametrize("trick", HEADERS)
def test_tricks_of_headers(api, trick):
    """One answer at most that is not "no request", none is a fault, and no body is taken for a request."""
    with opened(api) as wire:
        with contextlib.suppress(OSError):
            wire.sendall(HEADERS[trick])
            wire.shutdown(socket.SHUT_WR)
        said = heard(wire)
    statuses = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3})", said)]
    assert len([code for code in statuses if code != 400]) <= 1, said
    assert not [code for code in statuses if code >= 500], said
    assert b"location: http://evil" not in said.lower()
    if SMUGGLED in HEADERS[trick]:
        assert 200 not in statuses, "what lies in the body was answered"
    assert is_well(api)


# Tricks of paths


PATHS = [
    "/files/../punchin.db",
    "/files/..%2fpunchin.db",
    "/files/%2e%2e/%2e%2e/etc/passwd",
    "/files/{token}/../../secret",
    "/files/{token}/..%2f..%2fsecret",
    "/files/{token}/up%2f..%2f..%2fsecret",
    "/files/{token}//etc/passwd",
    "/files/{token}/%00",
    "/files/{token}/up/a%00.wav",
    "/files/{token}/..\\..\\secret",
    "/files/{token}/%5c..%5csecret",
    "/files/{token}/%c0%ae%c0%ae/secret",
    "/files/{token}/%252e%252e/secret",
    "/files/{token}/" + "a/" * 3000,
    "/files/{token}/" + "%2e" * 5000,
    "/files//{token}/secret",
    "//files/{token}/secret",
    "/./files/{token}/./secret",
    "/uploads/{token}/../secret",
    "/playground/../page.py",
    "/playground/%2e%2e/page.py",
    "/playground/..%2f..%2f__init__.py",
    "/playground/%2e%2e%2f%2e%2e%2fsettings.py",
    "/playground//etc/passwd",
    "/playground/style.css%00.js",
    "/playground/....//....//etc/passwd",
    "/v1/jobs/../../punchin.db",
    "/v1/jobs/%2e%2e%2fme",
    "/v1/jobs/..;/me",
    "/v1/jobs/\xff\xfe",
    "/v1/jobs/" + "9" * 30_000,
    "/v1/uploads/../../secret",
    "/v1/uploads/%2e%2e%2f%2e%2e%2fsecret",
    "/api/v3/predictions/..%2f..%2fsecret/result",
    "/api/v3/punchin/..%2f..%2ftone/audio-inpaint",
    "/?../../secret",
    "/docs/../../secret",
    "*",
    "?",
    "/%",
    "/%zz",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:40])
def test_tricks_of_paths_with_a_key_and_without(api, upload, path):
    place, _ = upload()
    path = path.replace("{token}", place.split("/")[2])
    secret = (api.home / "secret").read_bytes()
    for key in ((), (f"Authorization: Bearer {api.key}",)):
        for method in ("GET", "PUT"):
            said = asked(api, request(path, *key, "Content-Length: 1", method=method, body=b"x"))
            assert not [each for each in (*SECRETS, secret) if each in said], said
            if status(said) == 307:
                assert b"location: http://punchin/" in said.lower(), "never to another host"
            elif path != "/?../../secret":  # the page: what follows ? is nobody's
                assert status(said) in (400, 401, 403, 404, 405, 411, 412, 414, 422, 431), said[:200]
    assert is_well(api)
    assert {each.name for each in api.home.iterdir()} <= {
        *("files", "heard", "incoming", "locks", "work", "models", "secret", "log"),
        *("punchin.db", "punchin.db-wal", "punchin.db-shm"),
    }


def test_all_that_left_no_fault_in_the_log(api):
    """Runs last: what was asked above, in the words of the server."""
    faults = []
    for line in (api.home / "log").read_text().splitlines():
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict) and said.get("level") == "error":
                faults.append(said.get("exception", said["event"]))
    assert faults == []

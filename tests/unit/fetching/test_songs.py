import gzip
import itertools
import socket

import pytest

from punchin.errors import Cancelled, FetchError, NotAllowed, SongError, StoreError, TooLarge
from punchin.fetching import FetchLimits, fetch

TRUSTED = ["127.0.0.1"]
QUICK = FetchLimits(max_bytes=1_000_000, limit_s=5, connect_s=2, silence_s=0.3)


def names(table):
    """A resolver that knows these names; one with several answers gives them one after the other."""
    answers = {name: itertools.chain(ips, itertools.repeat(ips[-1])) for name, ips in table.items()}
    asked = []

    def resolve(host, port):
        asked.append(host)
        if host not in answers:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return next(answers[host])

    resolve.asked = asked
    return resolve


def test_a_song_is_there_whole_with_its_type_and_name(serve, song, tmp_path):
    server = serve(song(b"abc" * 1000, "Content-Type: Audio/X-Wav; charset=x"))
    fetched = fetch(server.address("/a/my%20song.wav?token=1#x"), tmp_path / "in", QUICK, TRUSTED)
    assert (tmp_path / "in").read_bytes() == b"abc" * 1000
    assert (fetched.bytes, fetched.media_type, fetched.filename) == (3000, "audio/x-wav", "my song.wav")
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


def test_the_request_is_plain_and_tells_nothing_of_us(serve, song, tmp_path):
    server = serve(song())
    fetch(server.address("/a?b=c#d"), tmp_path / "in", QUICK, TRUSTED)
    head = server.requests[0][0].lower()
    assert head.startswith("get /a?b=c http/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}" in head
    assert "accept-encoding: identity" in head
    assert not any(word in head for word in ("cookie", "referer", "authorization"))


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="a b.wav"', "a b.wav"),
        ("attachment; filename*=UTF-8''%C3%BC.wav", "ü.wav"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ('attachment; filename="C:\\\\songs\\\\x.wav"', "x.wav"),
        ("attachment; filename=..", ""),
        ("attachment; filename*=UTF-8''a%00%0Ab.wav", "ab.wav"),
        ("nonsense ; ; =", "song.wav"),
        ('attachment; filename="' + "x" * 500 + '.wav"', "x" * 146 + ".wav"),
    ],
)
def test_the_name_of_a_file_is_only_a_name(serve, song, tmp_path, disposition, name):
    server = serve(song(b"x", f"Content-Disposition: {disposition}"))
    assert fetch(server.address(), tmp_path / "in", QUICK, TRUSTED).filename == name


def test_without_a_length_the_body_ends_with_the_answer_and_chunks_are_joined(serve, tmp_path):
    chunked = serve(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    assert fetch(chunked.address(), tmp_path / "in", QUICK, TRUSTED).bytes == 5
    closed = serve(b"HTTP/1.0 200 OK\r\n\r\nabcdef")
    assert fetch(closed.address(), tmp_path / "in", QUICK, TRUSTED).bytes == 6
    assert (tmp_path / "in").read_bytes() == b"abcdef"


# Who may be asked


def test_a_host_that_is_not_trusted_and_not_public_is_never_connected_to(serve, song, tmp_path):
    server = serve(song())
    for address in (server.address(), server.address(host="localhost"), server.address(host="songs.example")):
        with pytest.raises(NotAllowed):
            fetch(
                address, tmp_path / "in", QUICK, allow_http=True,
                resolve=names({"localhost": [["127.0.0.1"]], "songs.example": [["127.0.0.1"]]}),
            )  # fmt: skip
    assert not server.requests
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"], ["169.254.169.254"], ["::1"], ["fe80::1%eth0"], ["::ffff:127.0.0.1"],
        ["fd00::1"], ["0.0.0.0"],
        ["8.8.8.8", "127.0.0.1"], ["2606:4700::1", "8.8.8.8", "::ffff:192.168.0.1"],
    ],
)  # fmt: skip
def test_every_address_of_a_name_must_be_public(answers, tmp_path):
    with pytest.raises(NotAllowed, match="not on the public internet") as refusal:
        fetch("https://songs.example/", tmp_path / "in", QUICK, resolve=names({"songs.example": [answers]}))
    assert not any(answer in str(refusal.value) for answer in answers)


def test_a_name_is_looked_up_once_so_that_a_second_answer_cannot_be_another(serve, song, tmp_path):
    server = serve(song())
    # First an allowed address where nobody listens, then the one that is guarded and where the server is.
    rebinding = names({"songs.example": [["127.0.0.2"], ["127.0.0.1"]]})
    with pytest.raises(FetchError, match="reached"):
        fetch(server.address(host="songs.example"), tmp_path / "in", QUICK, ["127.0.0.2"], resolve=rebinding)
    assert rebinding.asked == ["songs.example"]
    assert not server.requests


def test_the_connection_goes_to_the_checked_address_under_the_name(serve, song, tmp_path):
    server = serve(song())
    fetch(
        server.address(host="songs.example"), tmp_path / "in", QUICK, ["songs.example"],
        resolve=names({"songs.example": [["127.0.0.1"]]}),
    )  # fmt: skip
    assert f"Host: songs.example:{server.port}" in server.requests[0][0]


def test_the_next_address_is_tried_when_one_does_not_answer(serve, song, tmp_path):
    server = serve(song())
    resolve = names({"songs.example": [["127.0.0.9", "127.0.0.1"]]})
    assert fetch(
        server.address(host="songs.example"), tmp_path / "in", QUICK, ["127.0.0.0/8"], resolve=resolve
    ).bytes


def test_a_trusted_name_does_not_open_the_metadata_of_the_cloud(tmp_path):
    for ip in ("169.254.169.254", "0.0.0.0", "fd00:ec2::254", "::ffff:169.254.169.254"):
        with pytest.raises(NotAllowed):
            fetch("http://nas/", tmp_path / "in", QUICK, ["nas"], resolve=names({"nas": [[ip]]}))


def test_proxies_of_the_environment_are_not_asked(serve, song, tmp_path, monkeypatch):
    proxy, server = serve(song(b"proxy")), serve(song(b"song"))
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
    fetch(server.address(), tmp_path / "in", QUICK, TRUSTED)
    assert (tmp_path / "in").read_bytes() == b"song"
    assert not proxy.requests


# Redirects


def moved(location, status="302 Found"):
    return f"HTTP/1.1 {status}\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirects_are_followed(serve, song, tmp_path, status):
    target = serve(song(b"song"))
    server = serve(moved(target.address("/end.wav"), status))
    assert fetch(server.address("/start"), tmp_path / "in", QUICK, TRUSTED).filename == "end.wav"


def test_a_redirect_within_the_server_is_joined(serve, song, tmp_path):
    server = serve(lambda send, head: send(moved("b.wav") if "/a/x" in head else song(b"song")))
    fetch(server.address("/a/x"), tmp_path / "in", QUICK, TRUSTED)
    assert server.requests[1][0].startswith("GET /a/b.wav ")


@pytest.mark.parametrize(
    "location",
    [
        "http://127.0.0.2:1/", "http://169.254.169.254/latest/", "https://[::1]/", "http://0x7f.1/", "file:///etc/passwd",
        "http://public.example/", "https://private.example/", "https://user:pw@public.example/", "gopher://x/",
        "//127.0.0.2:1/",
    ],
)  # fmt: skip
def test_a_redirect_is_checked_like_the_first_address(serve, tmp_path, location):
    server = serve(moved(location))
    resolve = names({"private.example": [["10.0.0.1"]], "public.example": [["8.8.8.8"]]})
    with pytest.raises(NotAllowed):
        fetch(server.address(), tmp_path / "in", QUICK, TRUSTED, resolve=resolve)


def test_redirects_end_after_five(serve, tmp_path):
    server = serve(moved("/again"))
    with pytest.raises(FetchError, match="5 times"):
        fetch(server.address(), tmp_path / "in", QUICK, TRUSTED)
    assert len(server.requests) == 6


# How much


def test_a_length_over_the_limit_is_refused_before_the_body(serve, tmp_path):
    server = serve(b"HTTP/1.1 200 OK\r\nContent-Length: 1000001\r\n\r\n")
    with pytest.raises(TooLarge, match="1 MB"):
        fetch(server.address(), tmp_path / "in", QUICK, TRUSTED)


def test_an_endless_body_is_cut_off(serve, tmp_path):
    sent = []

    def endless(send, _):
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            send(b"x" * 65536)
            sent.append(65536)

    with pytest.raises(TooLarge):
        fetch(serve(endless).address(), tmp_path / "in", QUICK, TRUSTED)
    assert not list(tmp_path.iterdir())


def test_exactly_the_limit_is_taken(serve, song, tmp_path):
    limits = FetchLimits(max_bytes=1000)
    assert fetch(serve(song(b"x" * 1000)).address(), tmp_path / "in", limits, TRUSTED).bytes == 1000
    with pytest.raises(TooLarge):
        fetch(serve(song(b"x" * 1001)).address(), tmp_path / "in", limits, TRUSTED)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "br", "deflate, gzip", "zstd"])
def test_what_could_grow_is_not_taken(serve, song, tmp_path, encoding):
    bomb = gzip.compress(bytes(10_000_000))
    with pytest.raises(FetchError, match="compressed"):
        fetch(serve(song(bomb, f"Content-Encoding: {encoding}")).address(), tmp_path / "in", QUICK, TRUSTED)


def test_a_gzip_file_as_such_is_not_unpacked(serve, song, tmp_path):
    bomb = gzip.compress(bytes(10_000_000))
    fetched = fetch(
        serve(song(bomb, "Content-Type: application/gzip")).address(), tmp_path / "in", QUICK, TRUSTED
    )
    assert fetched.bytes == len(bomb)


def test_endless_headers_are_cut_off(serve, tmp_path):
    def endless(send, _):
        send(b"HTTP/1.1 200 OK\r\n")
        while True:
            send(b"X: " + b"y" * 60000 + b"\r\n")

    with pytest.raises(FetchError):
        fetch(serve(endless).address(), tmp_path / "in", QUICK, TRUSTED)


# How long


def test_silence_ends_it(serve, tmp_path):
    server = serve(lambda send, _: server.stopping.wait(5))
    with pytest.raises(FetchError, match=r"nothing for 0\.3 s"):
        fetch(server.address(), tmp_path / "in", QUICK, TRUSTED)


def drip(server_of, first, every_s=0.02):
    def reply(send, _):
        send(first)
        while not server_of().stopping.wait(every_s):
            send(b"x")

    return reply


def test_a_drip_of_bytes_is_ended_by_the_pace(serve, tmp_path):
    server = serve(drip(lambda: server, b"HTTP/1.1 200 OK\r\n\r\n"))
    limits = FetchLimits(limit_s=30, silence_s=5, slow_after_s=0.3)
    with pytest.raises(FetchError, match="too slowly"):
        fetch(server.address(), tmp_path / "in", limits, TRUSTED)


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: ", b""])
def test_a_drip_of_bytes_is_ended_by_the_time_for_all(serve, tmp_path, first):
    server = serve(drip(lambda: server, first))
    limits = FetchLimits(limit_s=0.4, silence_s=5)
    with pytest.raises(FetchError, match=r"longer than 0\.4 s"):
        fetch(server.address(), tmp_path / "in", limits, TRUSTED)


def test_a_resolver_that_never_answers_is_left_behind(serve, tmp_path):
    server = serve(b"")
    limits = FetchLimits(limit_s=5, connect_s=0.2)
    with pytest.raises(FetchError, match="in time"):
        fetch(
            "https://slow.example/", tmp_path / "in", limits, resolve=lambda *_: server.stopping.wait(5) or []
        )


@pytest.mark.parametrize("silent", ["lookup", "answer", "body"])
def test_cancelling_ends_it_also_while_nothing_comes(serve, song, tmp_path, silent):
    def reply(send, _):
        if silent == "body":
            send(song(b"x" * 100)[:-50])
        server.stopping.wait(5)

    server = serve(reply)
    calls = []

    def progress(done, total):
        calls.append((done, total))
        if len(calls) == 2:
            raise Cancelled

    def resolve(host, port):
        if silent == "lookup":
            server.stopping.wait(5)
        return ["127.0.0.1"]

    limits = FetchLimits(limit_s=20, silence_s=10)
    with pytest.raises(Cancelled):
        fetch(server.address(host="nas"), tmp_path / "in", limits, ["nas"], progress, resolve=resolve)
    assert not list(tmp_path.iterdir())


def test_progress_tells_bytes_and_how_many_there_will_be(serve, song, tmp_path):
    calls = []
    fetch(
        serve(song(b"x" * 300_000)).address(), tmp_path / "in", QUICK, TRUSTED, lambda *at: calls.append(at)
    )
    assert calls[-1] == (300_000, 300_000)
    assert all(total == 300_000 for _, total in calls)
    assert sorted(calls) == calls


# What comes


def test_a_break_in_the_middle_leaves_nothing(serve, song, tmp_path):
    (tmp_path / "in").write_bytes(b"before")
    for broken in (
        song(b"x" * 1000)[:-1],
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"",
        b"HTTP/1.",
    ):
        with pytest.raises(FetchError, match="broke off"):
            fetch(serve(broken).address(), tmp_path / "in", QUICK, TRUSTED)
    assert (tmp_path / "in").read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [tmp_path / "in"]


@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n", b"* OK IMAP4 ready\r\n", b"\x00\x01\x02", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_another_protocol_is_no_answer(serve, tmp_path, answer):
    with pytest.raises(FetchError):
        fetch(serve(answer).address(), tmp_path / "in", QUICK, TRUSTED)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("404 Not Found", "nothing at the address"), ("410 Gone", "nothing"), ("401 X", "does not give"),
        ("403 X", "does not give"), ("429 X", "too many requests"), ("500 X", "answered 500"),
        ("503 X", "503"),
        ("204 No Content", "204"), ("206 Partial Content", "206"), ("304 Not Modified", "304"),
        ("302 No place", "302"),
    ],
)  # fmt: skip
def test_a_status_is_told_in_words_that_clients_do_not_misread(serve, song, tmp_path, status, message):
    with pytest.raises(FetchError, match=message) as failure:
        fetch(serve(song(b"", status=status)).address(), tmp_path / "in", QUICK, TRUSTED)
    assert not any(word in str(failure.value).lower() for word in ("timeout", "connection", "http 5", "429"))


@pytest.mark.parametrize(
    "kind", ["text/html", "text/html; charset=utf-8", "application/xhtml+xml", "image/png",
             "application/json",
             "application/vnd.apple.mpegurl", "text/css"],
)  # fmt: skip
def test_what_is_no_song_by_its_type_is_refused(serve, song, tmp_path, kind):
    with pytest.raises(SongError, match="not a song"):
        fetch(serve(song(b"x", f"Content-Type: {kind}")).address(), tmp_path / "in", QUICK, TRUSTED)


@pytest.mark.parametrize(
    "kind", ["audio/mpeg", "video/mp4", "application/octet-stream", "text/plain", "binary/octet-stream", ""]
)
def test_other_types_are_taken(serve, song, tmp_path, kind):
    assert (
        fetch(serve(song(b"x", f"Content-Type: {kind}")).address(), tmp_path / "in", QUICK, TRUSTED).bytes
        == 1
    )


@pytest.mark.parametrize(
    "page", [b"<!DOCTYPE html><html>", b"\n  <html lang=en>", b"<?xml version='1.0'?>\n<!doctype html>"]
)
def test_a_web_page_that_calls_itself_a_file_is_refused(serve, song, tmp_path, page):
    server = serve(song(page, "Content-Type: application/octet-stream"))
    with pytest.raises(SongError, match="web page"):
        fetch(server.address(), tmp_path / "in", QUICK, TRUSTED)
    assert not list(tmp_path.iterdir())


def test_an_empty_file_is_no_song(serve, song, tmp_path):
    with pytest.raises(FetchError, match="empty"):
        fetch(serve(song(b"")).address(), tmp_path / "in", QUICK, TRUSTED)


def test_nobody_there(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(FetchError, match="could not be reached"):
        fetch(f"http://127.0.0.1:{port}/", tmp_path / "in", QUICK, TRUSTED)
    with pytest.raises(FetchError, match="not known"):
        fetch("https://nowhere.example/", tmp_path / "in", QUICK, resolve=names({}))
    with pytest.raises(FetchError, match="no address"):
        fetch("https://nowhere.example/", tmp_path / "in", QUICK, resolve=lambda *_: [])


def test_a_place_that_cannot_be_written_is_ours_to_mend(serve, song, tmp_path):
    with pytest.raises(StoreError):
        fetch(serve(song()).address(), tmp_path / "nowhere" / "in", QUICK, TRUSTED)


def test_what_is_refused_by_its_address_is_not_even_looked_up(tmp_path):
    resolve = names({"songs.example": [["8.8.8.8"]]})
    for address in ("http://songs.example/", "https://songs.example:25/"):
        with pytest.raises(NotAllowed):
            fetch(address, tmp_path / "in", QUICK, resolve=resolve)
    assert resolve.asked == []

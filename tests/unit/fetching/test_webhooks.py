import pytest

from punchin.errors import FetchError, NotAllowed
from punchin.fetching import FetchLimits, post

HEADERS = {"Content-Type": "application/json", "webhook-id": "1f", "webhook-signature": "v3,00"}


def test_a_message_arrives_as_it_was_sent(serve):
    server = serve(b"HTTP/1.1 204 No Content\r\n\r\n")
    assert (
        post(server.address("/hook?x=1"), b'{"a": "\xc3\xbc"}', HEADERS, trusted_hosts=["127.0.0.1"]) == 204
    )
    head, body = server.requests[0]
    assert head.startswith("POST /hook?x=1 HTTP/1.1\r\n")
    assert "webhook-id: 1f" in head
    assert "Content-Length: 11" in head
    assert body == b'{"a": "\xc3\xbc"}'


@pytest.mark.parametrize("status", [200, 302, 404, 410, 500])
def test_the_status_is_given_back_and_nothing_is_followed(serve, song, status):
    target = serve(song())
    server = serve(song(b"ok", f"Location: {target.address()}", status=f"{status} X"))
    assert post(server.address(), b"{}", HEADERS, trusted_hosts=["127.0.0.1"]) == status
    assert not target.requests


def test_the_guard_is_the_same(serve, song):
    server = serve(song())
    for address in (server.address(), server.address(scheme="https"), "https://[::1]/", "ftp://host/"):
        with pytest.raises(NotAllowed):
            post(address, b"{}", HEADERS, allow_http=True)
    with pytest.raises(NotAllowed):
        post("https://hook.example/", b"{}", HEADERS, resolve=lambda *_: ["8.8.8.8", "192.168.1.1"])
    assert not server.requests


def test_an_endless_answer_is_not_waited_for(serve):
    def endless(send, _):
        send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            send(b"x" * 65536)

    assert post(serve(endless).address(), b"{}", HEADERS, trusted_hosts=["127.0.0.1"]) == 200


def test_silence_is_an_error_that_may_pass(serve):
    server = serve(lambda send, _: server.stopping.wait(5))
    with pytest.raises(FetchError):
        post(server.address(), b"{}", HEADERS, FetchLimits(limit_s=0.2), ["127.0.0.1"])

"""A server on loopback whose every byte the test decides."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest


class RawServer:
    """Answers each connection with what `reply` sends; keeps the requests.

    `reply(send, request)`: `send(bytes)` writes at once; when it returns the connection is closed.
    """

    def __init__(self, reply):
        self.reply = reply
        self.requests = []
        self.stopping = threading.Event()
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self._accept, daemon=True)]
        self.threads[0].start()

    def address(self, path="/song.wav", host="127.0.0.1", scheme="http"):
        return f"{scheme}://{host}:{self.port}{path}"

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.socket.accept()
                thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
                self.threads.append(thread)
                thread.start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError):
            request = b""
            while b"\r\n\r\n" not in request:
                got = connection.recv(65536)
                if not got:
                    return
                request += got
            head, _, body = request.partition(b"\r\n\r\n")
            length = next(
                (
                    int(line[15:])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length:")
                ),
                0,
            )
            while len(body) < length:
                body += connection.recv(65536)
            self.requests.append((head.decode("latin-1"), body))
            self.reply(connection.sendall, head.decode("latin-1"))

    def stop(self):
        self.stopping.set()
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()
        for thread in self.threads:
            thread.join(5)


@pytest.fixture
def serve():
    """`serve(reply)` or `serve(b"whole answer")` gives a running RawServer."""
    servers = []

    def start(reply):
        if isinstance(reply, bytes):
            answer = reply
            servers.append(RawServer(lambda send, _: send(answer)))
        else:
            servers.append(RawServer(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def song(body=b"RIFF....", *headers, status="200 OK"):
    """A whole HTTP answer with its length."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@pytest.fixture(name="song")
def song_fixture():
    return song

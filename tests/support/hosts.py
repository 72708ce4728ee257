"""Another server on loopback: it gives songs, sends elsewhere, and takes messages."""

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Host:
    """What it answers, and what it was asked.

    Attributes:
        answers: by path, `(status, headers, body)`; a list gives one after the other, the last one for good.
        asked: `(path, headers, body)` of every request.
    """

    port: int
    answers: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)

    def address(self, path, host="127.0.0.1"):
        return f"http://{host}:{self.port}{path}"

    def answer(self, path):
        found = self.answers.get(path, (404, {}, b""))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


@contextmanager
def another_host():
    """Run one."""

    class Handler(BaseHTTPRequestHandler):
        def told(self):
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            host.asked.append((self.path, dict(self.headers), body))
            status, headers, content = host.answer(self.path.partition("?")[0])
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = told  # noqa: N815  # as http.server calls them

        def log_message(self, *words):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        host = Host(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield host
        finally:
            server.shutdown()
            thread.join()

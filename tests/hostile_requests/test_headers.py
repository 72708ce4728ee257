"""Headers that keep browsers from being used against this server: on every route, well or not."""

import re

import pytest

from punchin.web.page import POLICY

EVERYWHERE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
BODILESS = {"GET", "HEAD", "DELETE"}


def asked_of(served):
    """Each route of the server with its methods, and made-up parameters."""
    for path, methods in served.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), re.sub(r"{[^}]*}", "x1", path)
    for path in ("/", "/playground/style.css", "/playground/none.js", "/favicon.ico", "/docs", "/nothing"):
        yield "GET", path
    yield "PATCH", "/api/v3/balance"


def test_every_answer_of_every_route_with_and_without_a_key(served):
    seen = set()
    for method, path in asked_of(served):
        for api in (served.bare, served.api):
            more = {} if method in BODILESS else {"content": b"{"}
            answer = api.request(method, path, **more)
            seen.add(answer.status_code)
            for name, value in EVERYWHERE.items():
                assert answer.headers.get(name) == value, (method, path, answer.status_code, name)
            policy = answer.headers.get("content-security-policy", "")
            assert policy == POLICY or "default-src 'none'" in policy, (method, path, policy)
    assert {200, 400, 401, 403, 404, 405, 422} <= seen


def test_a_fault_is_answered_with_the_same_headers_and_tells_nothing(served, monkeypatch):
    def breaks(*_):
        raise ZeroDivisionError("the-secret-of-a-traceback")

    monkeypatch.setattr(type(served.store), "history", breaks)
    answer = served.api.get("/v1/jobs")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    for name, value in EVERYWHERE.items():
        assert answer.headers.get(name) == value
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_scripts_of_the_page_come_from_its_own_server_only():
    rules = dict(rule.strip().partition(" ")[::2] for rule in POLICY.split(";"))
    assert rules["script-src"] == rules["connect-src"] == rules["default-src"] == "'self'"
    assert rules["object-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe-eval" not in POLICY


@pytest.mark.parametrize("name", ["song.html", "song.svg", "song.xml", "song.js", "song.htm", "song"])
def test_an_upload_is_never_a_page_of_this_server(served, name):
    """Even under a name of one, with a type of one: it would run with the rights of the playground."""
    asked = {"filename": name, "content_type": "text/html"}
    given = served.api.post("/api/v3/media/uploads", json=asked).json()["data"]
    page = b"<html><script>alert(1)</script>"
    served.bare.put(given["upload"]["url"], content=page, headers=given["upload"]["headers"])
    answer = served.bare.get(given["download_url"])
    assert answer.content == page
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["referrer-policy"] == "no-referrer"

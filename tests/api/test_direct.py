"""Uploads and downloads that go to an object store directly: S3, a real server process on loopback."""

from functools import partial

import httpx
import pytest

from support.s3 import bucket, store_server
from support.web import GOOD, SECRET, SOUND, SUBMIT

pytestmark = pytest.mark.slow


__all__ = ["bucket", "store_server"]


@pytest.fixture
def open_server(bucket, serve):
    return partial(serve, files=bucket)


@pytest.fixture
def direct():
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def announced(server, **fields):
    answer = server.api.post("/api/v3/media/uploads", json={"filename": "song.wav"} | fields)
    assert answer.status_code == 200, answer.text
    ticket = answer.json()["data"]
    return ticket["upload"], ticket["download_url"]


def submitted(server, audio):
    return server.api.post(SUBMIT, json=GOOD | {"audio": audio})


def test_a_song_goes_to_the_store_and_comes_from_it(open_server, store_server, direct):
    server = open_server()
    upload, address = announced(server, content_type="audio/wav", size=len(SOUND))
    assert upload["url"].startswith(store_server.endpoint)
    early = submitted(server, address)
    assert early.status_code == 400
    assert "has not arrived" in early.json()["message"]

    sent = direct.request(upload["method"], upload["url"], headers=upload["headers"], content=SOUND)
    assert sent.status_code == 200, sent.text
    assert submitted(server, address).status_code == 200
    key = address.split("/files/")[1].split("/", 1)[1]
    there = server.store.upload_at(key)
    assert (there.bytes, there.stored_at is not None) == (len(SOUND), True)

    answer = server.bare.get(address, follow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["location"].startswith(store_server.endpoint)
    assert direct.get(answer.headers["location"]).content == SOUND
    part = direct.get(answer.headers["location"], headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.content) == (206, SOUND[:10])


def test_heads_pages_and_downloads_under_a_name_come_through_the_api(open_server, direct):
    server = open_server()
    upload, address = announced(server)
    direct.put(upload["url"], headers=upload["headers"], content=SOUND)
    assert server.bare.head(address).headers["content-length"] == str(len(SOUND))
    for headers, more in (({"Sec-Fetch-Dest": "empty"}, ""), ({}, "?download=1")):
        answer = server.bare.get(address + more, headers=headers, follow_redirects=False)
        assert (answer.status_code, answer.content) == (200, SOUND)
    assert server.bare.get(address.replace("song.wav", "other.wav")).status_code == 403


def test_outputs_come_from_the_store_as_what_they_are(open_server, direct):
    server = open_server()
    job = server.submit()
    server.finish(job)
    [output] = server.result(job)["outputs"]
    found = server.bare.get(output, follow_redirects=False)
    answer = direct.get(found.headers["location"])
    assert (answer.content, answer.headers["content-type"]) == (SOUND, "audio/wav")


@pytest.mark.parametrize(
    ("limit", "said", "status", "why"), [(0.001, None, 400, "1000"), (10, 5, 400, "5 were announced")]
)
def test_what_has_not_the_size_that_was_allowed_is_refused(open_server, direct, limit, said, status, why):
    server = open_server(max_upload_mb=limit)
    upload, address = announced(server, **({"size": said} if said else {}))
    direct.put(upload["url"], headers=upload["headers"], content=SOUND)
    answer = submitted(server, address)
    assert answer.status_code == status
    assert why in answer.json()["message"]


def test_where_clients_do_not_reach_the_store_all_goes_through_the_api(open_server):
    server = open_server(direct_files=False)
    upload, address = announced(server)
    assert upload["url"].startswith("http://testserver/uploads/")
    sent = server.bare.put(upload["url"], content=SOUND, headers=upload["headers"])
    assert sent.status_code == 200, sent.text
    assert server.bare.get(address, follow_redirects=False).content == SOUND
    assert SECRET not in address

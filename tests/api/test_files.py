"""Uploads and downloads."""

import pytest

from punchin.web.ranges import NotSatisfiable, Slice, slice_of
from support.web import GOOD, SOUND, SUBMIT


def ticket(served, **asked):
    answer = served.api.post("/api/v3/media/uploads", json=asked)
    assert answer.status_code == 200, answer.text
    assert answer.json()["code"] == 200
    return answer.json()["data"]


def put(served, given, content=SOUND, **headers):
    return served.bare.put(
        given["upload"]["url"], content=content, headers=given["upload"]["headers"] | headers
    )


def test_a_ticket_and_a_put(served):
    given = ticket(served, filename="My Song.WAV", size=len(SOUND), content_type="audio/x-wav")
    upload = given["upload"]
    assert upload["method"] == "PUT"
    assert upload["headers"] == {"Content-Type": "audio/x-wav", "If-None-Match": "*"}
    assert upload["url"].startswith("http://testserver/uploads/")
    assert given["download_url"].endswith(".wav")
    answer = put(served, given)
    assert answer.status_code == 200
    assert answer.json()["data"]["size"] == len(SOUND)
    assert served.bare.get(given["download_url"]).content == SOUND


def test_a_put_works_once(served):
    given = ticket(served, filename="a.wav")
    assert put(served, given).status_code == 200
    again = put(served, given, b"other")
    assert again.status_code == 412
    assert again.json()["code"] == 412
    assert served.bare.get(given["download_url"]).content == SOUND


def test_a_put_works_once_even_where_the_file_is_gone(served):
    given = ticket(served, filename="a.wav")
    put(served, given)
    served.files.delete(["up/" + given["download_url"].partition("/up/")[2]])
    assert put(served, given, b"other").status_code == 412
    assert served.bare.get(given["download_url"]).status_code == 404


def test_little_is_needed_for_a_ticket(served):
    given = ticket(served)
    assert given["upload"]["headers"] == {"If-None-Match": "*"}
    assert served.bare.put(given["upload"]["url"], content=SOUND).status_code == 200
    assert ticket(served, filename=None, size=None, content_type=None)["download_url"].endswith("/upload")


def test_a_chunked_put(served):
    given = ticket(served, filename="a.wav")
    assert put(served, given, iter([SOUND[:100], SOUND[100:]])).status_code == 200
    assert served.bare.get(given["download_url"]).content == SOUND


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("filename", 7),
        ("size", "12"),
        ("size", -1),
        ("content_type", "audio"),
        ("content_type", "a/b\r\nX: y"),
    ],
)
def test_a_bad_ticket_is_400(served, field, value):
    answer = served.api.post("/api/v3/media/uploads", json={"filename": "a.wav"} | {field: value})
    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_uploads_that_are_too_large_are_413_and_not_kept(serve):
    served = serve(max_upload_mb=0.005)
    assert served.api.post("/api/v3/media/uploads", json={"size": 5001}).status_code == 413
    given = ticket(served, filename="a.wav")
    assert put(served, given).status_code == 413
    assert put(served, given, iter([SOUND[:4000], SOUND[:4000]])).status_code == 413
    assert served.bare.get(given["download_url"]).status_code == 404
    assert put(served, given, SOUND[:5000]).status_code == 200
    big = {"file": ("a.wav", bytes(200_000), "audio/wav")}
    assert served.api.post("/api/v3/media/upload/binary", files=big).status_code == 413
    big = {"file": ("a.wav", bytes(50_000), "audio/wav")}
    assert served.api.post("/api/v3/media/upload/binary", files=big).status_code == 413


def test_an_upload_address_is_for_one_file_one_method_and_a_time(served):
    given = ticket(served, filename="a.wav")
    other = ticket(served, filename="b.wav")
    address, key = given["upload"]["url"], other["download_url"].partition("/up/")[2]
    assert served.bare.put(address.partition("/up/")[0] + f"/up/{key}", content=b"x").status_code == 403
    assert served.bare.get(address.replace("/uploads/", "/files/")).status_code == 403
    assert (
        served.bare.put(given["download_url"].replace("/files/", "/uploads/"), content=b"x").status_code
        == 403
    )
    later = served.front.addresses.now_s() + 3601
    object.__setattr__(served.front.addresses, "now_s", lambda: later)
    late = put(served, given)
    assert late.status_code == 403
    assert "expired" in late.json()["message"]


@pytest.mark.parametrize(
    "path", ["/api/v3/media/upload/binary", "/api/v2/media/upload/binary", "/api/v3/upload"]
)
def test_a_form(served, path):
    answer = served.api.post(path, files={"file": ("clip.wav", SOUND, "audio/wav")})
    assert answer.status_code == 200
    assert answer.json()["code"] == 200
    given = answer.json()["data"]
    assert (given["type"], given["filename"], given["size"]) == ("audio", "clip.wav", len(SOUND))
    assert given["url"] == given["download_url"]
    assert served.bare.get(given["download_url"]).content == SOUND


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"x", "multipart/form-data"),
        (b"{}", "application/json"),
        (b"--x\r\n\r\nno", "multipart/form-data; boundary=x"),
        (b"--x\r\nContent-Disposition: form-data; name=file\r\n\r\ntext\r\n--x--\r\n",
         "multipart/form-data; boundary=x"),
    ],
)  # fmt: skip
def test_what_is_no_form_with_a_file_is_400(served, content, kind):
    answer = served.api.post("/api/v3/media/upload/binary", content=content, headers={"Content-Type": kind})
    assert answer.status_code == 400, answer.text
    assert "file" in answer.json()["message"]


def test_uploads_need_a_key(served):
    for path in ("/api/v3/media/uploads", "/api/v3/media/upload/binary", "/api/v3/upload"):
        assert served.bare.post(path, json={}).status_code == 401


def test_songs_that_were_sent_here_are_not_fetched_over_the_network(served):
    given = ticket(served, filename="a.wav")
    job = served.submit(audio=given["download_url"])
    assert served.store.job(job).spec.audio.startswith("upload:up/")
    # Another name of this server, as behind a proxy: the signature tells.
    moved = given["download_url"].replace("http://testserver", "https://music.example/prefix")
    assert served.store.job(served.submit(audio=moved)).spec.audio == served.store.job(job).spec.audio


def test_an_output_may_be_the_next_song(served):
    job = served.submit()
    served.finish(job)
    again = served.submit(audio=served.result(job)["outputs"][0])
    assert served.store.job(again).spec.audio == f"upload:out/{job}/a/song.punched.wav"


def test_a_forged_address_of_this_server_is_refused(served):
    given = ticket(served, filename="a.wav")
    forged = given["download_url"].replace("/up/", "/out/")
    answer = served.api.post(SUBMIT, json=GOOD | {"audio": forged})
    assert answer.status_code == 400
    assert "audio" in answer.json()["message"]
    elsewhere = "https://cdn.example/files/a/b.wav"
    assert served.store.job(served.submit(audio=elsewhere)).spec.audio == elsewhere


# Downloads


@pytest.fixture
def address(served):
    job = served.submit()
    served.finish(job)
    return served.result(job)["outputs"][0]


def test_headers_of_a_download(served, address):
    answer = served.bare.get(address)
    assert answer.status_code == 200
    said = answer.headers
    assert said["content-type"] == "audio/wav"
    assert said["accept-ranges"] == "bytes"
    assert said["content-length"] == str(len(SOUND))
    assert said["content-disposition"] == 'inline; filename="song.punched.wav"'
    assert said["x-content-type-options"] == "nosniff"
    assert "sandbox" in said["content-security-policy"]
    assert served.bare.get(f"{address}?download=1").headers["content-disposition"].startswith("attachment")


def test_head_says_the_same_without_the_bytes(served, address):
    head, got = served.bare.head(address), served.bare.get(address)
    assert (head.status_code, head.content) == (200, b"")
    assert {k: v for k, v in head.headers.items() if k != "date"} == dict(got.headers)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=10000-", 10000, len(SOUND)),
        ("bytes=-16", len(SOUND) - 16, len(SOUND)),
        ("bytes=10-9999999", 10, len(SOUND)),
        ("bytes=-9999999", 0, len(SOUND)),
    ],
)
def test_a_range(served, address, asked, start, end):
    for method in ("GET", "HEAD"):
        answer = served.bare.request(method, address, headers={"Range": asked})
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(SOUND)}"
        assert answer.headers["content-length"] == str(end - start)
        assert answer.content == (SOUND[start:end] if method == "GET" else b"")


@pytest.mark.parametrize("asked", [f"bytes={len(SOUND)}-", "bytes=-0", "bytes=99999-100000"])
def test_a_range_with_nothing_in_it_is_416(served, address, asked):
    answer = served.bare.get(address, headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(SOUND)}"


@pytest.mark.parametrize(
    "asked", ["bytes=5-2", "bytes=a-b", "lines=0-1", "bytes=0-1,4-5", "bytes=-", "bytes"]
)
def test_a_range_that_may_be_ignored_gives_all(served, address, asked):
    answer = served.bare.get(address, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, SOUND)


def test_what_the_client_has_is_not_sent_again(served, address):
    etag = served.bare.get(address).headers["etag"]
    assert served.bare.get(address, headers={"If-None-Match": etag}).status_code == 304
    assert served.bare.get(address, headers={"If-None-Match": '"other"'}).status_code == 200
    same = served.bare.get(address, headers={"Range": "bytes=0-3", "If-Range": etag})
    assert same.status_code == 206
    changed = served.bare.get(address, headers={"Range": "bytes=0-3", "If-Range": '"other"'})
    assert (changed.status_code, changed.content) == (200, SOUND)


def test_addresses_cannot_be_guessed_and_expire(served, address):
    base, _, rest = address.partition("/files/")
    token, _, key = rest.partition("/")
    for forged in (
        f"{base}/files/{key}",
        f"{base}/files/x/{key}",
        f"{base}/files/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}/{key}",
        f"{base}/files/{token}/{key}x",
        f"{base}/files/{token}/../../punchin.db",
        f"{base}/files/{token}/%2e%2e/%2e%2e/punchin.db",
    ):
        answer = served.bare.get(forged)
        assert answer.status_code in (403, 404), forged
        assert SOUND[:20] not in answer.content
    later = served.front.addresses.now_s() + 169.1 * 3600
    object.__setattr__(served.front.addresses, "now_s", lambda: later)
    assert served.bare.get(address).status_code == 403


def test_an_upload_is_never_shown_as_a_page(served):
    given = ticket(served, filename="page.html", content_type="text/html")
    put(served, given, b"<script>alert(1)</script>")
    answer = served.bare.get(given["download_url"])
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_slices_agree_with_a_slow_twin():
    size = 7
    for first in ["", *map(str, range(9))]:
        for last in ["", *map(str, range(9))]:
            try:
                found = slice_of(f"bytes={first}-{last}", size)
            except NotSatisfiable:
                found = "none"
            assert found == twin(first, last, size), (first, last)


def twin(first, last, size):
    """By listing every byte that is asked for."""
    if first == last == "" or (first and last and int(last) < int(first)):
        return None
    if first:
        wanted = [at for at in range(size) if at >= int(first) and (not last or at <= int(last))]
    else:
        wanted = [at for at in range(size) if at >= size - int(last)]
    return Slice(wanted[0], wanted[-1] + 1, size) if wanted else "none"

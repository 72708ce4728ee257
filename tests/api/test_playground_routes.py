"""The routes of the page, with real songs and a real desk."""

import io
import json
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from punchin.region import Frames
from punchin.songfile import open_song
from support.songs import SHARED_AUDIO, made_song, needs_shared, wav_of
from support.web import SUBMIT, Served, TestClient

DEMO = Path(__file__).resolve().parents[2] / "demo" / "song.mp3"
HOSTILE = [
    "",
    " ",
    "file:///etc/passwd",
    "/etc/passwd",
    "../../../etc/passwd",
    "http://testserver/etc/passwd",
    "http://testserver/files/",
    "http://testserver/files//",
    "http://testserver/files/x/up/../../secret",
    "http://testserver/files/1.2.3.4/up/a/song.wav",
    "http://testserver/files/9999999999.." + "A" * 43 + "/up/a/song.wav",
    "http://testserver/files/9999999999..." + "A" * 43 + "/up/a/song.wav",
    "http://testserver/files/9999999999..." + "A" * 43 + "/../secret",
    "http://testserver/files/%00/%00",
    "http://testserver/files/%2e%2e/%2e%2e/secret",
    "http://testserver/files/9999999999..." + "é" * 43 + "/up/a",
    "http://testserver/api/v3/balance",
    "http://127.0.0.1/",
    "http://169.254.169.254/latest/meta-data/",
    "http://[::1]/files/a/b",
    "http://[::1/files/a/b",
    "http://[v1.x]/files/a/b",
    "https://example.org/song.mp3",
    "ftp://example.org/song.mp3",
    "gopher://127.0.0.1:6379/_x",
    "javascript:alert(1)",
    "data:audio/wav;base64,UklGRg==",
    "upload:up/a/song.wav",
    "upload:../../secret",
    "\\\\server\\share\\song.wav",
    "C:\\Windows\\win.ini",
    "http://testserver\n/files/a/b",
    "http://testserver/files/a/b\r\nX: y",
    "http://user:secret@testserver/files/a/b",
    "http://testserver:99999/files/a/b",
    "http://testserver:-1/files/a/b",
    "//testserver/files/a/b",
    "http://" + "a" * 3000 + "/files/a/b",
    "http://testserver/files/" + "a/" * 1500,
    "\x00",
    "\ud7ff\u202e/files/a/b",
    "${jndi:ldap://x/files/a/b}",
    "http://testserver/files/'; drop table jobs; --/up/a",
]


@pytest.fixture(scope="module")
def page(tmp_path_factory, ledger):
    served = Served(tmp_path_factory.mktemp("page"), ledger)
    yield served
    served.front.listening.close()
    served.close()


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return wav_of(made_song(4.0, 16_000), tmp_path_factory.mktemp("song") / "song.wav").read_bytes()


def begin(page, size, name="A song.wav", api=None):
    answer = (api or page.api).post("/v1/uploads", json={"filename": name, "bytes": size})
    assert answer.status_code == 200, answer.text
    return answer.json()


def patch(page, upload, content, at, api=None):
    return (api or page.api).patch(upload["address"], content=content, headers={"Upload-Offset": str(at)})


def sent(page, content, name="A song.wav"):
    answer = patch(page, begin(page, len(content), name), content, 0)
    assert answer.status_code == 200, answer.text
    return answer.json()["audio"]


def get(page, what, of, api=None, **query):
    return (api or page.api).get(f"/v1/sounds/{what}", params={"of": of, **query})


def outline(answer):
    assert answer.status_code == 200, answer.text
    head, _, rest = answer.content.partition(b"\n")
    return json.loads(head), np.frombuffer(rest, "<i2").reshape(-1, 2)


# Uploads


def test_an_upload_in_parts_is_resumed(page, song):
    upload = begin(page, len(song))
    assert upload["offset"] == 0
    first = patch(page, upload, song[:1000], 0)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, "1000")
    told = page.api.head(upload["address"])
    assert (told.headers["Upload-Offset"], told.headers["Upload-Length"]) == ("1000", str(len(song)))
    wrong = patch(page, upload, song[999:], 999)
    assert (wrong.status_code, wrong.headers["Upload-Offset"]) == (409, "1000")
    last = patch(page, upload, song[1000:], 1000)
    assert last.status_code == 200
    assert page.bare.get(last.json()["audio"]).content == song
    assert patch(page, upload, song, 0).status_code == 412
    assert page.api.head(upload["address"]).headers["Upload-Offset"] == str(len(song))
    assert not page.front.spool.path(upload["id"]).exists()


def test_another_process_goes_on_with_an_upload(page, song):
    upload = begin(page, len(song))
    patch(page, upload, song[:500], 0)
    page.front.spool._parts.clear()
    audio = patch(page, upload, song[500:], 500).json()["audio"]
    assert page.bare.get(audio).content == song
    assert get(page, "about", audio).json()["sha256"] == page.store.upload(upload["id"]).sha256


def test_an_upload_is_sent_by_one_request_at_a_time(page, song):
    upload = begin(page, len(song))
    with page.front.spool.writing(upload["id"]):
        assert patch(page, upload, song, 0).status_code == 409
    assert patch(page, upload, song, 0).status_code == 200


def test_more_than_was_announced_is_refused(page, song):
    upload = begin(page, 100)
    assert patch(page, upload, song, 0).status_code == 413
    answer = page.api.post("/v1/uploads", json={"filename": "a.wav", "bytes": 10**13})
    assert answer.status_code == 413


@pytest.mark.parametrize("offset", ["", "-1", "x", "1.5", "9" * 30])
def test_an_offset_is_a_number(page, offset):
    upload = begin(page, 100)
    answer = page.api.patch(upload["address"], content=b"abc", headers={"Upload-Offset": offset})
    assert answer.status_code == 400


def test_an_upload_is_its_owners(page, song):
    upload = begin(page, len(song))
    other = page.other_key("uploads", "another-key-of-16-u")
    assert patch(page, upload, song, 0, other).status_code == 404
    assert other.head(upload["address"]).status_code == 404
    assert page.bare.patch(upload["address"], content=song).status_code == 401


def test_old_parts_go(page, song):
    upload = begin(page, len(song))
    patch(page, upload, song[:100], 0)
    path = page.front.spool.path(upload["id"])
    os.utime(path, (0, 0))
    begin(page, 10)
    assert not path.exists()
    assert patch(page, upload, song, 0).status_code == 200


def test_the_demo_song(page):
    audio = page.api.post("/v1/uploads/demo").json()["audio"]
    about = get(page, "about", audio).json()
    assert (about["format"], about["rate_hz"], about["frames"]) == ("mp3", 48_000, 1_509_600)
    assert page.bare.get(audio).content == DEMO.read_bytes()


def test_fetching_is_guarded(page):
    spool = page.settings.home / "incoming"
    before = sorted(spool.iterdir()) if spool.exists() else []
    for address in ("http://127.0.0.1:1/a.wav", "https://169.254.169.254/a", "file:///etc/passwd", "x"):
        answer = page.api.post("/v1/uploads/fetch", json={"address": address})
        assert answer.status_code in {400, 403}, answer.text
        assert answer.json()["message"]
    assert sorted(spool.iterdir()) == before


# Sounds


def test_everything_about_a_song(page, song):
    audio = sent(page, song)
    about = get(page, "about", audio).json()
    assert (about["name"], about["channels"], about["frames"]) == ("A song.wav", 2, 64_000)
    head, pairs = outline(get(page, "peaks", audio))
    assert head == {"per_s": 50, "channels": 1, "count": 200}
    sound, _ = soundfile.read(io.BytesIO(song), dtype="float32")
    assert np.array_equal(pairs[:, 1], np.rint(sound.reshape(200, -1).max(axis=1) * 32767).astype(int))
    grid = get(page, "beats", audio).json()
    assert abs(grid["tempo_bpm"] - 120) < 3
    assert {"confidence", "key", "downbeats_s", "beats_s"} <= set(grid)
    assert get(page, "beats", audio).json() == grid


@needs_shared
@pytest.mark.shared
@pytest.mark.parametrize("name", ["lena.mp3", "war_of_freedom_song.ogg"])
def test_frames_are_those_of_our_own_decoder(page, name):
    path = SHARED_AUDIO / name
    audio = sent(page, path.read_bytes(), name)
    with open_song(path) as real:
        for start, frames in ((0, 5000), (300_001, 44_100), (real.frames - 77, 5000)):
            answer = get(page, "frames", audio, start=start, frames=frames)
            assert answer.headers["content-type"] == "audio/wav"
            got, rate_hz = soundfile.read(io.BytesIO(answer.content), dtype="float32", always_2d=True)
            want = real.read(Frames(start, min(start + frames, real.frames))).samples
            assert rate_hz == real.rate_hz
            assert np.ascontiguousarray(got.T).tobytes() == want.tobytes()


def test_what_is_asked_twice_is_answered_from_what_is_kept(page, song):
    first = sent(page, song + b"kept")
    for what in ("about", "peaks"):
        assert get(page, what, first).status_code == 200
    desks = page.front.listening._working().desks
    asked, desks.ask = desks.ask, None
    try:
        again = sent(page, song + b"kept", "The same bytes.wav")
        assert get(page, "peaks", again).content == get(page, "peaks", first).content
    finally:
        desks.ask = asked


def test_a_difference(page, song):
    sound, rate_hz = soundfile.read(io.BytesIO(song), dtype="int16")
    sound[20_000:30_000] += 50
    changed = io.BytesIO()
    soundfile.write(changed, sound, rate_hz, "PCM_16", format="WAV")
    before, after = sent(page, song), sent(page, changed.getvalue())
    head, pairs = outline(get(page, "difference", after, against=before, start_s=1.25, end_s=1.875))
    assert head["outside"]["equal"] is True
    assert head["outside"]["first_changed_s"] == 1.25
    assert set(np.flatnonzero(pairs[:, 1])) == set(range(62, 94))
    head, _ = outline(get(page, "difference", after, against=before, start_s=1.25, end_s=1.8))
    assert head["outside"]["equal"] is False
    assert get(page, "difference", after, against=before, start_s=1).status_code == 400


@pytest.mark.parametrize(("form", "ending"), [("wav", "wav"), ("flac", "flac"), ("mp3", "mp3")])
def test_a_song_in_another_format(page, song, form, ending):
    audio = sent(page, song, "Ça va?.wav")
    answer = get(page, "rendered", audio, format=form)
    assert answer.status_code == 200
    told = answer.headers["content-disposition"]
    assert told.startswith("attachment;")
    assert told.endswith(f"filename*=UTF-8''%C3%87a%20va%3F.{ending}")
    want, _ = soundfile.read(io.BytesIO(song), dtype="float32")
    got, _ = soundfile.read(io.BytesIO(answer.content), dtype="float32")
    assert got.shape == want.shape
    assert np.abs(got - want).max() < (0.1 if form == "mp3" else 1e-9)


def test_just_the_new_part(page, song):
    audio = sent(page, song)
    answer = get(page, "rendered", audio, part="new", format="source", start=1000, frames=500)
    got, _ = soundfile.read(io.BytesIO(answer.content), dtype="int16")
    want, _ = soundfile.read(io.BytesIO(song), dtype="int16", start=1000, frames=500)
    assert np.array_equal(got, want)
    assert get(page, "rendered", audio, part="new").status_code == 400
    assert get(page, "rendered", audio).content == song


# Whose, and what not


@pytest.mark.parametrize("address", HOSTILE)
def test_hostile_addresses(page, address):
    for what, more in (("peaks", {}), ("frames", {"start": 0, "frames": 9}), ("rendered", {})):
        answer = get(page, what, address, **more)
        assert answer.status_code in {400, 403, 404}, answer.text
        assert "punchin.db" not in answer.text
        assert str(page.settings.home) not in answer.text


def test_another_keys_files_are_not_there(page, song):
    other = page.other_key("listener", "another-key-of-16-l")
    audio = sent(page, song)
    assert get(page, "peaks", audio).status_code == 200
    job = page.submit()
    page.finish(job, song)
    output = page.result(job)["outputs"][0]
    assert get(page, "about", output).status_code == 200
    for mine in (audio, output):
        for what, more in (("about", {}), ("peaks", {}), ("beats", {}), ("rendered", {})):
            assert get(page, what, mine, other, **more).status_code == 404
        assert get(page, "frames", mine, other, start=0, frames=1).status_code == 404
        assert get(page, "difference", mine, other, against=mine).status_code == 404
        assert get(page, "peaks", mine, page.bare).status_code == 401


def test_a_deleted_jobs_output_is_not_there(page, song):
    job = page.submit()
    page.finish(job, song)
    output = page.result(job)["outputs"][0]
    page.api.delete(f"/v1/jobs/{job}")
    assert get(page, "peaks", output).status_code == 404


def test_an_announced_file_is_not_there_before_its_bytes(page):
    ticket = page.api.post("/api/v3/media/uploads", json={"filename": "a.wav"}).json()["data"]
    assert get(page, "about", ticket["download_url"]).status_code == 404


@pytest.mark.parametrize(
    "content",
    [b"<html>no song</html>", b"RIFF\xff\xff\xff\x7fWAVEfmt ", b"fLaC" + bytes(200), b"ID3" + bytes(500)],
)
def test_a_bad_file_is_told_in_a_sentence(page, content):
    audio = sent(page, content, "Bad song.mp3")
    for what in ("about", "peaks", "beats"):
        answer = get(page, what, audio)
        assert answer.status_code == 400
        assert answer.json()["error_code"] == "unreadable_song"
        assert str(page.settings.home) not in answer.text
    assert "Bad song.mp3" in answer.json()["message"]


def test_parts_beyond_the_song(page, song):
    audio = sent(page, song)
    for start, frames in ((64_000, 1), (0, 31 * 16_000), (10**11, 5)):
        assert get(page, "frames", audio, start=start, frames=frames).status_code == 400
    for query in ({"per_s": 0}, {"per_s": 10**6}, {"start": -1}, {"start": 10**11}, {"per_s": "x"}):
        assert get(page, "peaks", audio, **query).status_code == 400


def test_a_desk_that_dies_hurts_one_request(page, song):
    audio = sent(page, song + b"a dead desk")
    assert get(page, "peaks", audio).status_code == 200
    for desk in page.front.listening._working().desks._idle:
        os.kill(desk._process.pid, signal.SIGKILL)
        desk._process.wait()
    assert get(page, "frames", audio, start=0, frames=10).status_code == 200


# The page


def at_home(page, host="127.0.0.1:8000", client="127.0.0.1", **headers):
    api = TestClient(page.app, base_url=f"http://{host}", client=(client, 5), raise_server_exceptions=False)
    return api.get("/v1/welcome", headers=headers)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "[::1]:8000", "127.0.0.1"])
def test_the_first_start_hands_the_page_its_key(page, host):
    answer = at_home(page, host, **{"Sec-Fetch-Site": "same-origin"})
    assert answer.status_code == 200
    key = answer.json()["key"]
    assert page.client(key).get("/v1/me").json()["name"] == "playground"
    assert at_home(page).json()["key"] == key


@pytest.mark.parametrize(
    ("host", "client", "headers"),
    [
        ("evil.example:8000", "127.0.0.1", {}),
        ("127.0.0.1.evil.example", "127.0.0.1", {}),
        ("192.168.0.7:8000", "127.0.0.1", {}),
        ("127.0.0.1:8000", "192.168.0.9", {}),
        ("127.0.0.1:8000", "127.0.0.1", {"X-Forwarded-For": "1.2.3.4"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Via": "1.1 proxy"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Sec-Fetch-Site": "cross-site"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Sec-Fetch-Site": "same-site"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Origin": "http://evil.example"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Origin": "http://127.0.0.1:9000"}),
        ("127.0.0.1:8000", "127.0.0.1", {"Origin": "null"}),
    ],
)
def test_nobody_else_gets_the_key(page, host, client, headers):
    assert at_home(page, host, client, **headers).status_code == 404


@pytest.mark.parametrize(
    "settings", [{"host": "0.0.0.0"}, {"welcome": False}, {"public_base_url": "https://music.example"}]
)
def test_a_server_for_others_gives_no_key(serve, settings):
    assert at_home(serve(**settings)).status_code == 404


def test_a_revoked_key_of_the_page_stays_revoked(serve):
    served = serve()
    assert at_home(served).status_code == 200
    keys = served.store.keys()
    key = next(key for key in keys if key.name == "playground")
    served.store.revoke(key.id)
    assert at_home(served).status_code == 404


def test_whose_key_it_is(page):
    told = page.api.get("/v1/me").json()
    assert (told["name"], told["balance"], told["limits"]["max_queued"]) == ("tests", None, 0)
    poor = page.other_key("poor", "another-key-of-16-p", prepaid=5)
    assert poor.get("/v1/me").json()["balance"] == 5
    assert page.bare.get("/v1/me").status_code == 401
    assert page.client("a-wrong-key-of-16").get("/v1/me").status_code == 401


def test_the_words_are_current(page):
    words = page.api.get("/v1/vocabulary").json()
    assert len(words["terms"]) > 150
    assert set(words["presets"]) == {"genre", "mood", "instrument"}
    sys.path.insert(0, "scripts")
    try:
        import vocabulary
    finally:
        sys.path.remove("scripts")
    assert json.loads(vocabulary.content()) == words


def test_the_page_and_its_files(page):
    answer = page.bare.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "default-src 'self'" in policy
    assert b"<script>" not in answer.content
    again = page.bare.get("/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    plain = page.bare.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content
    assert plain.headers["etag"] != answer.headers["etag"]


@pytest.mark.parametrize(
    "name",
    [
        "../app.py",
        "..%2fapp.py",
        "%2e%2e/app.py",
        "a/../../app.py",
        ".git",
        "//etc/passwd",
        "x.js",
        "modules",
    ],
)
def test_only_files_of_the_page_are_given(page, name):
    assert page.bare.get(f"/playground/{name}").status_code == 404


# The list of jobs


def test_jobs_are_found_by_a_word(page):
    first = page.submit(tags="Señor Disco, strings", lyrics="la mer")
    second = page.submit(tags="polka")
    ids = lambda **query: [job["id"] for job in page.api.get("/v1/jobs", params=query).json()["items"]]  # noqa: E731
    assert ids(search="senor MER") == [first]
    assert ids(search="polka") == [second]
    assert ids(search=first[:12]) == [first]
    assert ids(search="nothing like it") == []
    assert page.api.get("/v1/jobs", params={"search": "%"}).json()["items"] == []
    other = page.other_key("searcher", "another-key-of-16-s")
    assert other.get("/v1/jobs", params={"search": "polka"}).json()["items"] == []
    both = page.api.get("/v1/jobs", params={"search": "inpaint", "page_size": 1}).json()
    assert len(both["items"]) == 1
    assert both["has_more"] is True


def test_a_job_tells_of_its_song(page, song):
    audio = sent(page, song)
    job = page.api.post(SUBMIT, json={"audio": audio, "tags": "x"}).json()["data"]["id"]
    told = page.api.get(f"/v1/jobs/{job}").json()["audio"]
    assert page.bare.get(told).content == song
    foreign = page.submit(audio="https://example.org/song.wav")
    assert page.api.get(f"/v1/jobs/{foreign}").json()["audio"] == "https://example.org/song.wav"

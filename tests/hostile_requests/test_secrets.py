"""No secret in anything that a run writes or answers: the log, files, errors, receipts, pages, figures."""

import base64
import re

import pytest

from support.running import SECRET
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
PAGES = ("/", "/docs", "/openapi.json", "/metrics", "/health", "/ready", "/nothing", "/favicon.ico")


def sent(api, path):
    given = api.post("/api/v3/media/uploads", json={"filename": path.name}).json()["data"]
    api.put(given["upload"]["url"], content=path.read_bytes(), headers=given["upload"]["headers"])
    return given["upload"]["url"], given["download_url"]


def test_a_run_with_everything_in_it_leaves_no_secret_anywhere(service, tmp_path):
    said = []
    song = wav_of(made_song(2.0, 8000, channels=1), tmp_path / "song.wav")
    with service.api(event_hooks={"response": [lambda answer: said.append(answer)]}) as api:
        place, audio = sent(api, song)
        submit = "/api/v3/punchin/tone/audio-inpaint"
        edit = {"audio": audio, "tags": "lofi", "start_time": 0.5, "end_time": 1, "enable_sync_mode": True}
        done = api.post(submit, json=edit).json()["data"]
        assert done["status"] == "completed", done["error"]
        api.get(done["outputs"][0])
        api.get(f"/v1/jobs/{done['id']}/receipts")
        api.get("/v1/jobs")
        assert api.post(submit, json=edit | {"start_time": 50, "end_time": 60}).json()["data"]["error"]
        # The key where it does not belong: clients err like this, and errors and logs must not repeat it.
        for request in (
            {"url": "/v1/jobs", "headers": {"Authorization": f"Basic {SECRET}"}},
            {"url": "/v1/jobs", "headers": {"Authorization": SECRET}},
            {"url": f"/v1/jobs?key={SECRET}&api_key={SECRET}"},
            {"url": "/v1/jobs", "headers": {"Cookie": f"key={SECRET}"}},
        ):
            api.request("GET", **request)
        for body in (edit | {"api_key": SECRET}, {"audio": f"https://user:{SECRET}@music.example/a.wav"}):
            said_at_once = api.post(submit, json=body)
            assert said_at_once.status_code in (200, 400)
        for page in PAGES:
            api.get(page)
    ours = (service.home / "secret").read_bytes()
    tokens = {re.split(r"/(?:files|uploads)/", address)[1].partition("/")[0].rpartition(".")[2]
              for address in (place, audio, *done["outputs"])}  # fmt: skip
    secrets = {SECRET.encode(), ours.strip(), base64.b64encode(ours.strip()), ours.strip().hex().encode()}
    for answer in said:
        asked_with_it = SECRET in str(answer.request.url) or SECRET.encode() in answer.request.content
        for secret in secrets:
            assert asked_with_it or secret not in answer.content, (answer.request.url.path, answer.text[:300])
            assert secret not in str(answer.headers).encode()
    for path in sorted(service.home.rglob("*")):
        if path.is_file() and path != service.home / "secret":
            found = path.read_bytes()
            assert not [secret for secret in secrets if secret in found], path
    assert (service.home / "secret").stat().st_mode & 0o077 == 0
    # A signed address in a log would open the file to whoever may read the log.
    log = (service.home / "log").read_text()
    assert done["id"] in log
    assert not [token for token in tokens if token in log]
    receipts = next(answer.text for answer in said if answer.request.url.path.endswith("/receipts"))
    assert not [token for token in tokens if token in receipts]

"""From the upload to the sound, over the wire, with a real worker process."""

import base64
import json

import pytest

from punchin.engines.embedded import EmbeddedEngine
from punchin.web.wire import HOSTED_MODEL
from support.clients import check_edit
from support.running import running
from support.songs import made_song, wav_of

pytestmark = pytest.mark.slow
SUBMIT = f"/api/v3/{HOSTED_MODEL}"
RATE_HZ = 44_100


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with running(tmp_path_factory.mktemp("service"), max_time_s=600) as found:
        yield found


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return wav_of(made_song(6.0), tmp_path_factory.mktemp("song") / "song.wav")


def uploaded(api, song):
    ticket = api.post("/api/v3/media/uploads", json={"filename": song.name}).json()["data"]
    put = api.put(ticket["upload"]["url"], content=song.read_bytes(), headers=ticket["upload"]["headers"])
    assert put.status_code == 200
    return ticket["download_url"]


def test_a_whole_edit_with_its_events(service, song):
    with service.api() as api:
        body = {"audio": uploaded(api, song), "tags": "lofi", "start_time": 2, "end_time": 3.5, "seed": 7}
        task = api.post(SUBMIT, json=body).json()["data"]
        with api.stream("GET", f"/v1/jobs/{task['id']}/events") as stream:
            events = [line for line in stream.iter_lines() if line.startswith("event: ")]
        assert events[-1] == "event: end"
        done = api.get(task["urls"]["get"]).json()["data"]
        assert done["status"] == "completed", done["error"]
        assert done["outputs"][0].endswith(".wav")
        check_edit(api.get(done["outputs"][0]).content, song, 2, 3.5)
        report = done["punchin"]
        assert report["engine"] == "tone"
        (take,) = report["takes"]
        assert take["proof"]["identical"] is True
        assert take["regions"][0]["start_frame"] == 2 * RATE_HZ
        assert take["regions"][0]["seed"] == 7
        assert api.get(f"/v1/jobs/{task['id']}/receipts").json()["receipts"]


def test_the_same_seed_gives_the_same_sound_takes_and_base64_in_sync(service, song):
    with service.api() as api:
        body = {
            "audio": uploaded(api, song),
            "tags": "lofi",
            "start_time": 3,
            "start_time_relative_to": "end",
            "end_time": 1,
            "end_time_relative_to": "end",
            "seed": 11,
            "enable_sync_mode": True,
            "enable_base64_output": True,
        }
        sounds = []
        for _ in range(2):
            task = api.post(SUBMIT, json=body).json()["data"]
            assert task["status"] == "completed", task["error"]
            sounds.append(base64.b64decode(task["outputs"][0], validate=True))
        check_edit(sounds[0], song, 3, 5)
        assert sounds[0] == sounds[1]
        takes = api.post(SUBMIT, json=body | {"takes": 2, "enable_base64_output": False}).json()["data"]
        assert len(takes["outputs"]) == len(takes["has_nsfw_contents"]) == 2


def test_jobs_that_cannot_be_done_end_as_failed_with_a_code(service, song):
    with service.api() as api:
        audio = uploaded(api, song)
        empty = api.post("/api/v3/media/uploads", json={"filename": "never.wav"}).json()["data"][
            "download_url"
        ]
        for body, code in (
            ({"audio": audio, "start_time": 7, "end_time": 9}, 1401),
            ({"audio": empty}, 1402),
            ({"audio": "https://nowhere.invalid/song.wav"}, 1402),
        ):
            task = api.post(SUBMIT, json={"tags": "lofi", "enable_sync_mode": True} | body).json()["data"]
            assert (task["status"], task["code"], task["outputs"]) == ("failed", code, []), task
            assert task["error"]
            assert not any(
                word in task["error"].lower() for word in ("timeout", "connection", "http 5", "429")
            )


def test_a_default_end_works_on_a_short_song(service, song):
    with service.api() as api:
        body = {"audio": uploaded(api, song), "tags": "lofi", "enable_sync_mode": True, "start_time": 4}
        task = api.post(SUBMIT, json=body).json()["data"]
        assert task["status"] == "completed", task["error"]
        check_edit(api.get(task["outputs"][0]).content, song, 4, 6)
        assert task["punchin"]["warnings"]


def test_a_server_may_lift_the_limit_of_four_minutes(service, tmp_path):
    """Where the setting allows it and the engine can; the hosted API's 240 s are the limit of its form."""
    song = wav_of(made_song(320.0, 8000, channels=1), tmp_path / "song.wav")
    with service.api() as api:
        body = {"audio": uploaded(api, song), "tags": "lofi", "enable_sync_mode": True}
        task = api.post(SUBMIT, json=body | {"start_time": 5, "end_time": 305}).json()["data"]
        assert task["status"] == "completed", task["error"]
        check_edit(api.get(task["outputs"][0]).content, song, 5, 305)
        assert api.post(SUBMIT, json=body | {"end_time": 601}).status_code == 400
    assert EmbeddedEngine.spec.longest_s >= 300


def test_a_job_goes_on_when_the_client_that_waits_goes_away(service, song):
    with service.api() as api:
        body = {"audio": uploaded(api, song), "tags": "lofi", "enable_sync_mode": True, "end_time": 3}
        with api.stream("POST", SUBMIT, json=body) as answer:
            next(answer.iter_raw())
    with service.api() as api:
        job = api.get("/v1/jobs").json()["items"][0]["id"]
        with api.stream("GET", f"/v1/jobs/{job}/events") as stream:
            assert [line for line in stream.iter_lines() if line.startswith("event: ")][-1] == "event: end"
        assert api.get(f"/v1/jobs/{job}").json()["state"] == "completed"


def test_the_stream_of_a_synchronous_answer_begins_at_once(service, song):
    with service.api() as api:
        body = {"audio": uploaded(api, song), "tags": "lofi", "enable_sync_mode": True, "end_time": 2}
        with api.stream("POST", SUBMIT, json=body) as answer:
            pieces = list(answer.iter_raw())
        assert answer.headers["transfer-encoding"] == "chunked"
        assert pieces[0].startswith(b" ")
        assert json.loads(b"".join(pieces))["data"]["status"] == "completed"

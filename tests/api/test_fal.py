"""fal's queue, in fal's words: what its clients read, and what becomes of errors."""

import json

import pytest

from punchin.job import Failure
from punchin.store import Limits
from support.web import SECRET, SOUND

SUBMIT = "/fal-ai/ace-step/audio-inpaint"
EDIT = {"audio_url": "https://example.org/song.wav", "tags": "lofi, chill", "seed": 7, "lyrics": "la la"}


@pytest.fixture
def fal(served):
    client = served.client()
    client.headers["Authorization"] = f"Key {SECRET}"
    return client


def submitted(fal, **fields):
    answer = fal.post(SUBMIT, json=EDIT | fields)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_request_from_the_queue_to_the_sound(served, fal):
    first, told = submitted(fal), submitted(fal)
    assert (first["status"], first["queue_position"], told["queue_position"]) == ("IN_QUEUE", 0, 1)
    assert told["response_url"].endswith(f"/fal-ai/ace-step/requests/{told['request_id']}")
    served.begin(told["request_id"])
    served.store.progress(told["request_id"], "a", "fill", 0.5, None)
    at_work = fal.get(told["status_url"], params={"logs": 1})
    assert (at_work.status_code, at_work.json()["status"]) == (202, "IN_PROGRESS")
    assert at_work.json()["logs"][0]["message"] == "fill 50%"
    assert fal.get(told["status_url"]).json()["logs"] == []
    early = fal.get(told["response_url"])
    assert (early.status_code, early.json()) == (400, {"detail": "Request is still in progress"})
    served.finish(told["request_id"])
    over = fal.get(told["status_url"])
    assert (over.status_code, over.json()["status"]) == (200, "COMPLETED")
    assert over.json()["metrics"] == {"inference_time": 1.234}
    result = fal.get(told["response_url"])
    assert result.headers["x-fal-request-id"] == told["request_id"]
    assert {name: result.json()[name] for name in ("seed", "tags", "lyrics")} == {
        "seed": 7,
        "tags": "lofi, chill",
        "lyrics": "la la",
    }
    audio = result.json()["audio"]
    assert (audio["content_type"], audio["file_size"]) == ("audio/wav", len(SOUND))
    assert audio["url"].endswith(audio["file_name"])
    assert served.bare.get(audio["url"]).content == SOUND


def test_the_job_is_one_like_all_others(served, fal):
    told = submitted(fal, enable_base64_output=True, enable_sync_mode=True)
    served.finish(told["request_id"])
    task = served.result(told["request_id"])
    assert (task["model"], task["status"]) == ("fal-ai/ace-step/audio-inpaint", "completed")
    assert task["outputs"][0].startswith("http")
    assert served.store.job(told["request_id"]).spec.engine == "auto"


def test_several_takes_are_all_told(served, fal):
    told = submitted(fal, takes=2)
    served.finish(told["request_id"], names=("a.wav", "b.wav"))
    found = fal.get(told["response_url"]).json()
    assert [file["file_name"] for file in found["audios"]] == ["a.wav", "b.wav"]
    assert found["audio"] == found["audios"][0]


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        ({"audio_url": None}, 'field "audio_url" is required'),
        ({"audio_url": "ftp://a.example/x"}, 'field "audio_url"'),
        ({"audio_url": "https://127.0.0.1/x.wav"}, 'field "audio_url"'),
        ({"tags": ""}, 'field "tags"'),
        ({"guidance_scale": 201}, 'field "guidance_scale"'),
        ({"start_time": 9, "end_time": 3}, 'field "start_time"'),
    ],
)
def test_a_wrong_request_is_422_with_details(served, fal, fields, names):
    answer = fal.post(SUBMIT, json=EDIT | fields)
    assert answer.status_code == 422
    (detail,) = answer.json()["detail"]
    assert names in detail["msg"]
    assert (detail["loc"], detail["type"]) == (["body"], "value_error")
    assert served.count() == 0


def test_other_refusals_are_told_in_a_sentence(served, fal):
    assert fal.post(SUBMIT, content=b"{").status_code == 422
    unknown = fal.get(f"/fal-ai/ace-step/requests/{'0' * 32}")
    assert unknown.status_code == 404
    assert "0" * 32 in unknown.json()["detail"]
    for said in ("Key wrong-key-of-nobody", "Basic x", ""):
        refused = served.bare.post(SUBMIT, json=EDIT, headers={"Authorization": said} if said else {})
        assert (refused.status_code, list(refused.json())) == (401, ["detail"])
    assert served.api.post(SUBMIT, json=EDIT).status_code == 200
    served.store.limit_key(served.key.id, Limits(rate_per_minute=1))
    assert fal.post(SUBMIT, json=EDIT).status_code == 429


def test_another_keys_request_is_not_there(served, fal):
    told = submitted(fal)
    other = served.other_key()
    assert other.get(told["status_url"]).status_code == 404
    assert other.put(told["cancel_url"]).json()["status"] == "NOT_FOUND"
    assert fal.get(told["status_url"]).json()["status"] == "IN_QUEUE"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (1200, 422, "content_policy_violation"),
        (1401, 422, "value_error"),
        (1402, 422, "file_download_error"),
        (1405, 500, "internal_server_error"),
        (5003, 500, "internal_server_error"),
    ],
)
def test_a_failed_request_is_completed_and_its_result_tells_why(served, fal, code, status, kind):
    told = submitted(fal)
    served.fail(told["request_id"], code, "it did not work")
    over = fal.get(told["status_url"]).json()
    assert (over["status"], over["error"], over["error_type"]) == ("COMPLETED", "it did not work", kind)
    result = fal.get(told["response_url"])
    assert result.status_code == status
    assert result.json()["detail"] == [{"loc": ["body"], "msg": "it did not work", "type": kind}]
    assert result.headers["x-fal-error-type"] == kind


def test_requests_are_cancelled(served, fal):
    waiting, working = submitted(fal), submitted(fal)
    served.begin(working["request_id"])
    for told in (waiting, working):
        answer = fal.put(told["cancel_url"])
        assert (answer.status_code, answer.json()) == (202, {"status": "CANCELLATION_REQUESTED"})
    assert served.line.cancelled == [waiting["request_id"]]
    assert served.store.job(working["request_id"]).cancel_asked
    again = fal.put(waiting["cancel_url"])
    assert (again.status_code, again.json()) == (400, {"status": "ALREADY_COMPLETED"})
    assert fal.get(waiting["status_url"]).json()["status"] == "COMPLETED"
    assert fal.get(waiting["response_url"]).json() == {"detail": "Request was cancelled"}


def test_the_stream_tells_until_it_is_over(served, fal):
    told = submitted(fal)
    served.finish(told["request_id"])
    text = fal.get(f"{told['status_url']}/stream").text
    (data,) = [line for line in text.splitlines() if line.startswith("data: ")]
    assert json.loads(data.removeprefix("data: "))["status"] == "COMPLETED"
    assert "event:" not in text


def test_its_webhook_has_fals_words(served, fal):
    from punchin.web.letters import WireLetters

    hooked = {"fal_webhook": "https://example.org/hook?a=1&b=2"}
    good, bad = (fal.post(SUBMIT, json=EDIT, params=hooked).json()["request_id"] for _ in range(2))
    assert served.store.job(good).spec.webhook == hooked["fal_webhook"]
    served.finish(good)
    served.begin(bad)
    served.store.fail(bad, "a", Failure(1402, "no song"))
    letters = WireLetters(served.front)
    sent = [json.loads(letters.body_of(served.store.job(one))) for one in (good, bad)]
    assert [one["status"] for one in sent] == ["OK", "ERROR"]
    assert [one["request_id"] for one in sent] == [good, bad]
    assert sent[0]["payload"]["audio"]["file_size"] == len(SOUND)
    assert (sent[1]["error"], sent[1]["payload"]["detail"][0]["msg"]) == ("no song", "no song")
    hosted = served.submit()
    served.finish(hosted)
    assert json.loads(letters.body_of(served.store.job(hosted)))["id"] == hosted

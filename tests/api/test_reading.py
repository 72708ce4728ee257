"""Results, the synchronous answer, base64, history and deleting."""

import base64
import json
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from punchin.web.wire import HOSTED_MODEL
from support.web import GOOD, SOUND, SUBMIT

RESULT_PATHS = (
    "/api/v3/predictions/{}/result",
    "/api/v3/predictions/{}",
    "/api/v2/predictions/{}/result",
)


@pytest.mark.parametrize("path", RESULT_PATHS)
def test_every_alias_gives_the_result(served, path):
    job = served.submit()
    answer = served.api.get(path.format(job))
    assert answer.status_code == 200
    assert answer.json()["data"]["id"] == job


def test_a_finished_task(served):
    job = served.submit()
    served.finish(job)
    task = served.result(job)
    assert (task["status"], task["error"], task["has_nsfw_contents"]) == ("completed", "", [False])
    assert (task["executionTime"], task["timings"]) == (1234, {"inference": 1234})
    (address,) = task["outputs"]
    assert address.startswith("http://testserver/files/")
    assert address.endswith(".wav")
    assert served.bare.get(address).content == SOUND
    assert task["punchin"]["engine"] == "tone"
    assert "code" not in task


def test_a_running_task_has_no_outputs(served):
    job = served.submit()
    served.begin(job)
    task = served.result(job)
    assert (task["status"], task["outputs"], task["has_nsfw_contents"]) == ("processing", [], [])
    assert "punchin" not in task


def test_a_failed_task_is_told_with_200(served):
    job = served.submit()
    served.fail(job)
    answer = served.api.get(f"/api/v3/predictions/{job}/result")
    assert (answer.status_code, answer.json()["code"]) == (200, 200)
    task = answer.json()["data"]
    assert (task["status"], task["code"], task["outputs"]) == ("failed", 1402, [])
    assert task["error"] == "the song cannot be read"


def test_a_cancelled_task_is_told_as_failed_since_old_clients_know_no_other_end(served):
    job = served.submit()
    served.store.cancel(job)
    task = served.result(job)
    assert (task["status"], task["code"]) == ("failed", 1403)
    assert task["error"]


def test_several_takes_are_several_outputs(served):
    job = served.submit(takes=2)
    served.finish(job, flagged=True, names=("a.flac", "b.flac"))
    task = served.result(job)
    assert [address.rpartition("/")[2] for address in task["outputs"]] == ["a.flac", "b.flac"]
    assert task["has_nsfw_contents"] == [True, True]


@pytest.mark.parametrize("path", RESULT_PATHS)
def test_unknown_tasks_and_those_of_others_are_404(served, path):
    job = served.submit()
    other = served.other_key()
    for api, name in ((other, job), (served.api, "0" * 32), (served.api, "no such"), (served.api, "%00")):
        answer = api.get(path.format(name))
        assert answer.status_code == 404
        assert answer.json()["code"] == 404
        assert answer.json()["data"] is None


def when_submitted(served, then):
    """In another thread: when a job is there, do something with it."""

    def wait():
        deadline = time.monotonic() + 20
        while not (found := served.store.history(None).items) and time.monotonic() < deadline:
            time.sleep(0.02)
        then(found[0].id)

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


def test_the_synchronous_answer_is_the_finished_task(served):
    thread = when_submitted(served, served.finish)
    answer = served.api.post(SUBMIT, json=GOOD | {"enable_sync_mode": True})
    thread.join()
    assert answer.status_code == 200
    assert answer.content[:1] == b" "
    assert answer.json()["data"]["status"] == "completed"
    assert served.bare.get(answer.json()["data"]["outputs"][0]).content == SOUND


def test_a_synchronous_failure_is_200_too(served):
    thread = when_submitted(served, served.fail)
    answer = served.api.post(SUBMIT, json=GOOD | {"enable_sync_mode": True})
    thread.join()
    assert (answer.status_code, answer.json()["data"]["status"]) == (200, "failed")


def test_when_the_wait_runs_out_the_task_goes_on(serve):
    served = serve(sync_limit_s=0.3)
    answer = served.api.post(SUBMIT, json=GOOD | {"enable_sync_mode": True})
    assert answer.status_code == 200
    task = answer.json()["data"]
    assert (task["status"], task["code"]) == ("processing", 5004)
    assert task["error"] == (
        "Sync mode timed out after 0.3 seconds. The prediction is still processing asynchronously."
    )
    later = served.result(task["id"])
    assert later["status"] == "created"
    assert "code" not in later
    assert served.line.waiting == [task["id"]]


def test_a_wrong_synchronous_request_is_400_before_anything_is_sent(served):
    answer = served.api.post(SUBMIT, json=GOOD | {"enable_sync_mode": True, "seed": "x"})
    assert answer.status_code == 400
    assert served.count() == 0


def test_base64_is_bare_and_stays_so(served):
    job = served.submit(enable_base64_output=True)
    served.finish(job)
    for _ in range(2):
        (text,) = served.result(job)["outputs"]
        assert base64.b64decode(text, validate=True) == SOUND


def test_base64_beyond_the_limit_is_told_as_failed_and_can_still_be_had(serve):
    served = serve(max_base64_mb=0.001)
    job = served.submit(enable_base64_output=True)
    served.finish(job)
    task = served.result(job)
    assert (task["status"], task["code"], task["outputs"]) == ("failed", 1401, [])
    assert str(len(SOUND)) in task["error"]
    (output,) = served.api.get(f"/v1/jobs/{job}").json()["outputs"]
    assert served.bare.get(output["url"]).content == SOUND


def test_addresses_are_steady(served):
    job = served.submit()
    served.finish(job)
    now = served.front.addresses.now_s()
    object.__setattr__(served.front.addresses, "now_s", lambda: now - now % 3600 + 10)
    first = served.result(job)["outputs"]
    object.__setattr__(served.front.addresses, "now_s", lambda: now - now % 3600 + 3000)
    assert served.result(job)["outputs"] == first


# What the address in front of everything is


@pytest.mark.parametrize(
    ("headers", "trusted", "base"),
    [
        ({"Host": "punchin.example:8443"}, (), "http://punchin.example:8443"),
        ({"Host": "[::1]:8000"}, (), "http://[::1]:8000"),
        ({"X-Forwarded-Host": "evil.example"}, (), "http://testserver"),
        ({"X-Forwarded-Host": "a.example", "X-Forwarded-Proto": "https", "X-Forwarded-Prefix": "/p/"},
         ("testclient",), "https://a.example/p"),
        ({"X-Forwarded-Host": "a.example, b.example"}, ("*",), "http://a.example"),
        ({"Host": 'x"><script>'}, (), "http://127.0.0.1:8000"),
        ({"X-Forwarded-Host": "a.example/x?"}, ("*",), "http://127.0.0.1:8000"),
    ],
)  # fmt: skip
def test_addresses_follow_the_request_and_only_trusted_proxies(serve, headers, trusted, base):
    served = serve(trusted_proxies=trusted)
    task = served.api.post(SUBMIT, json=GOOD, headers=headers).json()["data"]
    assert task["urls"]["get"] == f"{base}/api/v3/predictions/{task['id']}/result"


def test_the_public_address_comes_before_all(serve):
    served = serve(public_base_url="https://music.example/punchin/")
    task = served.api.post(SUBMIT, json=GOOD, headers={"Host": "other"}).json()["data"]
    assert task["urls"]["get"].startswith("https://music.example/punchin/api/v3/predictions/")


# History, deleting


def history(served, api=None, **asked):
    answer = (api or served.api).post("/api/v3/predictions", json=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_history_is_newest_first_in_pages_of_the_key_alone(served):
    ids = [served.submit(seed=seed) for seed in range(5)]
    other = served.other_key()
    served.submit(other)
    first = history(served, page_size=2)
    assert [item["id"] for item in first["items"]] == ids[:2:-1]
    assert (first["page"], first["has_more"]) == (1, True)
    last = history(served, page=3, page_size=2)
    assert ([item["id"] for item in last["items"]], last["has_more"]) == ([ids[0]], False)
    assert len(history(served, other)["items"]) == 1
    assert served.api.get("/api/v3/predictions?page_size=2").json()["data"] == first
    assert served.api.post("/api/v3/predictions").json()["data"]["page"] == 1
    assert first["items"][0]["input"]["seed"] == 4
    assert "input" not in history(served, include_inputs=False)["items"][0]


def test_history_by_status_model_and_time(served):
    done, waiting = served.submit(), served.submit()
    served.finish(done)
    assert [item["id"] for item in history(served, status="completed")["items"]] == [done]
    assert [item["id"] for item in history(served, status="created")["items"]] == [waiting]
    assert history(served, status="deleted")["items"] == []
    assert len(history(served, model=HOSTED_MODEL)["items"]) == 2
    assert history(served, model="other/model")["items"] == []
    future = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    assert history(served, created_after=future)["items"] == []
    assert len(history(served, created_before=future)["items"]) == 2


def test_history_gives_addresses_even_of_base64_tasks(served):
    job = served.submit(enable_base64_output=True)
    served.finish(job)
    assert history(served)["items"][0]["outputs"][0].startswith("http")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("page", 0), ("page", "1"), ("page_size", 101), ("page_size", 0), ("page_size", None),
        ("status", "done"),
        ("created_after", "yesterday"), ("created_before", "2026-13-01"), ("created_before", 7),
        ("include_inputs", "yes"), ("model", 4),
    ],
)  # fmt: skip
def test_history_refuses_what_it_cannot_use(served, field, value):
    answer = served.api.post("/api/v3/predictions", json={field: value})
    if value is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert field in answer.json()["message"]


def test_history_by_query_refuses_with_400_not_422(served):
    answer = served.api.get("/api/v3/predictions?page=x")
    assert answer.status_code == 400
    assert "page" in answer.json()["message"]


def test_deleted_tasks_and_their_files_are_gone_and_others_stay(served):
    gone, stays = served.submit(), served.submit()
    for job in (gone, stays):
        served.finish(job)
    addresses = [served.result(job)["outputs"][0] for job in (gone, stays)]
    theirs = served.submit(served.other_key())
    answer = served.api.post("/api/v3/predictions/delete", json={"ids": [gone, theirs, "0" * 32, gone]})
    assert answer.json()["data"] == {"deleted_count": 1}
    assert served.api.get(f"/api/v3/predictions/{gone}/result").status_code == 404
    assert served.bare.get(addresses[0]).status_code == 404
    assert served.bare.get(addresses[1]).content == SOUND
    assert served.store.job(theirs).state == "created"


@pytest.mark.parametrize("ids", [None, "x", [1], {}, ["a"] * 1001])
def test_delete_wants_a_list_of_ids(served, ids):
    answer = served.api.post("/api/v3/predictions/delete", json={"ids": ids})
    assert answer.status_code == 400
    assert "ids" in answer.json()["message"]


def test_webhooks_have_the_bare_task_and_a_secret_of_the_key(serve):
    import hashlib
    import hmac

    from punchin.web.letters import WireLetters

    served = serve(public_base_url="https://music.example")
    job = served.submit()
    served.finish(job)
    letters = WireLetters(served.front)
    body = json.loads(letters.body_of(served.store.job(job)))
    assert (body["id"], body["status"], body["input"]) == (job, "completed", GOOD)
    assert body["outputs"][0].startswith("https://music.example/files/")
    assert body["urls"]["get"].startswith("https://music.example/api/v3/")
    secret = served.api.get("/api/v3/webhook/secret").json()["data"]["secret"]
    assert secret == letters.secret_of(served.key.id)
    assert secret.startswith("whsec_")
    other = served.other_key().get("/api/v3/webhook/secret").json()["data"]["secret"]
    assert other != secret
    assert hmac.new(secret.encode(), b"", hashlib.sha256)

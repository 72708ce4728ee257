"""Submitting: what is accepted, what is refused, and that nothing is stored of what is refused."""

import json
import re

import pytest

from punchin.errors import StoreError
from support.web import GOOD, SECRET, SUBMIT

TASK_FIELDS = {
    "id": str,
    "model": str,
    "outputs": list,
    "urls": dict,
    "has_nsfw_contents": list,
    "status": str,
    "created_at": str,
    "error": str,
    "executionTime": int,
    "timings": dict,
}


def refused(served, body, **request):
    answer = served.api.post(SUBMIT, json=body, **request)
    found = answer.json()
    assert found["code"] == answer.status_code
    assert found["data"] is None
    assert served.count() == 0
    assert served.line.waiting == []
    return answer.status_code, found["message"]


def test_the_answer_has_every_field_that_the_strictest_client_reads(served):
    answer = served.api.post(SUBMIT, json=GOOD)
    assert answer.status_code == 200
    found = answer.json()
    assert (found["code"], found["message"]) == (200, "success")
    assert "error" not in found
    task = found["data"]
    assert {name: type(task[name]) for name in TASK_FIELDS} == TASK_FIELDS
    assert re.fullmatch(r"[0-9a-f]{32}", task["id"])
    assert "429" not in task["id"]
    assert task["urls"] == {"get": f"http://testserver/api/v3/predictions/{task['id']}/result"}
    assert (task["status"], task["outputs"], task["has_nsfw_contents"]) == ("created", [], [])
    assert (task["error"], task["executionTime"], task["timings"]) == ("", 0, {"inference": 0})
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", task["created_at"])
    assert "code" not in task
    assert task["input"] == GOOD
    assert served.line.waiting == [task["id"]]


def test_what_is_absent_has_the_documented_default(served):
    spec = served.store.job(served.submit()).spec
    (wish,) = spec.edits
    assert (wish.start.seconds, wish.start.relative_to) == (0, "start")
    assert (wish.end.seconds, wish.end.relative_to) == (30, "start")
    assert (wish.tags, wish.lyrics, wish.seed, wish.parameters) == (("lofi", "chill"), "", None, {})
    assert (spec.engine, spec.takes, spec.output_format, spec.base64_output) == ("auto", 1, "source", False)
    assert (spec.audio, spec.webhook) == (GOOD["audio"], "")


@pytest.mark.parametrize(
    ("field", "value", "wanted"),
    [
        ("audio", None, "required"),
        ("audio", "", "required"),
        ("audio", "   ", "required"),
        ("audio", 5, "a string"),
        ("audio", "ftp://example.org/a.wav", "http"),
        ("audio", "song.wav", "http"),
        ("audio", "http://", "http"),
        ("audio", "https://exa mple.org/a.wav", "http"),
        ("audio", "https://[::1/a.wav", "http"),
        ("audio", "https://example.org:99999/a.wav", "http"),
        ("audio", "data:audio/wav;base64,AAAA", "media/uploads"),
        ("audio", "https://example.org/" + "a" * 5000, "4096"),
        ("audio", "http://example.org/a.wav", "https"),
        ("audio", "https://127.0.0.1/a.wav", "public"),
        ("audio", "https://[::ffff:10.0.0.1]/a.wav", "public"),
        ("audio", "https://user:word@example.org/a.wav", "password"),
        ("webhook_url", "https://169.254.169.254/", "public"),
        ("tags", None, "required"),
        ("tags", "", "required"),
        ("tags", " , ;", "tag"),
        ("tags", ["lofi"], "a string"),
        ("tags", "a" * 2001, "2000"),
        ("start_time", -0.1, "0 to 240"),
        ("start_time", 240.1, "0 to 240"),
        ("start_time", "5", "a number"),
        ("start_time", True, "a number"),
        ("end_time", -1, "0 to 240"),
        ("end_time", 241, "0 to 240"),
        ("end_time", 1e5, "0 to 240"),
        ("end_time", [30], "a number"),
        ("start_time_relative_to", "middle", "start, end"),
        ("start_time_relative_to", "", "start, end"),
        ("end_time_relative_to", 0, "start, end"),
        ("lyrics", 7, "a string"),
        ("lyrics", "la" * 5001, "10000"),
        ("seed", -2, "-1 to 2147483647"),
        ("seed", 2147483648, "-1 to 2147483647"),
        ("seed", 1.5, "a whole number"),
        ("seed", "7", "a whole number"),
        ("seed", False, "a whole number"),
        ("enable_sync_mode", "true", "true or false"),
        ("enable_base64_output", 1, "true or false"),
        ("variance", 1.01, "0 to 1"),
        ("number_of_steps", 2, "3 to 60"),
        ("number_of_steps", 27.5, "3 to 60"),
        ("scheduler", "ddim", "euler, heun"),
        ("guidance_type", "none", "cfg, apg, cfg_star"),
        ("granularity_scale", 101, "-100 to 100"),
        ("guidance_interval", -0.5, "0 to 1"),
        ("guidance_interval_decay", 2, "0 to 1"),
        ("guidance_scale", 201, "0 to 200"),
        ("minimum_guidance_scale", -1, "0 to 200"),
        ("tag_guidance_scale", 11, "0 to 10"),
        ("lyric_guidance_scale", "high", "0 to 10"),
        ("takes", 0, "1 to 8"),
        ("takes", 9, "1 to 8"),
        ("output_format", "aiff", "source, wav, flac, mp3"),
        ("engine", "far", "auto, tone"),
        ("engine", "no-such", "auto, tone"),
        ("edits", {}, "a list"),
        ("edits", [], "1 to"),
        ("edits", [3], "an object"),
        ("edits", [{}] * 33, "1 to"),
    ],
)
def test_a_bad_field_is_named_with_its_value_and_what_would_work(served, field, value, wanted):
    status, message = refused(served, GOOD | {field: value})
    assert status == 400
    assert field.removesuffix("_url") in message
    assert wanted in message
    if value not in (None, "") and "required" not in wanted and field != "edits" and len(str(value)) < 60:
        assert f"not {json.dumps(value, separators=(',', ':'))}" in message or " is " in message


@pytest.mark.parametrize(
    "window",
    [
        {"start_time": 30},
        {"start_time": 10, "end_time": 10},
        {"start_time": 12, "end_time": 3},
        {"end_time": 0},
        {"start_time_relative_to": "end"},
        {"start_time": 5, "start_time_relative_to": "end", "end_time": 5, "end_time_relative_to": "end"},
        {"start_time": 5, "start_time_relative_to": "end", "end_time": 9, "end_time_relative_to": "end"},
        {"start_time": 5, "start_time_relative_to": "end", "end_time": 0},
    ],
)
def test_a_region_that_is_empty_in_every_song_is_refused(served, window):
    status, message = refused(served, GOOD | window)
    assert status == 400
    assert "start_time" in message
    assert "end_time" in message
    assert "empty" in message


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ({"start_time": 15, "start_time_relative_to": "end", "end_time": 0, "end_time_relative_to": "end"},
         (15, "end"), (0, "end")),
        ({"start_time": 0, "end_time": 0, "end_time_relative_to": "end"}, (0, "start"), (0, "end")),
        ({"start_time": 240, "start_time_relative_to": "end", "end_time": 240}, (240, "end"), (240, "start")),
        ({"start_time": 0.25, "end_time": 30.5}, (0.25, "start"), (30.5, "start")),
    ],
)  # fmt: skip
def test_times_count_from_where_they_say(served, window, start, end):
    (wish,) = served.store.job(served.submit(**window)).spec.edits
    assert (wish.start.seconds, wish.start.relative_to) == start
    assert (wish.end.seconds, wish.end.relative_to) == end


def test_null_is_absent_unknown_fields_are_ignored_and_whole_floats_are_whole(served):
    job = served.submit(
        lyrics=None,
        seed=42.0,
        end_time=None,
        engine=None,
        webhook_url=None,
        takes=2.0,
        no_such_field={"a": 1},
    )
    spec = served.store.job(job).spec
    assert (spec.edits[0].seed, spec.edits[0].end.seconds, spec.takes) == (42, 30, 2)
    assert "no_such_field" not in spec.request
    assert "lyrics" not in spec.request


def test_seed_minus_one_draws_one(served):
    assert served.store.job(served.submit(seed=-1)).spec.edits[0].seed is None
    assert served.store.job(served.submit(seed=0)).spec.edits[0].seed == 0


def test_the_pages_own_example_is_refused_for_want_of_audio(served):
    example = {
        "start_time_relative_to": "start",
        "start_time": 0,
        "end_time_relative_to": "start",
        "end_time": 30,
        "lyrics": "",
        "seed": -1,
    }
    status, message = refused(served, example)
    assert status == 400
    assert '"audio" is required' in message


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"a": NaN}', b'{"a": 1e999}', b"[" * 100_000],
)
def test_what_is_no_json_object_is_400(served, raw):
    answer = served.api.post(SUBMIT, content=raw, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.json()["data"] is None


def test_a_huge_request_is_413(served):
    assert served.api.post(SUBMIT, content=b" " * 2_000_001).status_code == 413


def test_creative_parameters_by_fals_names(served):
    asked = {"variance": 0.3, "number_of_steps": 27, "scheduler": "heun", "guidance_scale": 15}
    assert served.store.job(served.submit(**asked)).spec.edits[0].parameters == asked


def test_audio_url_is_another_name_for_audio(served):
    answer = served.api.post(SUBMIT, json={"audio_url": "https://example.org/b.mp3", "tags": "rock"})
    assert served.store.job(answer.json()["data"]["id"]).spec.audio == "https://example.org/b.mp3"


def test_edits_take_what_they_leave_out_from_beside_them(served):
    edits = [{"start_time": 1, "end_time": 2}, {"start_time": 4, "end_time": 5, "tags": "rock", "seed": 3}]
    first, second = served.store.job(served.submit(edits=edits, lyrics="la", seed=9)).spec.edits
    assert (first.tags, first.lyrics, first.seed) == (("lofi", "chill"), "la", 9)
    assert (second.tags, second.lyrics, second.seed) == (("rock",), "la", 3)
    status = served.api.post(SUBMIT, json={"audio": GOOD["audio"], "edits": edits})
    assert status.status_code == 400
    assert '"edits[0].tags" is required' in status.json()["message"]


def test_hosts_that_are_trusted_may_be_private_and_at_plain_http(serve):
    served = serve(trusted_hosts=("127.0.0.1",))
    job = served.submit(audio="http://127.0.0.1:9000/a.wav")
    assert served.store.job(job).spec.audio == "http://127.0.0.1:9000/a.wav"


def test_the_limit_for_times_is_a_setting(serve):
    served = serve(max_time_s=3600)
    assert served.store.job(served.submit(end_time=3000)).spec.edits[0].end.seconds == 3000


@pytest.mark.parametrize(
    ("query", "webhook"),
    [
        ("webhook=https://a.example/hook", "https://a.example/hook"),
        ("webhook=https://a.example/hook?job=1&key=2", "https://a.example/hook?job=1&key=2"),
        ("webhook=https%3A%2F%2Fa.example%2Fhook%3Fjob%3D1%26key%3D2", "https://a.example/hook?job=1&key=2"),
        ("x=1&webhook=https://a.example/", "https://a.example/"),
        ("webhook=", ""),
        ("", ""),
    ],
)
def test_the_webhook_may_be_raw_or_encoded(served, query, webhook):
    answer = served.api.post(f"{SUBMIT}?{query}", json=GOOD)
    assert served.store.job(answer.json()["data"]["id"]).spec.webhook == webhook


def test_webhooks_that_cannot_be_used(served):
    status, message = refused(served, GOOD | {"webhook_url": "gopher://a"})
    assert status == 400
    assert "webhook" in message
    answer = served.api.post(
        f"{SUBMIT}?webhook=https://a.example", json=GOOD | {"enable_base64_output": True}
    )
    assert answer.status_code == 400
    sentence = (
        "webhook callback does not support base64 output, please use the normal API to use base64 output"
    )
    assert answer.json()["message"] == sentence
    assert answer.json()["error"] == sentence
    assert served.count() == 0


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer wrong", f"Basic {SECRET}", SECRET, "Bearer  "])
def test_no_key_or_a_wrong_one_is_401(served, header):
    headers = {} if header is None else {"Authorization": header}
    for ask in (
        lambda: served.bare.post(SUBMIT, json=GOOD, headers=headers),
        lambda: served.bare.get("/api/v3/balance", headers=headers),
    ):
        answer = ask()
        assert answer.status_code == 401
        assert answer.json()["code"] == 401
        assert answer.json()["data"] is None
    assert served.count() == 0


def test_the_key_is_asked_for_before_the_request_is_read(served):
    assert served.bare.post(SUBMIT, content=b"{").status_code == 401


def test_a_revoked_key_opens_nothing(served):
    served.store.revoke(served.key.id)
    assert served.api.post(SUBMIT, json=GOOD).status_code == 401


def test_models_that_are_not_here_are_404(served):
    for path in ("wavespeed-ai/flux-dev", "punchin/nobody/audio-inpaint", "punchin/far/audio-inpaint", "x"):
        answer = served.api.post(f"/api/v3/{path}", json=GOOD)
        assert answer.status_code == 404, path
        assert answer.json()["code"] == 404


def test_a_model_names_its_engine(served):
    answer = served.api.post("/api/v3/punchin/tone/audio-inpaint", json=GOOD).json()["data"]
    assert answer["model"] == "punchin/tone/audio-inpaint"
    assert served.store.job(answer["id"]).spec.engine == "tone"


def test_the_same_idempotency_key_gives_the_same_task(served):
    def submit(body):
        return served.api.post(SUBMIT, json=body, headers={"Idempotency-Key": "mine"})

    first, again = submit(GOOD).json()["data"], submit(GOOD).json()["data"]
    assert first["id"] == again["id"]
    assert served.count() == 1
    other = submit(GOOD | {"seed": 5})
    assert other.status_code == 409
    assert served.count() == 1


def test_over_the_rate_it_is_429_and_polling_is_not_limited(serve):
    served = serve(rate_per_minute=2)
    job = served.submit()
    served.submit()
    answer = served.api.post(SUBMIT, json=GOOD)
    assert answer.status_code == 429
    assert answer.json() == {"code": 429, "message": answer.json()["message"], "error_code": "rate_limited",
                             "data": None}  # fmt: skip
    assert served.count() == 2
    assert all(served.result(job)["id"] == job for _ in range(50))
    assert served.other_key().post(SUBMIT, json=GOOD).status_code == 200


def test_over_the_waiting_limit_it_is_429(serve):
    served = serve(max_queued=1)
    job = served.submit()
    assert served.api.post(SUBMIT, json=GOOD).status_code == 429
    served.begin(job)
    served.submit()


def test_a_key_without_balance_is_refused(served):
    from decimal import Decimal

    poor = served.other_key(prepaid=Decimal(0))
    answer = poor.post(SUBMIT, json=GOOD)
    assert answer.status_code == 400
    assert answer.json()["error_code"] == "insufficient_balance"


def test_a_ledger_that_is_away_is_503_and_nothing_is_accepted(served, monkeypatch):
    def away(session, job):
        raise StoreError

    monkeypatch.setattr(served.line, "enqueue", away)
    answer = served.api.post(SUBMIT, json=GOOD)
    assert answer.status_code == 503
    assert served.count() == 0


def test_a_fault_of_ours_is_500_and_tells_nothing(served, monkeypatch):
    def broken(session, job):
        raise ZeroDivisionError("a secret detail")

    monkeypatch.setattr(served.line, "enqueue", broken)
    answer = served.api.post(SUBMIT, json=GOOD)
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["data"] is None
    assert served.count() == 0


def test_a_server_with_a_full_line_says_when_to_come_again(serve):
    server = serve(max_waiting=2)
    first = server.submit(server.other_key())
    server.submit()
    full = server.api.post(SUBMIT, json=GOOD)
    assert full.status_code == 429
    assert full.headers["retry-after"] == "30"
    assert "2 may on this server" in full.json()["message"]
    server.begin(first)
    assert server.api.post(SUBMIT, json=GOOD).status_code == 200


def test_the_same_request_again_is_no_job_more_in_a_full_line(serve):
    server = serve(max_waiting=1)
    named = {"Idempotency-Key": "one"}
    first, second = (server.api.post(SUBMIT, json=GOOD, headers=named) for _ in range(2))
    assert first.json()["data"]["id"] == second.json()["data"]["id"]

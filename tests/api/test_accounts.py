"""Models, prices, balance, bills, usage, and Punchin's own routes."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from punchin.store import WorkerState
from punchin.web.catalogue import seconds_of
from punchin.web.wire import HOSTED_MODEL
from support.web import SOUND


def data(answer):
    assert answer.status_code == 200, answer.text
    assert answer.json()["code"] == 200
    return answer.json()["data"]


def test_models_have_the_form_of_the_page(served):
    models = data(served.api.get("/api/v3/models?search=x&page=7"))
    assert [model["model_id"] for model in models] == [HOSTED_MODEL, "punchin/tone/audio-inpaint"]
    hosted = models[0]
    assert hosted["name"] == HOSTED_MODEL
    assert "tone" in hosted["description"]
    (run,) = hosted["api_schema"]["api_schemas"]
    assert (run["type"], run["method"]) == ("model_run", "POST")
    assert (run["server"], run["api_path"]) == ("http://testserver", f"/api/v3/{HOSTED_MODEL}")
    schema = run["request_schema"]
    assert schema["required"] == ["audio", "tags"]
    assert schema["x-order-properties"][:8] == [
        "audio", "tags", "start_time_relative_to", "start_time", "end_time_relative_to", "end_time", "lyrics",
        "seed",
    ]  # fmt: skip
    assert set(schema["x-order-properties"]) == set(schema["properties"])
    end = schema["properties"]["end_time"]
    assert (end["type"], end["minimum"], end["maximum"], end["default"]) == ("number", 0, 240, 30)
    seed = schema["properties"]["seed"]
    assert (seed["type"], seed["minimum"], seed["maximum"], seed["default"]) == ("integer", -1, 2**31 - 1, -1)
    assert schema["properties"]["start_time_relative_to"]["enum"] == ["start", "end"]


@pytest.mark.parametrize(
    ("inputs", "seconds"),
    [
        ({}, 30),
        ({"start_time": 10, "end_time": 12.5}, 2.5),
        (
            {"start_time": 15, "start_time_relative_to": "end", "end_time": 0, "end_time_relative_to": "end"},
            15,
        ),
        ({"end_time": 4, "takes": 3}, 12),
        ({"edits": [{"end_time": 1}, {"start_time": 2, "end_time": 4}]}, 3),
        ({"start_time": 20, "start_time_relative_to": "end"}, 20),
        ({"end_time": 0, "end_time_relative_to": "end"}, 240),
        ({"start_time": "x", "end_time": None, "takes": "many", "edits": "none"}, 30),
        ({"start_time": 9, "end_time": 3}, 0),
    ],
)
def test_prices_follow_the_region(served, inputs, seconds):
    assert seconds_of(inputs, 240) == seconds
    asked = {"model_id": HOSTED_MODEL, "inputs": inputs}
    price = data(served.api.post("/api/v3/model/price", json=asked))
    assert price["model_id"] == HOSTED_MODEL
    assert price["price"] == price["discounted_price"] == pytest.approx(seconds * 0.0002)
    old = data(served.api.post("/api/v3/model/pricing", json=asked))
    assert old == {"model_id": HOSTED_MODEL, "unit_price": price["price"], "currency": "USD"}


def test_prices_of_what_is_not_here(served):
    answer = served.api.post("/api/v3/model/price", json={"model_id": "x/y"})
    assert answer.status_code == 404
    assert served.api.post("/api/v3/model/price", json={}).status_code == 400
    bad = served.api.post("/api/v3/model/price", json={"model_id": HOSTED_MODEL, "inputs": 3})
    assert bad.status_code == 400


def test_balance_is_always_a_number(served):
    assert data(served.api.get("/api/v3/balance")) == {"balance": 1_000_000, "unlimited": True}
    limited = served.other_key(prepaid=Decimal("12.5"))
    assert data(limited.get("/api/v3/balance")) == {"balance": 12.5, "unlimited": False}


def test_bills_and_usage_are_the_keys_own(served):
    job = served.submit()
    served.finish(job)
    served.fail(served.submit())
    other = served.other_key()
    bills = data(served.api.post("/api/v3/billings/search", json={"page": 1}))
    (bill,) = bills["items"]
    assert (bill["billing_type"], bill["price"], bill["access_key_name"]) == ("deduct", 0.0013, "tests")
    assert bill["prediction"]["id"] == job
    assert bills["has_more"] is False
    for nothing in ({"billing_type": "recharge"}, {"access_key_uuid": "x"}, {"model_uuid": "x"},
                    {"end_time": "2020-01-01T00:00:00Z"}):  # fmt: skip
        assert data(served.api.post("/api/v3/billings/search", json=nothing))["items"] == []
    assert data(other.post("/api/v3/billings/search", json={}))["items"] == []

    now = datetime.now(UTC)
    span = {
        "start_time": (now - timedelta(days=1)).isoformat(),
        "end_time": (now + timedelta(1)).isoformat(),
    }
    stats = data(served.api.post("/api/v3/user/usage_stats", json=span))
    assert stats["summary"] == {"total_cost": 0.0013, "total_requests": 2, "success_requests": 1}
    assert [model["model_uuid"] for model in stats["per_model_usage"]] == [HOSTED_MODEL]
    assert sum(day["count"] for day in stats["daily_usage"]) == 2
    assert data(other.post("/api/v3/user/usage_stats", json=span))["summary"]["total_requests"] == 0
    long = {"start_time": "2026-01-01T00:00:00Z", "end_time": "2026-02-02T00:00:00Z"}
    assert served.api.post("/api/v3/user/usage_stats", json=long).status_code == 400


def test_every_route_with_a_key_refuses_without_one(served):
    found = served.bare.get("/openapi.json").json()["paths"]
    secured = [
        (path, method) for path, ways in found.items() for method, way in ways.items() if "security" in way
    ]
    assert len(secured) > 20
    for path, method in secured:
        answer = served.bare.request(method.upper(), path.replace("{", "").replace("}", ""), json={})
        assert answer.status_code == 401, (path, method)
    open_ = {path for path, ways in found.items() for way in ways.values() if "security" not in way}
    signed = {"/uploads/{token}/{key}", "/files/{token}/{key}"}
    assert open_ == signed | {"/health", "/ready", "/metrics", "/v1/welcome"}


# Punchin's own


def test_a_job_from_waiting_to_over(served):
    first, second = served.submit(), served.submit()
    job = served.api.get(f"/v1/jobs/{second}").json()
    assert (job["state"], job["place"], job["fraction"], job["report"]) == ("created", 1, 0, None)
    served.begin(second)
    served.store.progress(second, "a", "fill", 0.4, 12.5)
    job = served.api.get(f"/v1/jobs/{second}").json()
    assert (job["state"], job["stage"], job["fraction"], job["eta_s"]) == ("processing", "fill", 0.4, 12.5)
    served.finish(second)
    job = served.api.get(f"/v1/jobs/{second}").json()
    assert (job["state"], job["fraction"]) == ("completed", 1.0)
    assert job["report"]["engine"] == "tone"
    (output,) = job["outputs"]
    assert (output["name"], output["bytes"], output["media_type"]) == (
        "song.punched.wav",
        len(SOUND),
        "audio/wav",
    )
    assert served.bare.get(output["url"]).content == SOUND
    assert served.api.get(f"/v1/jobs/{second}/receipts").json() == {"receipts": [{"version": 1}]}
    # They are long, so they are nowhere else.
    assert served.result(second)["punchin"]["takes"] == [{}]
    assert served.api.get(f"/v1/jobs/{second}").json()["report"]["takes"] == [{}]
    assert [job["id"] for job in served.api.get("/v1/jobs").json()["items"]] == [second, first]
    assert [job["id"] for job in served.api.get("/v1/jobs?state=created").json()["items"]] == [first]
    assert served.api.get("/v1/jobs?state=odd").status_code == 400


def test_cancel(served):
    waiting, running, over = (served.submit() for _ in range(3))
    served.begin(running)
    served.finish(over)
    assert served.api.post(f"/v1/jobs/{waiting}/cancel").json()["state"] == "cancelled"
    assert served.line.cancelled == [waiting]
    asked = served.api.post(f"/v1/jobs/{running}/cancel").json()
    assert (asked["state"], asked["cancel_asked"]) == ("processing", True)
    assert served.api.post(f"/v1/jobs/{over}/cancel").json()["state"] == "completed"
    assert served.line.cancelled == [waiting]


def test_other_keys_jobs_are_404_everywhere(served):
    job = served.submit()
    other = served.other_key()
    for method, path in (
        ("GET", f"/v1/jobs/{job}"),
        ("GET", f"/v1/jobs/{job}/events"),
        ("GET", f"/v1/jobs/{job}/receipts"),
        ("POST", f"/v1/jobs/{job}/cancel"),
        ("DELETE", f"/v1/jobs/{job}"),
    ):
        assert other.request(method, path).status_code == 404, path
    assert other.get("/v1/jobs").json()["items"] == []
    assert served.store.job(job).state == "created"


def test_delete(served):
    job = served.submit()
    served.finish(job)
    address = served.result(job)["outputs"][0]
    assert served.api.delete(f"/v1/jobs/{job}").status_code == 200
    assert served.api.delete(f"/v1/jobs/{job}").status_code == 404
    assert served.bare.get(address).status_code == 404


def test_events_tell_every_change_and_then_the_end(served):
    job = served.submit()

    def work():
        time.sleep(0.3)
        served.begin(job)
        served.store.progress(job, "a", "fill", 0.5, 1.0)
        time.sleep(0.5)
        served.finish(job)

    thread = threading.Thread(target=work)
    thread.start()
    answer = served.api.get(f"/v1/jobs/{job}/events")
    thread.join()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = [
        dict(line.split(": ", 1) for line in text.splitlines()) for text in answer.text.strip().split("\n\n")
    ]
    assert [event["event"] for event in events][:1] == ["progress"]
    assert events[-1]["event"] == "end"
    told = [json.loads(event["data"]) for event in events]
    assert told[0]["state"] == "created"
    assert any((now["stage"], now["fraction"]) == ("fill", 0.5) for now in told)
    assert (told[-1]["state"], told[-1]["report"]["engine"]) == ("completed", "tone")
    assert len({event["data"] for event in events}) == len(events)


def test_engines(served):
    assert [engine["name"] for engine in served.api.get("/v1/engines").json()["engines"]] == ["far", "tone"]


# Operation


def test_health_and_ready(served):
    health = served.bare.get("/health").json()
    assert (health["status"], health["engine"], health["waiting"]) == ("ready", "tone", 0)
    assert health["workers"] == [{"state": "ready", "engine": "tone"}]
    assert served.bare.get("/ready").status_code == 200
    for state, status, code in (
        (WorkerState.BUSY, "busy", 200),
        (WorkerState.STARTING, "starting", 503),
        (WorkerState.DRAINING, "draining", 503),
        (WorkerState.STOPPED, "no worker", 503),
    ):
        served.store.heartbeat("w-0", state, None, "tone")
        answer = served.bare.get("/ready")
        assert (answer.json()["status"], answer.status_code) == (status, code)
        assert served.bare.get("/health").status_code == 200


def test_metrics_count_each_job_once_and_name_nobody(served):
    job = served.submit()
    served.finish(job)
    served.fail(served.submit())
    served.submit()
    for _ in range(2):
        text = served.bare.get("/metrics").text
    assert 'punchin_jobs_ended_total{code="",state="completed"} 1.0' in text
    assert 'punchin_jobs_ended_total{code="1402",state="failed"} 1.0' in text
    assert "punchin_jobs_waiting 1.0" in text
    assert "punchin_queue_seconds{engine=" in text
    assert 'punchin_generated_seconds_total{engine="tone"} 6.5' in text
    assert 'punchin_stage_seconds_count{stage="fill"} 1.0' in text
    assert f'route="/api/v3/{HOSTED_MODEL}",status="200"' in text
    assert job not in text
    assert served.key.id not in text


def figure(server, name):
    found = [line for line in server.bare.get("/metrics").text.splitlines() if line.startswith(name)]
    return float(found[0].rpartition(" ")[2]) if found else 0.0


COMPLETED = 'punchin_jobs_ended_total{code="",state="completed"}'


def test_metrics_count_what_ended_before_a_long_backlog(served, monkeypatch):
    monkeypatch.setattr("punchin.web.measuring.MANY", 2)
    ended = [served.submit() for _ in range(5)]
    for _ in range(5):
        served.submit()
    for count, job in ((1, ended[4]), (2, ended[0]), (5, ended[1:4])):
        for each in [job] if isinstance(job, str) else job:
            served.finish(each)
        assert figure(served, COMPLETED) == figure(served, "punchin_job_wait_seconds_count") == count


def test_metrics_are_the_same_from_every_server_and_after_a_restart(served, monkeypatch):
    """Counters go on where they were, also for jobs that are deleted or forgotten; times begin anew."""
    monkeypatch.setattr("punchin.web.measuring.SETTLED", timedelta(seconds=0.2))
    jobs = [served.submit() for _ in range(4)]
    served.finish(jobs[0])
    assert figure(served, COMPLETED) == 1
    served.finish(jobs[1])
    served.api.delete(f"/v1/jobs/{jobs[1]}")
    assert figure(served, COMPLETED) == 2
    time.sleep(0.5)
    assert figure(served, COMPLETED) == 2, "what is settled is counted once"
    served.store.forget(served.store.expired(served.store.now()))
    served.finish(jobs[2])
    with served.again() as other:
        for server in (served, other, served):
            assert figure(server, COMPLETED) == 3
            assert figure(server, 'punchin_generated_seconds_total{engine="tone"}') == 3 * 6.5
        assert figure(served, "punchin_job_wait_seconds_count") == 3
        assert figure(other, "punchin_job_wait_seconds_count") == 0
        served.finish(jobs[3])
        assert [figure(each, COMPLETED) for each in (other, served, other)] == [4, 4, 4]
        assert figure(other, "punchin_job_wait_seconds_count") == 1


def test_metrics_see_an_end_that_comes_late_once(served, monkeypatch):
    """Another machine's clock is behind: its job ended before one that was seen already."""
    first, second = served.submit(), served.submit()
    now = served.store.now
    served.finish(first)
    assert figure(served, "punchin_job_wait_seconds_count") == 1
    began = served.store.job(first).finished_at
    monkeypatch.setattr(served.store, "now", lambda: began - timedelta(milliseconds=1))
    served.finish(second)
    monkeypatch.setattr(served.store, "now", now)
    for _ in range(2):
        assert figure(served, "punchin_job_wait_seconds_count") == figure(served, COMPLETED) == 2


def test_metrics_asked_for_by_many_at_once_count_each_job_once(served, monkeypatch):
    for _ in range(5):
        served.finish(served.submit())
    read = served.store.ended

    def slow(*asked):
        found = read(*asked)
        time.sleep(0.05)
        return found

    monkeypatch.setattr(served.store, "ended", slow)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: served.bare.get("/metrics"), range(4)))
    assert figure(served, "punchin_job_wait_seconds_count") == 5


def test_unknown_addresses_and_methods_are_in_the_envelope(served):
    answer = served.api.get("/nothing/here")
    assert (answer.status_code, answer.json()["code"], answer.json()["data"]) == (404, 404, None)
    answer = served.api.delete("/api/v3/balance")
    assert (answer.status_code, answer.json()["code"]) == (405, 405)
    assert answer.headers["allow"]


def test_every_answer_has_safe_headers(served):
    for path in ("/health", "/api/v3/balance", "/nothing", "/docs"):
        headers = served.bare.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["x-frame-options"] == "DENY"
    assert served.bare.get("/api/v3/balance").headers["cache-control"] == "no-store"


def test_pages_of_other_servers_only_where_the_setting_says_so(serve):
    asked = {
        "Origin": "https://page.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, x-client-name, content-type",
    }
    closed, opened = serve(), serve(cors_origins=("https://page.example",))
    assert "access-control-allow-origin" not in closed.bare.options("/api/v3/balance", headers=asked).headers
    answer = opened.bare.options("/api/v3/balance", headers=asked)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://page.example"
    stranger = opened.bare.get("/health", headers={"Origin": "https://other.example"})
    assert "access-control-allow-origin" not in stranger.headers


def test_openapi_knows_the_fields_and_422_only_as_fal_has_it(served):
    found = served.bare.get("/openapi.json").json()
    request = found["components"]["schemas"]["Request"]
    assert set(request["required"]) == {"audio", "tags"}
    assert request["properties"]["guidance_scale"]["maximum"] == 200
    assert "HTTPValidationError" not in json.dumps(found)
    for path, operations in found["paths"].items():
        said = any("422" in operation["responses"] for operation in operations.values())
        assert said == path.startswith("/fal-ai/"), path
    assert served.bare.get("/docs").status_code == 200

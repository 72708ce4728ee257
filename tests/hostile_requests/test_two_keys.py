"""Two keys do everything to everything in any order; a model says what each may see (OWASP API1:2023)."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from support.web import SOUND

pytestmark = pytest.mark.slow
FINAL = {"completed", "failed", "cancelled"}
WHO = st.sampled_from([0, 1])
UNKNOWN = "0" * 32


def machine(served):
    """The machine over one server; every example begins with two keys of its own."""

    class TwoKeys(RuleBasedStateMachine):
        jobs = Bundle("jobs")
        songs = Bundle("songs")
        count = 0

        def __init__(self):
            super().__init__()
            TwoKeys.count += 1
            names = [f"key-{TwoKeys.count}-{number}-of-the-test" for number in (0, 1)]
            self.apis = [served.other_key(name, secret=name) for name in names]
            self.state, self.owner, self.outputs = {}, {}, {}

        @rule(target=songs, who=WHO, size=st.sampled_from([0, 1, 500]))
        def upload(self, who, size):
            given = self.apis[who].post("/api/v3/media/uploads", json={"filename": "a.wav"}).json()["data"]
            for expected in (200, 412):
                put = served.bare.put(
                    given["upload"]["url"], content=SOUND[:size], headers={"If-None-Match": "*"}
                )
                assert put.status_code == expected
            assert served.bare.get(given["download_url"]).content == SOUND[:size]
            return given["download_url"]

        @rule(target=jobs, who=WHO, audio=songs)
        def submit(self, who, audio):
            job = served.submit(self.apis[who], audio=audio)
            assert job not in self.owner
            self.owner[job], self.state[job] = who, "created"
            return job

        @rule(target=jobs, who=WHO, audio=songs, word=st.sampled_from("abc"))
        def submit_again(self, who, audio, word):
            body = {"audio": audio, "tags": "lofi"}
            asked = {"json": body, "headers": {"Idempotency-Key": word + audio[-60:]}}
            place = "/api/v3/wavespeed-ai/ace-step/audio-inpaint"
            answers = [self.apis[who].post(place, **asked) for _ in range(2)]
            if answers[0].status_code == 404:  # what it made was deleted
                return multiple()
            first, second = (answer.json()["data"]["id"] for answer in answers)
            assert first == second
            assert self.owner.setdefault(first, who) == who
            self.state.setdefault(first, "created")
            return first

        @rule(job=jobs)
        def finish(self, job):
            if self.state[job] == "created":
                served.finish(job)
                self.state[job] = "completed"
                self.outputs[job] = served.result(job, self.apis[self.owner[job]])["outputs"][0]

        @rule(job=jobs)
        def fail(self, job):
            if self.state[job] == "created":
                served.fail(job)
                self.state[job] = "failed"

        @rule(who=WHO, job=jobs)
        def cancel(self, who, job):
            answer = self.apis[who].post(f"/v1/jobs/{job}/cancel")
            if self.owner[job] != who or self.state[job] == "deleted":
                assert answer.status_code == 404
                return
            if self.state[job] == "created":
                self.state[job] = "cancelled"
            assert answer.json()["state"] == self.state[job]

        @rule(who=WHO, job=jobs, ours=st.booleans())
        def delete(self, who, job, ours):
            mine = self.owner[job] == who and self.state[job] != "deleted"
            if ours:
                assert self.apis[who].delete(f"/v1/jobs/{job}").status_code == (200 if mine else 404)
            else:
                body = {"ids": [job, UNKNOWN, job]}
                answer = self.apis[who].post("/api/v3/predictions/delete", json=body)
                assert answer.json()["data"]["deleted_count"] == int(mine)
            if mine:
                self.state[job] = "deleted"

        @rule(who=WHO, job=jobs)
        def get(self, who, job):
            seen = self.owner[job] == who and self.state[job] != "deleted"
            for path in (f"/v1/jobs/{job}", f"/api/v3/predictions/{job}/result", f"/v1/jobs/{job}/receipts"):
                answer = self.apis[who].get(path)
                nothing = self.apis[who].get(path.replace(job, UNKNOWN))
                assert answer.status_code == (200 if seen else 404)
                if not seen:  # no word tells a job that is another's from one that is not
                    assert answer.text.replace(job, UNKNOWN) == nothing.text
            assert served.bare.get(f"/v1/jobs/{job}").status_code == 401

        @invariant()
        def each_sees_exactly_its_own(self):
            for who, api in enumerate(self.apis):
                items = api.get("/v1/jobs?page_size=100").json()["items"]
                mine = {job for job, owner in self.owner.items() if owner == who}
                assert {item["id"]: item["state"] for item in items} == {
                    job: self.state[job] for job in mine if self.state[job] != "deleted"
                }

        @invariant()
        def outputs_live_as_long_as_their_jobs(self):
            for job, address in self.outputs.items():
                answer = served.bare.get(address)
                if self.state[job] == "deleted":
                    assert answer.status_code == 404
                else:
                    assert answer.content == SOUND

    return TwoKeys


def test_any_order_of_everything_by_two_keys(served):
    few = settings(
        max_examples=12,
        stateful_step_count=20,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(served), settings=few)

"""The whole service and two other hosts, one that it trusts: songs come in, messages go out, nothing else."""

import hashlib
import hmac
import json
import time
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest

from punchin.job import State
from punchin.web.wire import HOSTED_MODEL
from support.clients import check_edit
from support.hosts import Host, another_host
from support.running import SECRET, end, free_port, wait_until_ready
from support.services import Service, running_service
from support.songs import made_song, wav_of

EDIT = {"tags": "lofi", "start_time": 2, "end_time": 3.5, "seed": 7}


@dataclass
class Network:
    """Who is there."""

    service: Service
    base: str
    trusted: Host
    stranger: Host

    def start(self):
        process = self.service.start("serve")
        wait_until_ready(self.base, [process], self.service.settings.home / "log.txt")
        return process

    def api(self):
        headers = {"Authorization": f"Bearer {SECRET}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=60, trust_env=False)

    def ended(self, audio):
        """What becomes of an edit of the song at an address."""
        with self.api() as api:
            asked = EDIT | {"audio": audio, "enable_sync_mode": True}
            return api.post(f"/api/v3/{HOSTED_MODEL}", json=asked).json()["data"]


@pytest.fixture(scope="module")
def song(tmp_path_factory):
    return wav_of(made_song(6.0), tmp_path_factory.mktemp("song") / "song.wav")


@pytest.fixture(scope="module")
def network(tmp_path_factory, song):
    port = free_port()
    with another_host() as trusted, another_host() as stranger:
        answer = (200, {"content-type": "audio/wav"}, song.read_bytes())
        trusted.answers["/song.wav"] = stranger.answers["/song.wav"] = answer
        home = tmp_path_factory.mktemp("service")
        hosts = f"127.0.0.1:{trusted.port}"
        with running_service(home, port=port, trusted_hosts=hosts, allow_http=True, grace_s=5) as service:
            service.store.create_key("web", secret=SECRET)
            found = Network(service, f"http://127.0.0.1:{port}", trusted, stranger)
            found.start()
            yield found


def test_a_song_of_a_trusted_host_is_edited(network, song):
    done = network.ended(network.trusted.address("/song.wav"))
    assert done["status"] == "completed", done["error"]
    check_edit(httpx.get(done["outputs"][0], trust_env=False).content, song, 2, 3.5)
    assert done["outputs"][0].endswith("/song.punched.wav")


def test_a_private_host_that_is_not_trusted_is_never_asked(network):
    with network.api() as api:
        asked = EDIT | {"audio": network.stranger.address("/song.wav")}
        refused = api.post(f"/api/v3/{HOSTED_MODEL}", json=asked)
    assert (refused.status_code, refused.json()["error_code"]) == (400, "invalid_field")
    assert 'field "audio"' in refused.json()["message"]
    # What a name stands for is only known when it is looked up, where the song is fetched.
    done = network.ended(network.stranger.address("/song.wav", host="localtest.localhost"))
    assert (done["status"], done["code"], done["outputs"]) == ("failed", 1402, []), done
    assert network.stranger.asked == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_trusted_host_cannot_send_the_service_to_one_that_is_not(network, status):
    for host in ("127.0.0.1", "localhost"):
        place = network.stranger.address("/song.wav", host=host)
        network.trusted.answers["/moved"] = (status, {"location": place}, b"")
        done = network.ended(network.trusted.address("/moved"))
        assert (done["status"], done["code"]) == ("failed", 1402), done
    assert network.stranger.asked == []


def test_what_is_no_song_is_told_so(network):
    network.trusted.answers["/page"] = (200, {"content-type": "text/html"}, b"<html>not a song</html>")
    for path in ("/page", "/nothing"):
        done = network.ended(network.trusted.address(path))
        assert (done["status"], done["code"]) == ("failed", 1402), done
        assert not any(word in done["error"].lower() for word in ("timeout", "connection", "http ", "429"))


def verified(headers, body, secret):
    """As the hosted API's page "verify webhooks" has receivers do it; gives the message's id."""
    said = {name.lower(): value for name, value in headers.items()}
    version, _, signature = said["webhook-signature"].partition(",")
    signed = f"{said['webhook-id']}.{said['webhook-timestamp']}.".encode() + body
    expected = hmac.new(secret.removeprefix("whsec_").encode(), signed, hashlib.sha256).hexdigest()
    assert version == "v3"
    assert hmac.compare_digest(signature, expected)
    assert abs(time.time() - int(said["webhook-timestamp"])) < 300
    assert said["content-type"] == "application/json"
    return said["webhook-id"]


def test_a_message_that_was_refused_arrives_after_the_service_has_been_away(network):
    """Also a message on its way while the whole service is stopped is neither lost nor sent twice."""
    hook = network.trusted.address("/hook?job=1&key=2")
    network.trusted.answers["/hook"] = [(503, {}, b""), (200, {}, b"")]
    with network.api() as api:
        secret = api.get("/api/v3/webhook/secret").json()["data"]["secret"]
        asked = EDIT | {"audio": network.trusted.address("/song.wav")}
        # As most clients send it: not percent-encoded.
        task = api.post(f"/api/v3/{HOSTED_MODEL}?webhook={hook}", json=asked).json()["data"]["id"]

    def messages():
        return [(headers, body) for path, headers, body in network.trusted.asked if path.startswith("/hook")]

    service = network.service
    service.wait(lambda: len(messages()) == 1, what="the first try")
    process = service.processes[-1]
    process.terminate()
    end(process)
    network.start()
    service.wait(lambda: len(messages()) == 2, what="the second try")
    ids = [verified(headers, body, secret) for headers, body in messages()]
    assert ids[0] == ids[1]
    stamps = [int({name.lower(): value for name, value in headers.items()}["webhook-timestamp"])
              for headers, _ in messages()]  # fmt: skip
    assert stamps[1] >= stamps[0] + 5
    assert network.trusted.asked[-1][0] == "/hook?job=1&key=2"
    told = json.loads(messages()[1][1])
    assert (told["id"], told["status"], told["error"]) == (task, "completed", "")
    assert told["input"]["tags"] == "lofi"
    assert "code" not in told
    with network.api() as api:
        polled = api.get(f"/api/v3/predictions/{task}/result").json()["data"]
    # Addresses of files are made anew each hour.
    assert told | {"outputs": []} == polled | {"outputs": []}
    assert service.store.job(task).state is State.COMPLETED
    later = service.store.now() + timedelta(days=1)
    service.wait(lambda: service.store.due_deliveries(later) == [], what="the end of all tries")
    assert len(messages()) == 2

"""What can be guessed, forged or sent again: ids, keys, addresses, messages."""

import contextlib
import hashlib
import hmac
import math
import secrets

import pytest
from sqlalchemy import event

from punchin.filestore import Signer
from punchin.store.ids import new_id
from punchin.supervisor.signing import signed_headers

# Ids


def test_an_id_is_128_bits_from_the_systems_source(monkeypatch):
    """Not a clock, a counter, or a generator that could be continued by who has seen some ids."""
    asked = []
    monkeypatch.setattr(secrets, "token_hex", lambda count: asked.append(count) or "0f" * count)
    assert new_id() == "0f" * 16
    assert asked == [16]


def test_no_bit_of_an_id_is_likelier_than_the_other():
    """Each bit within seven standard deviations: leaving out "429" costs less than 0.02 bits."""
    count = 4000
    ids = {new_id() for _ in range(count)}
    assert len(ids) == count
    assert not [each for each in ids if "429" in each]
    numbers = [int(each, 16) for each in ids]
    for bit in range(128):
        ones = sum(number >> bit & 1 for number in numbers)
        assert abs(ones - count / 2) < 7 * math.sqrt(count) / 2, bit


def test_ids_of_jobs_and_uploads_are_such_ids(served):
    job = served.submit(served.api)
    ticket = served.api.post("/api/v3/media/uploads", json={"filename": "a.wav"}).json()["data"]
    announced = served.api.post("/v1/uploads", json={"filename": "a.wav", "bytes": 3}).json()
    for found in (job, announced["id"], ticket["download_url"].split("/up/")[1].partition("/")[0]):
        assert len(found) == 32
        assert int(found, 16) > 2**64


def test_an_address_ends_in_256_bits_that_only_this_server_can_make():
    token = Signer(bytes(32)).sign("GET", "up/a/song.wav", 1)
    assert len(token.rpartition(".")[2]) * 6 >= 256


# Keys


@contextlib.contextmanager
def statements(store):
    """What is asked of the database meanwhile, with the parameters."""
    heard = []

    def note(connection, cursor, statement, parameters, context, many):
        heard.append((statement, parameters))

    event.listen(store.engine, "before_cursor_execute", note)
    try:
        yield heard
    finally:
        event.remove(store.engine, "before_cursor_execute", note)


WRONG = {
    "all but the last letter": lambda secret: secret[:-1] + ("a" if secret[-1] != "a" else "b"),
    "the first half": lambda secret: secret[: len(secret) // 2] + "x" * (len(secret) - len(secret) // 2),
    "nothing in common": lambda secret: "z" * len(secret),
    "short": lambda secret: "z",
    "long": lambda secret: secret * 50,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_key_is_checked_in_one_way_however_near_it_is(served, wrong):
    """The same one statement, over a digest that has nothing of the key in it: its time tells nothing."""
    _, secret = served.store.create_key(f"near {wrong}")
    guess = WRONG[wrong](secret)
    with statements(served.store) as heard:
        assert served.store.key_of(guess) is None
    [(statement, parameters)] = [each for each in heard if "FROM keys" in each[0]]
    assert "digest = ?" in statement
    assert list(parameters) == [hashlib.sha256(guess.encode()).hexdigest()]


def test_the_last_word_on_a_key_is_in_constant_time(served, monkeypatch):
    _, secret = served.store.create_key("constant")
    compared = []
    monkeypatch.setattr(
        "punchin.store.keys.hmac.compare_digest", lambda a, b: compared.append((a, b)) or a == b
    )
    assert served.store.key_of(secret) is not None
    assert compared == [(hashlib.sha256(secret.encode()).hexdigest(),) * 2]


def test_unknown_revoked_and_malformed_keys_hear_the_same(served):
    key, secret = served.store.create_key("revoked")
    served.store.revoke(key.id)
    answers = set()
    for shown in (secret, secret[:-1] + "x", "x" * len(secret), "x", "\u00e4" * 20):
        header = b"Bearer " + shown.encode()
        answer = served.bare.get("/v1/jobs", headers={b"Authorization": header})
        answers.add((answer.status_code, answer.text))
    assert len(answers) == 1, "no word tells a revoked key from one that never was"
    assert {status for status, _ in answers} == {401}


# Messages


SECRET = "whsec_" + "s" * 32
BODY = b'{"id":"1","status":"completed"}'
AT_S = 1_800_000_000


def receives(headers, body, now_s, known=frozenset()):
    """A receiver as docs/http.md describes it: signature first, then age, then whether it was here before."""
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(SECRET.removeprefix("whsec_").encode(), content, hashlib.sha256).hexdigest()
    signed = hmac.compare_digest(headers["webhook-signature"], f"v3,{digest}")
    fresh = abs(now_s - int(headers["webhook-timestamp"])) <= 300
    return signed and fresh and headers["webhook-id"] not in known


def test_a_message_is_taken_once_and_in_time():
    sent = signed_headers("m1", AT_S, BODY, SECRET)
    assert receives(sent, BODY, AT_S + 299)
    assert not receives(sent, BODY, AT_S + 301), "sent again later"
    assert not receives(sent, BODY, AT_S, known={"m1"}), "sent again at once"


FORGED = {
    "another body": lambda headers: (headers, BODY.replace(b"completed", b"failed")),
    "a younger time": lambda headers: (headers | {"webhook-timestamp": str(AT_S + 1000)}, BODY),
    "another id": lambda headers: (headers | {"webhook-id": "m2"}, BODY),
    "a dot moves": lambda headers: (headers | {"webhook-id": f"m1.{AT_S}", "webhook-timestamp": "0"}, BODY),
    "part of the body becomes time": lambda headers: (headers, BODY[1:]),
    "another's secret": lambda _: (signed_headers("m1", AT_S, BODY, "whsec_other"), BODY),
    "no signature": lambda headers: (headers | {"webhook-signature": "v3,"}, BODY),
    "another scheme": lambda headers: (
        headers | {"webhook-signature": headers["webhook-signature"].replace("v3", "v1")},
        BODY,
    ),
}


@pytest.mark.parametrize("trick", FORGED)
def test_a_forged_message_is_not_taken(trick):
    headers, body = FORGED[trick](signed_headers("m1", AT_S, BODY, SECRET))
    assert not receives(headers, body, max(AT_S, int(headers["webhook-timestamp"])))


# Addresses


def test_an_upload_address_that_is_sent_again_writes_nothing(served):
    given = served.api.post("/api/v3/media/uploads", json={"filename": "a.wav"}).json()["data"]
    place = given["upload"]["url"]
    assert served.bare.put(place, content=b"first").status_code == 200
    assert served.bare.put(place, content=b"again").status_code == 412
    assert served.bare.get(given["download_url"]).content == b"first"


def test_a_token_opens_no_other_file_and_no_other_method(served):
    first, second = (
        served.api.post("/api/v3/media/uploads", json={"filename": "a.wav"}).json()["data"] for _ in range(2)
    )
    for given in (first, second):
        assert served.bare.put(given["upload"]["url"], content=b"x").status_code == 200
    reads = [given["download_url"].split("/files/")[1].partition("/") for given in (first, second)]
    writes = [given["upload"]["url"].split("/uploads/")[1].partition("/") for given in (first, second)]
    for path in (
        f"/files/{reads[0][0]}/{reads[1][2]}",
        f"/files/{writes[0][0]}/{reads[0][2]}",
        f"/files/{'.'.join(reads[0][0].split('.')[:-1])}.{'A' * 43}/{reads[0][2]}",
    ):
        assert served.bare.get(path).status_code == 403
    for path in (f"/uploads/{reads[0][0]}/{writes[0][2]}", f"/uploads/{writes[0][0]}/{writes[1][2]}"):
        assert served.bare.put(path, content=b"y").status_code == 403

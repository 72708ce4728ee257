from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from punchin.errors import FetchError, NotAllowed
from punchin.job import Failure
from punchin.supervisor.delivering import Courier
from punchin.supervisor.signing import signed_headers
from support.ledgers import accept
from support.services import tone_job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.store import JobRecord, Store
    from support.ledger import Clock

SECRET = "whsec_e9EE3BdyXSxcB4ZyZUKjQUEoQX4sF9P1+eMpb/KluCM="


class Letters:
    def body_of(self, job: JobRecord) -> bytes:
        return job.id.encode()

    def secret_of(self, key_id: str) -> str:
        return SECRET


class Receiver:
    """An owner's server that answers as told, and remembers what came."""

    def __init__(self) -> None:
        self.answers: list[int | Exception] = []
        self.came: list[tuple[str, bytes, Mapping[str, str]]] = []

    def __call__(self, address: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.came.append((address, body, headers))
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def courier(store: Store, receiver: Receiver) -> Courier:
    return Courier(store, Letters(), receiver)


def ended(store: Store, *, owner: str = "key") -> str:
    """A job with a webhook that has just failed."""
    spec = msgspec.structs.replace(tone_job("upload:x"), webhook="https://owner.example/hook")
    job = accept(store, spec, owner)
    store.fail(job.id, None, Failure(1401, "no"))
    return job.id


def test_the_signature_is_the_hosted_apis() -> None:
    headers = signed_headers(
        "45b392b22c3b449fa935bd4dc", 1758798328, b'{"id":"abc","status":"completed"}', SECRET
    )
    assert headers["webhook-id"] == "45b392b22c3b449fa935bd4dc"
    assert headers["webhook-timestamp"] == "1758798328"
    expected = "48602a6e316d2456f712673a374278d811e8c661aff2457b792f591bf7beed43"
    assert headers["webhook-signature"] == f"v3,{expected}"


def test_an_ended_job_is_told_once(store: Store, courier: Courier, receiver: Receiver, clock: Clock) -> None:
    job_id = ended(store)
    assert courier.deliver_due() == 1
    [(address, body, headers)] = receiver.came
    assert (address, body) == ("https://owner.example/hook", job_id.encode())
    assert headers["content-type"] == "application/json"
    clock.pass_(seconds=3600)
    assert courier.deliver_due() == 0


@pytest.mark.parametrize("trouble", [500, 302, 404, FetchError("nobody there"), NotAllowed("private")])
def test_what_does_not_arrive_is_sent_again_after_5_30_and_120_s_and_then_given_up(
    store: Store, courier: Courier, receiver: Receiver, clock: Clock, trouble: Any
) -> None:
    ended(store)
    receiver.answers = [trouble] * 9
    tried_at: list[float] = []
    began = clock.time
    for _ in range(400):
        if courier.deliver_due():
            tried_at.append((clock.time - began).total_seconds())
        clock.pass_(seconds=1)
    assert tried_at == [0, 5, 35, 155]
    assert len({headers["webhook-id"] for _, _, headers in receiver.came}) == 1, "the id stays"
    assert len({headers["webhook-timestamp"] for _, _, headers in receiver.came}) == 4, "the time does not"


def test_a_message_whose_sender_dies_is_sent_by_the_next_one(
    store: Store, courier: Courier, receiver: Receiver, clock: Clock
) -> None:
    ended(store)
    assert len(store.due_deliveries(clock.time)) == 1  # taken up, and never heard of again
    assert courier.deliver_due() == 0
    clock.pass_(seconds=121)
    assert courier.deliver_due() == 1
    assert len(receiver.came) == 1


def test_a_deleted_job_is_not_told(store: Store, courier: Courier, receiver: Receiver, clock: Clock) -> None:
    store.delete("key", [ended(store)])
    courier.deliver_due()
    clock.pass_(seconds=3600)
    assert courier.deliver_due() == 0
    assert receiver.came == []

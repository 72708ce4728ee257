"""PostgreSQL dies under load and comes back: submits say so at once, and nothing accepted is lost."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from punchin.job import State
from support import postgres
from support.running import free_port
from support.services import children_of, running_service
from support.songs import made_song, wav_of
from support.submitters import Submitter, uploaded

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

pytestmark = pytest.mark.slow

BEFORE, AFTER = 8, 8
"""Jobs that are accepted before the server dies, and after it is back."""
REFUSED = 4
"""Answers that come while it is away."""


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[postgres.Postgres]:
    if postgres.binaries() is None or postgres.missing():
        pytest.skip("this needs a PostgreSQL that can be killed: apt-get install postgresql")
    with postgres.own() as found:
        yield found


def children(serve: int) -> dict[str, list[int]]:
    return {word: children_of(serve, "punchin", word) for word in ("api", "worker")}


def test_nothing_accepted_is_lost_and_all_recover_by_themselves(
    server: postgres.Postgres, tmp_path: Path
) -> None:
    port = free_port()
    with running_service(tmp_path, db=server.address, port=port, workers=2) as service:
        serve = service.start("serve")
        service.wait_until_ready()
        base = f"http://127.0.0.1:{port}"
        song = wav_of(made_song(1.0, 8000, channels=1), tmp_path / "song.wav")
        client = Submitter((base,), service.secret, uploaded(base, service.secret, song))
        before = children(serve.pid)
        with client.submitting():
            service.wait(lambda: len(client.ids) >= BEFORE, what="the first jobs")
            server.stop(signal.SIGQUIT)
            service.wait(lambda: len(client.refusals) >= REFUSED, what="answers while it is away")
            known = len(client.ids)
            server.start()
            service.wait(lambda: len(client.ids) >= known + AFTER, what="jobs after it is back")
        jobs = service.wait_for_end(client.ids)

        assert client.unanswered == []
        assert set(client.refusals) == {(503, "5")}
        assert {job.state for job in jobs} == {State.COMPLETED}
        assert service.store.usage_stats(service.key_id).completed == len(set(client.ids)) == len(jobs)
        assert all(service.whole(job) for job in jobs)
        assert children(serve.pid) == before, "nobody had to be started again"

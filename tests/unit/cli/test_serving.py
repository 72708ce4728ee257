from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from punchin.cli.serving import Ending

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send


def served(kind: bytes, *, end_after: int) -> list[Message]:
    """What a client gets of an answer without end, of which the server's end is told after some parts."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
        for _ in range(5):
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b"last", "more_body": False})

    ending = Ending(app)

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == end_after:
            ending.end()

    async def receive() -> Message:
        raise AssertionError

    asyncio.run(ending({"type": "http"}, receive, send))
    return sent


def test_events_end_with_the_server_and_end_well() -> None:
    start, part, last = served(b"text/event-stream; charset=utf-8", end_after=2)
    assert (start["status"], part["body"]) == (200, b"part")
    assert last == {"type": "http.response.body", "body": b"", "more_body": False}


def test_every_other_answer_is_given_to_its_end() -> None:
    assert served(b"application/json", end_after=2)[-1]["body"] == b"last"


def test_one_who_is_cancelled_by_others_is_cancelled() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "headers": [(b"content-type", b"text/event-stream")]})
        raise asyncio.CancelledError

    async def ignore(*message: Any) -> Any: ...

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(Ending(app)({"type": "http"}, ignore, ignore))


IN_THE_WAY = """
import os, signal
from punchin.cli.serve import told_to_stop
stop = told_to_stop()
with stop._cond:  # as in the middle of stop.wait()
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(1000): pass
print(stop.wait(10))
"""


def test_a_signal_in_a_bad_moment_does_not_wait_for_itself() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IN_THE_WAY], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stdout == "True\n"


@pytest.mark.parametrize("sign", ["SIGTERM", "SIGINT"])
def test_a_second_signal_ends_at_once(sign: str) -> None:
    code = f"""
import os, signal, time
from punchin.cli.serve import told_to_stop
stop = told_to_stop()
os.kill(os.getpid(), signal.{sign})
stop.wait(10)
os.kill(os.getpid(), signal.{sign})
time.sleep(10)
"""
    done = subprocess.run([sys.executable, "-c", code], env=dict(os.environ), timeout=20, check=False)
    assert done.returncode > 128

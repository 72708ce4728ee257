"""Answers that take their time: a synchronous submit, and the events of a job."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import msgspec
from starlette.concurrency import run_in_threadpool

from punchin.errors import JobNotFound, StoreError
from punchin.job import State
from punchin.web.telling import told
from punchin.web.wire import Envelope, waited_too_long

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from punchin.store import JobRecord
    from punchin.web.addresses import Base
    from punchin.web.front import Front

LOOK_S = 0.1
"""How often the ledger is asked; a look costs about 0.2 ms."""
SPACE_S = 2.0
"""White space before JSON is legal. npm 0.2.x gives a request up, and sends it again, that says nothing for
10 s; proxies do after a minute or so."""
COMMENT_S = 10.0
TO_SAY_S = 1.0
"""What is left of the grace for the answer, when the server ends."""


async def until_over(front: Front, base: Base, job: JobRecord) -> AsyncIterator[bytes]:
    """White space at once and every two seconds, then the finished task, or that the wait is over.

    It is over at the limit, and sooner where the server ends: at once for a job that nobody has begun, since
    its workers end too; at the end of the grace for one at work.
    """
    yield b" "
    limit_s = front.settings.sync_limit_s
    began = spaced = time.monotonic()
    closing = False
    while not job.state.is_final and time.monotonic() - began < limit_s:
        if front.closing.is_set():
            if job.state is State.CREATED:
                break
            if not closing:
                closing, left_s = True, max(0.0, front.settings.grace_s - TO_SAY_S)
                limit_s = min(limit_s, time.monotonic() - began + left_s)
        await asyncio.sleep(min(LOOK_S, limit_s))
        try:
            job = await run_in_threadpool(front.store.job, job.id)
        except JobNotFound:
            break
        except StoreError:
            # Headers are out: there is nothing left but to wait for the ledger, or for the limit.
            pass
        if time.monotonic() - spaced >= SPACE_S:
            spaced = time.monotonic()
            yield b" "
    task = await run_in_threadpool(told, front, base, job)
    waited_s = min(front.settings.sync_limit_s, round(time.monotonic() - began, 1))
    yield msgspec.json.encode(Envelope(task if job.state.is_final else waited_too_long(task, waited_s)))


async def events(
    front: Front, job: JobRecord, view: Callable[[JobRecord], object], *, named: bool = True
) -> AsyncIterator[bytes]:
    """Server-sent events: the job whenever something about it changes, until it is over.

    Args:
        front: the parts of the server.
        job: as it is now.
        view: what is told of it; called in a thread.
        named: events are called progress, end or deleted; else they have no names.
    """
    sent, quiet_since, number = b"", time.monotonic(), 0
    while True:
        content = msgspec.json.encode(await run_in_threadpool(view, job))
        if content != sent:
            sent, quiet_since, number = content, time.monotonic(), number + 1
            name = "end" if job.state.is_final else "progress"
            yield b"id: %d\n" % number + (b"event: %s\n" % name.encode() if named else b"")
            yield b"data: %s\n\n" % content
        if job.state.is_final:
            return
        if time.monotonic() - quiet_since >= COMMENT_S:
            quiet_since = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(LOOK_S)
        try:
            job = await run_in_threadpool(front.store.job, job.id)
        except JobNotFound:
            if named:
                yield b"event: deleted\ndata: {}\n\n"
            return
        except StoreError:
            continue

"""`python -m punchin.dispatch.reaping`: takes a dead worker's name for a moment; see `DbosDispatcher.reap`.

Reads one JSON object from standard input: the database's address may hold a password, and arguments can be
seen by everybody on the machine.
"""

from __future__ import annotations

import sys
import time

import msgspec

from punchin.dispatch.durable import config
from punchin.store import connect

SETTLE_S = 1.0
"""DBOS puts entries back in a thread that it starts and does not wait for."""


class Dead(msgspec.Struct, frozen=True):
    """Whose entries go back in line."""

    address: str
    executor_id: str


def main() -> None:
    """Put the entries back in line."""
    from dbos import DBOS

    dead = msgspec.json.decode(sys.stdin.buffer.read(), type=Dead)
    DBOS(config=config(connect(dead.address), dead.executor_id))
    DBOS.listen_queues([])
    DBOS.launch()
    time.sleep(SETTLE_S)
    DBOS.destroy()


if __name__ == "__main__":
    main()

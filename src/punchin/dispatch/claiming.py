"""Which job a worker takes next, of all lines that it may take from.

Jobs stand in a line for each engine and each protocol, and a worker takes only from those that it can do.
DBOS would look along each of them in a thread of its own, with a limit for each: a worker with three lines
would have three jobs. So DBOS is given one line, and each of its looks along that one is a look along all.

The job with the smallest turn comes first, whatever line it stands in. Turns are counted by engine, so two
lines may be far apart where not all workers take from both: every fourth job is therefore one of the line
from which this worker has taken none for longest, and no line waits for ever for another.
"""

from __future__ import annotations

import threading
import time
from copy import copy
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, literal, literal_column, select, table, union_all

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine, Select

FULL = "worker_concurrency"
"""What DBOS calls the reason why a worker that has enough to do takes nothing."""
LIFT_EVERY = 4
"""Of so many jobs one is of the line that has waited longest for this worker."""
ON_ITS_WAY_S = 10.0
"""A claimed job is given to its thread within this time, or never: then it was handed out too often."""


class Heads:
    """The first jobs of some lines; one look costs the same however long they are.

    Reads the table `workflow_status`, whose columns DBOS documents (its page "system tables").

    Args:
        engine: of the database.
        lines: names of lines.
        version: of the entries that count.
    """

    def __init__(self, engine: Engine, lines: Sequence[str], version: str) -> None:
        self._engine, self._sqlite = engine, engine.dialect.name == "sqlite"
        self._wanted = union_all(*(select(self._first(line, version).subquery()) for line in lines))

    def _first(self, line: str, version: str) -> Select[*tuple[Any, ...]]:
        names = "queue_name", "status", "priority", "created_at", "application_version"
        entries = table("workflow_status", *map(column, names), schema=None if self._sqlite else "dbos")
        wanted = (
            select(literal(line).label("line"), entries.c.priority, entries.c.created_at)
            .where(
                entries.c.queue_name == line,
                entries.c.status == literal_column("'ENQUEUED'"),
                entries.c.application_version == version,
            )
            .order_by(entries.c.priority, entries.c.created_at)
            .limit(1)
        )
        if self._sqlite:
            # In these words, or SQLite does not see that its index of open entries will do.
            wanted = wanted.where(literal_column("status IN ('ENQUEUED', 'PENDING')"))
        return wanted

    def look(self) -> list[str]:
        """The lines in which somebody waits, whoever's turn is first in front."""
        connection = self._engine.connect()
        if not self._sqlite:
            connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        with connection:
            rows = connection.execute(self._wanted).all()
        return [row.line for row in sorted(rows, key=lambda row: (row.priority, row.created_at))]


class Claims:
    """Stands in the place of DBOS's own claim; see the head of this file.

    Args:
        claim: DBOS's: `claim(queue, executor, version, partition, running, ...)` gives the ids of what it
            has claimed and why it did not claim more.
        heads: of the lines of this worker.
        at_work: ids of what runs in this process.
        at_once: how many jobs this worker may have.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        claim: Callable[..., tuple[list[str], str | None]],
        heads: Callable[[], list[str]],
        at_work: Callable[[], list[str]],
        at_once: int = 1,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._claim, self._heads, self._at_work, self._at_once = claim, heads, at_work, at_once
        self._clock = clock
        self._on_their_way: dict[str, float] = {}
        self._changing = threading.Lock()
        self._taken = 0
        self._last_taken: dict[str, int] = {}

    def begun(self, entry: str) -> None:
        """A claimed job runs now."""
        with self._changing:
            self._on_their_way.pop(entry, None)

    def __call__(
        self, queue: Any, executor: str, version: str, partition: str | None, *counts: int, **how: Any
    ) -> tuple[list[str], str | None]:
        """Claim what this worker has room for, from one of its lines."""
        del counts  # of that one line, which is all that DBOS knows of
        busy = self._busy()
        if busy >= self._at_once:
            return [], FULL
        for line in self._in_order(self._heads()):
            place = copy(queue)
            place.name, place._worker_concurrency = line, self._at_once
            claimed, why = self._claim(place, executor, version, partition, busy, **how)
            if claimed:
                self._note(line, claimed)
                return claimed, why
        return [], None

    def _busy(self) -> int:
        """How many jobs this process has; a claimed one counts before its thread has begun."""
        late = self._clock() - ON_ITS_WAY_S
        with self._changing:
            self._on_their_way = {entry: at for entry, at in self._on_their_way.items() if at > late}
            return len({*self._on_their_way, *self._at_work()})

    def _in_order(self, lines: list[str]) -> list[str]:
        if (self._taken + 1) % LIFT_EVERY == 0:
            return sorted(lines, key=lambda line: self._last_taken.get(line, -1))
        return lines

    def _note(self, line: str, claimed: list[str]) -> None:
        with self._changing:
            self._on_their_way |= dict.fromkeys(claimed, self._clock())
        self._taken += 1
        self._last_taken[line] = self._taken

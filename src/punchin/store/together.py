"""Many small writes in one commit: what waits while another commits goes in with the next one.

A commit to SQLite waits for the disk, and only one goes on at a time. One by one, the last of 32 clients that
submit at once waits for 32 commits; together, for two.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from typing import TYPE_CHECKING, Generic, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from typing import TypeAlias

    from sqlalchemy.orm import Session

    Write: TypeAlias = Callable[[Session], "T"]

T = TypeVar("T")

MOST = 32
"""Writes in one commit: the first of them waits until the last one is done."""


class Together(Generic[T]):
    """Runs writes of several threads in shared transactions; each is all or nothing for itself.

    Args:
        writing: begins a transaction; one thread at a time is let in.
    """

    def __init__(self, writing: Callable[[], AbstractContextManager[Session]]) -> None:
        self._writing = writing
        self._changing = threading.Lock()
        self._waiting: list[tuple[Write[T], Future[T]]] = []
        self._leading = threading.Lock()

    def write(self, write: Write[T]) -> T:
        """Run a write and come back when it is committed.

        Args:
            write: gets the session; what it raises undoes what it wrote, and nothing else.

        Raises:
            StoreError: the commit failed, for all that were in it.
            Exception: what the write raised.
        """
        done: Future[T] = Future()
        with self._changing:
            self._waiting.append((write, done))
        # Whoever gets here first commits for all that have come by then; the others find theirs done.
        with self._leading:
            if not done.done():
                self._commit()
        return done.result()

    def _commit(self) -> None:
        ended: list[tuple[Future[T], T | Exception]] = []
        batch: list[tuple[Write[T], Future[T]]] = []
        try:
            with self._writing() as session:
                # Not before the transaction has begun: who comes while it waits for its turn is in it, too.
                with self._changing:
                    batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                for write, done in batch:
                    ended.append((done, write(session) if len(batch) == 1 else _outcome(session, write)))
        except BaseException as error:
            self._fail(batch, error)
            if not isinstance(error, Exception):
                raise
            return
        for done, outcome in ended:
            if isinstance(outcome, Exception):
                done.set_exception(outcome)
            else:
                done.set_result(outcome)

    def _fail(self, batch: list[tuple[Write[T], Future[T]]], error: BaseException) -> None:
        if not batch:  # it did not even begin, for those that had come by now
            with self._changing:
                batch, self._waiting = self._waiting, []
        for _, done in batch:
            done.set_exception(error)


def _outcome(session: Session, write: Write[T]) -> T | Exception:
    """What a write gave or raised; a savepoint keeps what it raised from undoing the others' rows.

    Raises:
        DBAPIError: the database itself has trouble. SQLite may have undone everything by then, the writes
            before this one too, so nothing of this transaction may be told to anybody.
    """
    try:
        with session.begin_nested():
            return write(session)
    except IntegrityError as error:
        return error
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001 - it is raised where it belongs: in the thread of its write
        return error

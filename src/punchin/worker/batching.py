"""Several jobs of one worker at one engine: fills that wait are made in one call, where the engine can.

a job's thread                             the engine's thread
Line.made: in line  ───────────────────►  gather whoever waits, and for a moment who is on the way
tell the job's progress  ◄──── news ────  engine.fill_many(all of them)
the filling, or why there is none  ◄────  whatever failed in company is made once more alone

Nothing that a job does can hold up the others: the engine's thread never speaks to a ledger or to a process
that reads a song, and a job that is not wanted any more leaves the line, or its row of the batch is dropped.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import structlog

from punchin.engine import Filling, ManyEngine, Request
from punchin.errors import Cancelled, EngineError, PunchinError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from punchin.engine import Engine, Progress

log = structlog.get_logger("punchin.worker")

GATHER_S = 0.3
"""How long a fill waits for those of jobs that are on their way: opening a song and cutting its window."""
TICK_S = 0.3
"""How often a job that waits looks whether it is still wanted."""
WAITING, BEGUN = "wait", "fill"
"""The stages of a job whose fill is in line, and of one whose engine has not said more yet."""

T = TypeVar("T")


class Asked(Generic[T]):
    """One call of an engine that a job waits for.

    Args:
        call: makes it, alone; is given what to report to.
        request: the same as a request that can be made together with others; given what to report to.
    """

    def __init__(
        self, call: Callable[[Progress], T], request: Callable[[Progress], Request] | None = None
    ) -> None:
        self.request = request(self.heard) if request else None
        self._call = call
        self._changed = threading.Condition()
        self._news: tuple[str, float] | None = None
        self._stopped: BaseException | None = None
        self._over = False
        self._answer: list[T] = []
        self._error: BaseException | None = None

    # In the engine's thread

    def heard(self, stage: str, fraction: float) -> None:
        """The engine's progress, on its way to the job.

        Raises:
            Cancelled: nobody waits for this fill any more.
        """
        with self._changed:
            if self._stopped is not None:
                raise Cancelled
            self._news = (stage, fraction)
            self._changed.notify_all()

    def begin(self) -> bool:
        """Say that it is made from now on; False if nobody waits for it any more."""
        try:
            self.heard(BEGUN, 0.0)
        except Cancelled as error:
            self.fail(error)
            return False
        return True

    def alone(self) -> None:
        """Make the call."""
        try:
            self.end(self._call(self.heard))
        except Exception as error:  # noqa: BLE001 - it is the job's, and raised in its thread
            self.fail(error)

    def end(self, answer: T) -> None:
        """That is what it gave."""
        with self._changed:
            self._answer, self._over = [answer], True
            self._changed.notify_all()

    def fail(self, error: BaseException) -> None:
        """It gave nothing."""
        with self._changed:
            self._error, self._over = error, True
            self._changed.notify_all()

    # In the job's thread

    def result(self, progress: Progress, leave: Callable[[], bool]) -> T:
        """Wait for it.

        A job that is stopped while the engine works for it waits all the same until that comes back: an
        engine that never does is ended with its worker by the supervisor, which knows jobs and not fills.

        Args:
            progress: of the job; told what the engine tells, and asked again and again meanwhile.
            leave: takes this call out of the line; False if it has begun.
        """
        reached = (WAITING, 0.0)
        while not self._over:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._news is not None, TICK_S)
                reached, self._news = self._news or reached, None
            if self._over or self._stopped is not None:
                continue
            try:
                progress(*reached)
            except BaseException as error:
                with self._changed:
                    self._stopped = error
                if leave():
                    raise
        if self._stopped is not None:
            raise self._stopped
        if self._error is not None:
            raise self._error
        return self._answer[0]


class OnTheWay:
    """The jobs at work that have not come to an engine yet, by their threads."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self._threads: set[int] = set()

    def __bool__(self) -> bool:
        return bool(self._threads)

    def begin(self) -> None:
        """The job of this thread has begun."""
        with self.changed:
            self._threads.add(threading.get_ident())

    def arrive(self) -> None:
        """It has come to its engine, or is over."""
        with self.changed:
            self._threads.discard(threading.get_ident())
            self.changed.notify_all()


class Line:
    """What waits for an engine, and the thread in which that works; it ends with the process.

    One thread for all calls, since what torch compiles for a card belongs to the thread that did it.

    Args:
        engine: loaded.
        most: how many fills may be made in one call.
        on_the_way: whom a fill waits for a moment for.
    """

    def __init__(self, engine: Engine, most: int, on_the_way: OnTheWay) -> None:
        self._engine, self._most, self._on_the_way = engine, most, on_the_way
        self._changed = on_the_way.changed
        self._waiting: list[Asked[Any]] = []
        self._thread: threading.Thread | None = None

    def made(self, asked: Asked[T], progress: Progress) -> T:
        """Have a call made when its turn has come.

        Raises:
            Exception: whatever the call raises, or `progress`.
        """
        with self._changed:
            self._waiting.append(asked)
            if self._thread is None:
                name = f"engine-{self._engine.spec.name}"
                self._thread = threading.Thread(target=self._work, name=name, daemon=True)
                self._thread.start()
        self._on_the_way.arrive()
        return asked.result(progress, lambda: self._left(asked))

    def _left(self, asked: Asked[T]) -> bool:
        with self._changed:
            if asked not in self._waiting:
                return False
            self._waiting.remove(asked)
            return True

    def _work(self) -> None:
        while True:
            taken = [each for each in self._next() if each.begin()]
            for each in self._together(taken) if len(taken) > 1 else taken:
                each.alone()

    def _next(self) -> list[Asked[Any]]:
        """What is to be made now: the first in line, and if it can have company, those that can as well."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting)
            if isinstance(self._engine, ManyEngine) and self._waiting[0].request:
                self._changed.wait_for(
                    lambda: len(self._able()) >= self._most or not self._on_the_way, GATHER_S
                )
            able = self._able() if self._waiting and self._waiting[0].request else self._waiting[:1]
            taken = able[: self._most if isinstance(self._engine, ManyEngine) else 1]
            self._waiting = [each for each in self._waiting if each not in taken]
        return taken

    def _able(self) -> list[Asked[Any]]:
        return [each for each in self._waiting if each.request]

    def _together(self, taken: Sequence[Asked[Any]]) -> Sequence[Asked[Any]]:
        """Make them in one call; gives those that have to be made alone after all."""
        engine = self._engine
        assert isinstance(engine, ManyEngine)
        requests = [each.request for each in taken if each.request]
        try:
            answers = list(engine.fill_many(requests))
        except Exception as error:  # noqa: BLE001 - whose fault it is will be seen one by one
            log.warning("fills failed together and are made one by one", fills=len(taken), why=repr(error))
            return taken
        if len(answers) != len(taken):
            log.error("an engine gave another number of fillings", asked=len(taken), given=len(answers))
            return taken
        return [
            each
            for each, answer in zip(taken, answers, strict=True)
            if not _settled(each, answer, len(taken))
        ]


def _settled(asked: Asked[Any], answer: object, at_once: int) -> bool:
    """Whether an answer from company is the last word: what broke the engine may have been another job."""
    if isinstance(answer, Filling):
        asked.end(replace(answer, details={**answer.details, "jobs_at_once": at_once}))
    elif isinstance(answer, PunchinError) and not isinstance(answer, EngineError):
        asked.fail(answer)
    else:
        return False
    return True

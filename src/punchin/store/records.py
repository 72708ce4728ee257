"""What the store gives back: plain records, read once, never written to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from punchin.job import AUTO, PROTOCOL

if TYPE_CHECKING:
    from datetime import date, datetime
    from decimal import Decimal

    from punchin.job import Failure, JobResult, JobSpec, State

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as the ledger has it.

    Attributes:
        id: 32 lower-case hexadecimal digits, never with 429 in them.
        seq: counts all jobs of this server; the order in which they were accepted.
        turn: the round in which it is taken: jobs go by turn, then by seq. A key has one job in a round, and
            whoever comes begins in the round after the one at work; see `Jobs.submit`.
        stage, fraction, eta_s: how far it is: a word, 0..1, seconds to go or None.
        attempt: who works on it, or did last; None before the first.
        attempts: how many attempts have begun.
        cancel_asked: its owner wants it stopped; the worker learns it with its next progress report.
        created_at, started_at, progressed_at, finished_at: UTC; `started_at` of the latest attempt.
        protocol: how it is written down; see `punchin.job.PROTOCOL`.
    """

    id: str
    seq: int
    key_id: str
    spec: JobSpec
    state: State
    stage: str
    fraction: float
    eta_s: float | None
    attempt: str | None
    attempts: int
    turn: int
    cancel_asked: bool
    result: JobResult | None
    failure: Failure | None
    created_at: datetime
    started_at: datetime | None
    progressed_at: datetime | None
    finished_at: datetime | None
    protocol: str = PROTOCOL

    @property
    def engine(self) -> str:
        """Whom it shall be made by."""
        return self.spec.engine


@dataclass(frozen=True, slots=True)
class OpenJob:
    """As much of a job that is not over as is needed to find its place; see `JobRecord`."""

    id: str
    seq: int
    key_id: str
    state: State
    turn: int
    engine: str = AUTO
    protocol: str = PROTOCOL


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list; pages count from 1."""

    items: tuple[T, ...]
    page: int
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one key may do. None: as the server's settings say; 0: without limit.

    Attributes:
        rate_per_minute: accepted jobs in any 60 seconds; more are refused.
        max_running: jobs at work at once; more wait.
        max_queued: jobs that wait; more are refused.
    """

    rate_per_minute: int | None = None
    max_running: int | None = None
    max_queued: int | None = None

    def or_else(self, default: Limits) -> Limits:
        """These limits, with the server's where the key has none of its own."""
        return Limits(
            rate_per_minute=_first(self.rate_per_minute, default.rate_per_minute),
            max_running=_first(self.max_running, default.max_running),
            max_queued=_first(self.max_queued, default.max_queued),
        )


def _first(own: int | None, default: int | None) -> int | None:
    return default if own is None else own


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key that clients show; of its secret only a hash is kept.

    Attributes:
        id: stable, not secret.
        hint: the last four characters of the secret, to tell keys apart.
        limits: what differs from the server's settings for this key.
        prepaid: what may be spent in all; None: as much as wanted.
        spent: what its jobs have cost so far.
    """

    id: str
    name: str
    hint: str
    limits: Limits
    prepaid: Decimal | None
    spent: Decimal
    created_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None

    @property
    def balance(self) -> Decimal | None:
        """What is left of the prepaid amount; None: no limit."""
        return None if self.prepaid is None else self.prepaid - self.spent


@dataclass(frozen=True, slots=True)
class KeyLoad:
    """What a key has going on, when it asks for one job more.

    Attributes:
        waiting, running: its unfinished jobs.
        last_minute: jobs that were accepted in the last 60 seconds, ended or not.
        balance: what is left of its prepaid amount; None: no limit.
    """

    waiting: int
    running: int
    last_minute: int
    balance: Decimal | None


@dataclass(frozen=True, slots=True)
class Backlog:
    """How busy the server is: jobs that wait, jobs at work, and since when the oldest waits."""

    waiting: int
    running: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class EngineQueue:
    """The jobs of one engine that are not over.

    Attributes:
        engine: as the jobs name it; `auto` for those that leave the choice to the worker.
        waiting, running: how many.
        queue_s: seconds of work that wait: `waiting` times what a job of this engine took lately. Divided by
            the seconds that clients may wait, it says how many workers are needed.
        oldest_s: how long the oldest has waited, in seconds; 0 where none waits.
    """

    engine: str
    waiting: int
    running: int
    queue_s: float
    oldest_s: float


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that a client announced or sent.

    Attributes:
        id: 32 hexadecimal digits.
        file_key: where it lies in the file store: `up/<id>/<name>.<extension>`.
        size: bytes as announced, or None.
        bytes, sha256, stored_at: what arrived; None until it is whole.
    """

    id: str
    key_id: str
    file_key: str
    filename: str
    content_type: str
    size: int | None
    bytes: int | None
    sha256: str | None
    created_at: datetime
    stored_at: datetime | None


@dataclass(frozen=True, slots=True)
class Billing:
    """What one completed job cost."""

    id: str
    job_id: str
    key_id: str
    key_name: str
    model: str
    seconds: float
    price: Decimal
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ModelUsage:
    """One model in a span of time: jobs that ended, those among them that completed, seconds, cost."""

    model: str
    requests: int
    completed: int
    seconds: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One day (UTC) that had jobs."""

    day: date
    requests: int
    completed: int
    seconds: float
    cost: Decimal


@dataclass(frozen=True, slots=True)
class UsageStats:
    """Usage in a span of time, by model and by day; both lists add up to the same."""

    models: tuple[ModelUsage, ...]
    days: tuple[DayUsage, ...]

    @property
    def requests(self) -> int:
        """Jobs that ended."""
        return sum(model.requests for model in self.models)

    @property
    def completed(self) -> int:
        """Jobs that completed."""
        return sum(model.completed for model in self.models)

    @property
    def seconds(self) -> float:
        """Seconds of new sound."""
        return sum(model.seconds for model in self.models)

    @property
    def cost(self) -> Decimal:
        """What they cost."""
        from decimal import Decimal

        return sum((model.cost for model in self.models), Decimal(0))


@dataclass(frozen=True, slots=True)
class Tally:
    """How many jobs ended in one way.

    Attributes:
        code: why they failed; None for those that did not.
        engine: who filled them; empty for those that did not complete.
        seconds: of new sound, in all.
    """

    state: State
    code: int | None
    engine: str
    count: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message about an ended job that its owner's server shall get.

    Attributes:
        id: the `webhook-id`: the same in every try.
        tries: how often it was taken up before.
    """

    id: str
    job_id: str
    key_id: str
    address: str
    tries: int
    created_at: datetime


class WorkerState(StrEnum):
    """What a worker says of itself."""

    STARTING = "starting"
    READY = "ready"
    BUSY = "busy"
    DRAINING = "draining"
    """Ends its job and takes no other."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class WorkerRecord:
    """A worker as it last said of itself.

    Attributes:
        engine: whom it keeps warm.
        engines: what it can run, as plain values.
        device: what it computes on, as it was told; "" where it chooses itself.
        protocol: the kind of entries in line that it understands; see `punchin.dispatch`.
        drain_asked: an operator wants it to take no further job.
        seen_at: its last sign of life.
    """

    id: str
    host: str
    pid: int
    state: WorkerState
    job_id: str | None
    engine: str
    engines: tuple[dict[str, Any], ...]
    started_at: datetime
    seen_at: datetime
    device: str = ""
    protocol: str = ""
    drain_asked: bool = False

    def can_run(self, engine: str) -> bool:
        """Whether it says that it takes jobs of an engine; of "auto", once that is loaded."""
        if engine == AUTO:
            return any(told.get("auto") for told in self.engines)
        return any(told.get("name") == engine and told.get("available") for told in self.engines)


@dataclass(frozen=True, slots=True)
class Expired:
    """What is past its keeping.

    Attributes:
        jobs, uploads: their ids.
        files: keys of the file store that go with them. Delete these first, then `forget`: if the power fails
            in between, the next sweep does it again.
    """

    jobs: tuple[str, ...]
    uploads: tuple[str, ...]
    files: tuple[str, ...]

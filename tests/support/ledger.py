"""What tests of the ledger need: a clock that is set by hand, jobs to submit, and a process that submits."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from punchin.job import Failure, JobResult, JobSpec, Output, Position, RegionWish
from punchin.store import Store

MODEL = "wavespeed-ai/ace-step/audio-inpaint"
BROKE = Failure(1405, "the engine broke")


@dataclass
class Clock:
    """A time of day that moves when it is told to, and seconds that do not jump with it."""

    time: datetime = field(default_factory=lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    passed_s: float = 0.0

    def __call__(self):
        return self.time

    def monotonic_s(self):
        return self.passed_s

    def pass_(self, **span):
        self.jump(**span)
        self.passed_s += timedelta(**span).total_seconds()

    def jump(self, **span):
        """Somebody sets the time of day."""
        self.time += timedelta(**span)


def spec(**changes):
    return JobSpec(
        **{
            "model": MODEL,
            "engine": "auto",
            "audio": "https://example.org/song.wav",
            "edits": (RegionWish(Position(1.0), Position(2.0), tags=("lofi",)),),
        }
        | changes
    )


def result(job="j", attempt="a", seconds=7.5):
    out = Output(f"out/{job}/{attempt}/take-1.wav", "take-1.wav", 44, "audio/wav")
    return JobResult((out,), (False,), seconds, 1200, {"engine": "tone"})


def no_queue(session, job):
    pass


def submitted(store, key="k", name=None, **changes):
    job, _ = store.submit(key, spec(**changes), idempotency_key=name, enqueue=no_queue)
    return job


def begun(store, attempt="a", **changes):
    job = submitted(store, **changes)
    store.begin(job.id, attempt)
    return job


def completed(store, seconds=7.5, price="0.0015", **changes):
    job = begun(store, **changes)
    store.finish(job.id, "a", result(job.id, "a", seconds), price)
    return job


def submit_many(address, names, queue):
    """In a process of its own: submit one job a name; give back (name, id, new) for each."""
    store = Store.open(address)
    answers = []
    for name in names:
        job, new = store.submit("k", spec(), idempotency_key=name, enqueue=no_queue)
        answers.append((name, job.id, new))
    queue.put(answers)
    store.close()


def take_all(address, attempt, ids, queue):
    """In a process of its own: begin and finish every job; give back the ids that this attempt finished."""
    from punchin.errors import JobFinished, StaleAttempt

    store = Store.open(address)
    done = []
    for job_id in ids:
        try:
            store.begin(job_id, attempt)
            store.progress(job_id, attempt, "fill", 0.5)
            store.finish(job_id, attempt, result(job_id, attempt), "0.001")
        except (JobFinished, StaleAttempt):
            continue
        done.append(job_id)
    queue.put((attempt, done))
    store.close()


def migrate_now(address, queue):
    """In a process of its own: make the tables and open the store."""
    from punchin.store import migrate

    migrate(address)
    Store.open(address).close()
    queue.put(True)

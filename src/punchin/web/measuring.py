"""Figures for Prometheus: of requests as they pass, of jobs as the ledger has them."""

from __future__ import annotations

import threading
from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from punchin.job import State

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from prometheus_client import Metric

    from punchin.store import JobRecord, Store, Tally

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_FACTORS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
SETTLED = timedelta(hours=1)
"""Ends older than this are counted once and remembered; younger ones are counted again each time."""
LATE = timedelta(minutes=1)
"""How long after its moment an end may come to be seen: clocks of machines differ, and commits wait."""
MANY = 100
"""Jobs read at once."""
REMEMBERED = 5000


class Ends(Collector):
    """How many jobs ended, as the ledger has it since its first day: from every process the same."""

    def __init__(self) -> None:
        self._until: datetime | None = None
        self._settled: list[Tally] = []
        self._tallies: list[Tally] = []

    def look(self, store: Store) -> None:
        """Read what the ledger has now."""
        until = store.now() - SETTLED
        if self._until is None or until < self._until:  # the first look; or somebody has set the clock back
            self._settled, self._until = store.tallies(before=until), until
        elif until - self._until >= SETTLED:
            self._settled += store.tallies(since=self._until, before=until)
            self._until = until
        self._tallies = self._settled + store.tallies(since=self._until)

    def collect(self) -> Iterable[Metric]:
        """See `prometheus_client`."""
        ended: dict[tuple[str, str], int] = defaultdict(int)
        made: dict[str, float] = defaultdict(float)
        for tally in self._tallies:
            ended[tally.state.value, "" if tally.code is None else str(tally.code)] += tally.count
            if tally.state is State.COMPLETED:
                made[tally.engine] += tally.seconds
        jobs = CounterMetricFamily("punchin_jobs_ended", "Jobs that ended.", labels=["state", "code"])
        for labels, count in sorted(ended.items()):
            jobs.add_metric(labels, count)
        seconds = CounterMetricFamily("punchin_generated_seconds", "Seconds of new sound.", labels=["engine"])
        for engine, sum_s in sorted(made.items()):
            seconds.add_metric([engine], sum_s)
        return [jobs, seconds]


class Meters:
    """The figures of one server process; a registry of its own, so that a test makes as many as it likes.

    The times of jobs are those of all jobs that ended since this process began, whoever did them.

    Args:
        began_at: when that was.
    """

    def __init__(self, began_at: datetime) -> None:
        self.registry = CollectorRegistry()
        place = self.registry
        self.requests = Histogram(
            "punchin_request_seconds", "Time to the answer.", ["route", "method", "status"], registry=place
        )
        self._waiting = Gauge("punchin_jobs_waiting", "Jobs that wait for a worker.", registry=place)
        self._running = Gauge("punchin_jobs_running", "Jobs at work.", registry=place)
        self._oldest = Gauge("punchin_oldest_waiting_seconds", "How long the oldest waits.", registry=place)
        self._queue = Gauge("punchin_queue_seconds", "Seconds of work that wait.", ["engine"], registry=place)
        self._workers = Gauge("punchin_workers", "Workers by what they said last.", ["state"], registry=place)
        self._ends = Ends()
        place.register(self._ends)
        self._wait = Histogram(
            "punchin_job_wait_seconds", "From accepted to begun.", buckets=_SECONDS, registry=place
        )
        self._stages = Histogram(
            "punchin_stage_seconds", "Time in a stage of a job.", ["stage"], buckets=_SECONDS, registry=place
        )
        self._factor = Histogram(
            "punchin_real_time_factor",
            "Seconds of work for a second of new sound.",
            ["engine"],
            buckets=_FACTORS,
            registry=place,
        )
        self._began_at = self._newest = began_at
        self._seen: dict[str, datetime] = {}
        self._looking = threading.Lock()

    def text(self, store: Store) -> bytes:
        """All figures, those of the ledger as it is now."""
        with self._looking:
            self._look(store)
            return generate_latest(self.registry)

    def _look(self, store: Store) -> None:
        backlog = store.backlog()
        now = store.now()
        self._waiting.set(backlog.waiting)
        self._running.set(backlog.running)
        self._oldest.set((now - backlog.oldest_at).total_seconds() if backlog.oldest_at else 0)
        self._queue.clear()
        for queue in store.queue_summary():
            self._queue.labels(queue.engine).set(queue.queue_s)
        self._workers.clear()
        for worker in store.workers():
            self._workers.labels(worker.state.value).inc()
        self._ends.look(store)
        self._time(store, now)

    def _time(self, store: Store, now: datetime) -> None:
        """Observe each job that has ended since the last look, and those that were late for that."""
        # Where somebody has set the clock back, jobs end before the newest one, and behind others again.
        since = max(self._began_at, min(self._newest, now) - LATE)
        if len(self._seen) > REMEMBERED:
            self._seen = {job_id: at for job_id, at in self._seen.items() if at >= since}
        while found := store.ended(since, self._seen, MANY):
            for job in found:
                assert job.finished_at
                self._seen[job.id] = job.finished_at
                self._newest = max(self._newest, job.finished_at)
                self._observe(job)

    def _observe(self, job: JobRecord) -> None:
        if job.started_at:
            self._wait.observe((job.started_at - job.created_at).total_seconds())
        result = job.result
        if job.state is not State.COMPLETED or result is None:
            return
        if result.generated_s > 0:
            factor = self._factor.labels(str(result.report.get("engine", "")))
            factor.observe(result.inference_ms / 1000 / result.generated_s)
        for stage, spent_ms in result.report.get("timings_ms", {}).items():
            self._stages.labels(stage).observe(spent_ms / 1000)

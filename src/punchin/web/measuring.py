"""Figures for Prometheus: of requests as they pass, of jobs as the ledger has them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from punchin.job import FINAL, State

if TYPE_CHECKING:
    from punchin.store import JobRecord, Store

CONTENT_TYPE = CONTENT_TYPE_LATEST
_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800)
_FACTORS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)
REMEMBERED = 5000
PAGES = 5
PAGE_SIZE = 100


class Meters:
    """The figures of one server process; a registry of its own, so that a test makes as many as it likes.

    Jobs are counted when somebody looks: of the newest 500 of each end, those that have not been seen yet,
    however many others wait. What ended before the process began counts too, once.
    """

    def __init__(self) -> None:
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
        self._ended = Counter("punchin_jobs_ended", "Jobs that ended.", ["state", "code"], registry=place)
        self._made = Counter("punchin_generated_seconds", "Seconds of new sound.", ["engine"], registry=place)
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
        self._seen: deque[str] = deque(maxlen=REMEMBERED)

    def text(self, store: Store) -> bytes:
        """All figures, those of the ledger as it is now."""
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
        self._look(store)
        return generate_latest(self.registry)

    def _look(self, store: Store) -> None:
        known = set(self._seen)
        for state in sorted(FINAL):
            for number in range(1, PAGES + 1):
                page = store.history(None, page=number, page_size=PAGE_SIZE, state=state)
                new = [job for job in page.items if job.id not in known]
                for job in new:
                    self._seen.append(job.id)
                    self._count(job)
                # Jobs end about in the order in which they came: behind a page of known ones are known ones.
                if not new or not page.has_more:
                    break

    def _count(self, job: JobRecord) -> None:
        self._ended.labels(job.state.value, str(job.failure.code) if job.failure else "").inc()
        if job.started_at:
            self._wait.observe((job.started_at - job.created_at).total_seconds())
        result = job.result
        if job.state is not State.COMPLETED or result is None:
            return
        engine = str(result.report.get("engine", ""))
        self._made.labels(engine).inc(result.generated_s)
        if result.generated_s > 0:
            self._factor.labels(engine).observe(result.inference_ms / 1000 / result.generated_s)
        for stage, spent_ms in result.report.get("timings_ms", {}).items():
            self._stages.labels(stage).observe(spent_ms / 1000)

"""For whoever runs the server: is it alive, can it work, how is it doing. Without a key or names."""

from __future__ import annotations

from datetime import timedelta
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Response

from punchin.store import WorkerState
from punchin.web.describing import Responses, responses
from punchin.web.engines import Installed
from punchin.web.front import TheFront, answer
from punchin.web.measuring import CONTENT_TYPE

if TYPE_CHECKING:
    from punchin.store import WorkerRecord
    from punchin.web.front import Front

router = APIRouter(tags=["operation"])

WORKING = {WorkerState.READY, WorkerState.BUSY}
_HEALTH: dict[str, Any] = {"type": "object", "required": ["status", "engine", "workers", "waiting"]}
_METRICS = {
    200: {
        "description": "In Prometheus' text format.",
        "content": {"text/plain": {"schema": {"type": "string"}}},
    }
}
_NOT_READY: Responses = {
    503: {
        "description": "No worker takes jobs now.",
        "content": {"application/json": {"schema": _HEALTH}},
    }
}


@router.get("/health", responses=responses(_HEALTH))
def health(front: TheFront) -> Response:
    """What the server is doing: starting, ready, busy or draining; the API itself answers, so 200."""
    return answer(_health(front))


@router.get("/ready", responses=responses(_HEALTH) | _NOT_READY)
def ready(front: TheFront) -> Response:
    """200 when a worker takes jobs, else 503."""
    found = _health(front)
    return answer(found, 200 if found["status"] in {"ready", "busy"} else 503)


@router.get("/metrics", responses=responses({}) | _METRICS)
def metrics(front: TheFront) -> Response:
    """Counters and times for Prometheus."""
    return Response(front.meters.text(front.store), media_type=CONTENT_TYPE)


def _health(front: Front) -> dict[str, Any]:
    alive = front.store.workers(seen_since=front.store.now() - timedelta(seconds=front.settings.dead_after_s))
    backlog = front.store.backlog()
    return {
        "status": _status([worker for worker in alive if worker.state is not WorkerState.STOPPED]),
        "version": version("punchin"),
        "engine": Installed.of(alive).serving,
        "workers": [{"state": worker.state.value, "engine": worker.engine} for worker in alive],
        "waiting": backlog.waiting,
        "running": backlog.running,
    }


def _status(workers: list[WorkerRecord]) -> str:
    """The best that any worker is: ready before busy before starting before draining."""
    states = {worker.state for worker in workers}
    for state in (WorkerState.READY, WorkerState.BUSY, WorkerState.STARTING, WorkerState.DRAINING):
        if state in states:
            return state.value
    return "no worker"

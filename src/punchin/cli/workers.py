"""`punchin workers`: who works here, on what, since when; and asking one to stop taking jobs."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.ledger import ListByDefault, opened_ledger, when
from punchin.errors import EngineUnavailable, JobNotFound
from punchin.settings import settings_from

if TYPE_CHECKING:
    from datetime import datetime

    from punchin.store import Store, WorkerRecord

_EXAMPLES = """
\b
Examples:
  punchin workers
  punchin workers --all --json
  punchin workers drain gpu-7-0
  punchin workers drain gpu-7-0 --undo
  punchin workers ready
"""

STOPPED = "stopped"
TAKE_JOBS = frozenset({"ready", "busy"})


@dataclass(frozen=True, slots=True)
class Seen:
    """A worker, and what only the time of day tells.

    Attributes:
        job_since: when its job was begun; None where it has none.
        silent_s: seconds without a sign of life.
        lost: whether that is so long that its job goes to another worker.
    """

    worker: WorkerRecord
    job_since: datetime | None
    silent_s: float
    lost: bool


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def workers() -> None:
    """Show the workers of all machines, and drain them. Times are UTC."""


@workers.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that stopped.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(every: bool, as_json: bool) -> None:
    """List workers: state, engine, device, their job and since when.

    `lost` in place of a state: no sign of life for PUNCHIN_DEAD_AFTER_S, its job goes to another worker.
    """
    with opened_ledger() as store:
        found = [_seen(store, worker) for worker in store.workers() if every or worker.state != STOPPED]
    if as_json:
        click.echo(json.dumps([_row(seen) for seen in found]))
        return
    if not found:
        click.echo("No worker runs; `punchin serve` or `punchin worker` starts them.")
    for seen in found:
        worker = seen.worker
        engine = f"{worker.engine or '-'}{f' on {worker.device}' if worker.device else ''}"
        click.echo(
            f"{worker.id:<24} {_state(seen):<9} {engine:<24} since {when(worker.started_at)}  {_note(seen)}"
        )


@workers.command()
@click.argument("worker_id", metavar="WORKER")
@click.option("--undo", is_flag=True, help="Let it take jobs again.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def drain(worker_id: str, undo: bool, as_json: bool) -> None:
    """Ask WORKER to end its job and take no other.

    It hears of it within two seconds. Its successor in the same place waits too, until --undo.
    """
    with opened_ledger() as store:
        seen = _seen(store, store.drain(worker_id, asked=not undo))
    if as_json:
        click.echo(json.dumps(_row(seen)))
        return
    if undo:
        click.echo(f"{worker_id} takes jobs again")
    elif seen.worker.job_id and not seen.lost:
        click.echo(f"{worker_id} ends job {seen.worker.job_id} and takes no other")
    else:
        click.echo(f"{worker_id} takes no further job")


@workers.command()
@click.option("--host", default=socket.gethostname, show_default="this one", help="Of which machine.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def ready(host: str, as_json: bool) -> None:
    """Say whether every worker of this machine takes jobs: PUNCHIN_WORKERS of them. For probes.

    Ends with 0 if they do, else with 4. `/ready` of the API asks for any worker of any machine.
    """
    with opened_ledger() as store:
        seen = [_seen(store, worker) for worker in store.workers() if worker.host == host]
    taking = [each.worker.id for each in seen if not each.lost and each.worker.state in TAKE_JOBS]
    wanted = settings_from(os.environ).workers
    if len(taking) < wanted:
        states = ", ".join(f"{each.worker.id} is {_state(each)}" for each in seen) or "none has said anything"
        raise EngineUnavailable(f"{len(taking)} of {wanted} workers of {host} take jobs: {states}")
    click.echo(json.dumps({"host": host, "ready": taking}) if as_json else f"{', '.join(taking)}: ready")


def _seen(store: Store, worker: WorkerRecord) -> Seen:
    silent_s = max(0.0, (store.now() - worker.seen_at).total_seconds())
    lost = worker.state != STOPPED and silent_s > settings_from(os.environ).dead_after_s
    since = None
    if worker.job_id:
        try:
            since = store.job(worker.job_id).started_at
        except JobNotFound:
            since = None  # deleted by its owner while at work
    return Seen(worker, since, silent_s, lost)


def _state(seen: Seen) -> str:
    return "lost" if seen.lost else str(seen.worker.state)


def _note(seen: Seen) -> str:
    words: list[str] = []
    if seen.worker.job_id:
        words.append(f"job {seen.worker.job_id} since {when(seen.job_since)}")
    if seen.lost:
        words.append(f"silent for {seen.silent_s:.0f} s")
    if seen.worker.drain_asked:
        words.append("asked to drain")
    return ", ".join(words)


def _row(seen: Seen) -> dict[str, Any]:
    worker = seen.worker
    return {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "state": str(worker.state),
        "lost": seen.lost,
        "drain_asked": worker.drain_asked,
        "engine": worker.engine,
        "engines": [told["name"] for told in worker.engines if told.get("available") and "name" in told],
        "device": worker.device,
        "protocol": worker.protocol,
        "job": worker.job_id,
        "job_since": seen.job_since.isoformat() if seen.job_since else None,
        "started_at": worker.started_at.isoformat(),
        "seen_at": worker.seen_at.isoformat(),
    }

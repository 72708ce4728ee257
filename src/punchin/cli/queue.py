"""`punchin queue`: how long the line is for each engine; putting a job in line again, taking one out."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.jobs import cancel
from punchin.cli.ledger import ListByDefault, opened_ledger
from punchin.settings import settings_from

if TYPE_CHECKING:
    from punchin.store import EngineQueue, Store, WorkerRecord

_EXAMPLES = """
\b
Examples:
  punchin queue
  punchin queue --json
  punchin queue requeue 6488c2754f6f4dfea924382fa14d11bd
  punchin queue cancel 6488c2754f6f4dfea924382fa14d11bd
"""

NOT_WORKING = frozenset({"draining", "stopped"})


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def queue() -> None:
    """Show the line of jobs by engine, put jobs in line again, cancel them."""


@queue.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List the engines that have jobs: waiting, at work, and the seconds of work that wait.

    `workers` are those that live and can run the engine; with none, its jobs wait for ever.
    """
    with opened_ledger() as store:
        queues = store.queue_summary()
        living = _living(store)
    rows = [_row(queue, living) for queue in queues]
    if as_json:
        click.echo(json.dumps(rows))
        return
    if not rows:
        click.echo("No job waits, none is at work.")
        return
    click.echo(f"{'engine':<24}{'waiting':>9}{'at work':>9}{'queue s':>10}{'oldest s':>10}{'workers':>9}")
    for row in rows:
        click.echo(
            f"{row['engine']:<24}{row['waiting']:>9}{row['running']:>9}{row['queue_s']:>10.1f}"
            f"{row['oldest_s']:>10.1f}{row['workers']:>9}"
        )
    for row in rows:
        if row["waiting"] and not row["workers"]:
            click.echo(f"nobody runs {row['engine']}: its {row['waiting']} jobs wait for a worker", err=True)


@queue.command()
@click.argument("job_id", metavar="JOB")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def requeue(job_id: str, as_json: bool) -> None:
    """Take JOB from whoever has it and put it in line again, at its old place.

    For a job whose worker is known to be gone, or should not have it. The attempt does not count; should its
    worker live after all, it stops with its next progress report, and its result is refused.
    """
    with opened_ledger() as store:
        from punchin.dispatch import DbosDispatcher

        dispatcher = DbosDispatcher(store.engine)
        try:
            job = store.requeue(job_id)
            dispatcher.cancel(job_id)
            dispatcher.enqueue_again(job)
            place = store.place(job_id)
        finally:
            dispatcher.close()
    if as_json:
        click.echo(json.dumps({"id": job_id, "state": str(job.state), "place": place}))
        return
    click.echo(f"it is in line again; {place} jobs are before it")


queue.add_command(cancel)


def _living(store: Store) -> list[WorkerRecord]:
    """Workers that take jobs, by what they said last."""
    dead_after = timedelta(seconds=settings_from(os.environ).dead_after_s)
    seen = store.workers(seen_since=store.now() - dead_after)
    return [worker for worker in seen if worker.state not in NOT_WORKING and not worker.drain_asked]


def _row(queue: EngineQueue, living: list[WorkerRecord]) -> dict[str, Any]:
    able = [worker for worker in living if worker.can_run(queue.engine)]
    return asdict(queue) | {"workers": len(able)}

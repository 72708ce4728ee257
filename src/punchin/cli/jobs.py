"""`punchin jobs`: what the service has done, does and will do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.ledger import ListByDefault, key_called, key_names, opened_ledger, when
from punchin.job import State

if TYPE_CHECKING:
    from punchin.store import JobRecord

_EXAMPLES = """
\b
Examples:
  punchin jobs
  punchin jobs --state failed --key studio --json
  punchin jobs show 6488c2754f6f4dfea924382fa14d11bd
  punchin jobs cancel 6488c2754f6f4dfea924382fa14d11bd
"""


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def jobs() -> None:
    """Show and cancel the jobs of the service, whoever's they are. Times are UTC."""


@jobs.command("list")
@click.option("--key", help="Only this key's: its name or the begin of its id.")
@click.option("--state", type=click.Choice([state.value for state in State]), help="Only jobs in this state.")
@click.option("--page", type=click.IntRange(min=1), default=1, show_default=True, help="Page, from 1.")
@click.option(
    "--page-size",
    type=click.IntRange(1, 100),
    default=20,
    show_default=True,
    help="Jobs on a page, up to 100.",
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(key: str | None, state: str | None, page: int, page_size: int, as_json: bool) -> None:
    """List jobs, the newest first."""
    with opened_ledger() as store:
        owner = key_called(store, key).id if key else None
        wanted = State(state) if state else None
        found = store.history(owner, page=page, page_size=page_size, state=wanted)
        backlog = store.backlog()
        names = key_names(store)
    if as_json:
        rows = [_row(job, names) for job in found.items]
        click.echo(json.dumps({"page": page, "has_more": found.has_more, "items": rows}))
        return
    for job in found.items:
        owner = names.get(job.key_id, job.key_id[:8])
        click.echo(f"{job.id}  {when(job.created_at)}  {owner:<12} {job.state:<10} {_note(job)}")
    more = f"; --page {page + 1} shows more" if found.has_more else ""
    click.echo(f"{backlog.waiting} waiting, {backlog.running} at work{more}", err=True)


@jobs.command()
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def show(job_id: str, as_json: bool) -> None:
    """Show all that is known of the job JOB_ID."""
    with opened_ledger() as store:
        job = store.job(job_id)
        names = key_names(store)
        place = store.place(job_id)
    row = _row(job, names) | {"place": place} | _details(job)
    if as_json:
        click.echo(json.dumps(row))
        return
    for name, value in row.items():
        if value not in (None, "", [], {}):
            text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            click.echo(f"{name:<12} {text}")


@jobs.command()
@click.argument("job_id")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def cancel(job_id: str, as_json: bool) -> None:
    """Stop the job JOB_ID: a waiting one at once, one at work with its next progress report."""
    with opened_ledger() as store:
        state = store.cancel(job_id)
    if as_json:
        click.echo(json.dumps({"id": job_id, "state": state}))
        return
    says = {State.PROCESSING: "its worker has been asked to stop", State.CANCELLED: "it is cancelled"}
    click.echo(says.get(state, f"it was over already: {state}"))


def _note(job: JobRecord) -> str:
    if job.failure:
        return f"{job.failure.code} {job.failure.message}"
    if job.state is State.PROCESSING:
        return f"{job.fraction:.0%} {job.stage}{', cancel asked' if job.cancel_asked else ''}"
    if job.started_at and job.finished_at:
        return f"{(job.finished_at - job.started_at).total_seconds():.1f} s"
    return ""


def _row(job: JobRecord, names: dict[str, str]) -> dict[str, Any]:
    return {
        "id": job.id,
        "key": names.get(job.key_id, job.key_id),
        "model": job.spec.model,
        "state": str(job.state),
        "stage": job.stage,
        "fraction": job.fraction,
        "eta_s": job.eta_s,
        "cancel_asked": job.cancel_asked,
        "attempts": job.attempts,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "finished_at": job.finished_at.isoformat() if job.finished_at else None,
        "failure": {"code": job.failure.code, "message": job.failure.message} if job.failure else None,
    }


def _details(job: JobRecord) -> dict[str, Any]:
    import msgspec

    return {
        "spec": msgspec.to_builtins(job.spec),
        "result": msgspec.to_builtins(job.result) if job.result else None,
    }

"""`punchin usage`: what was made for whom, and what it cost."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.ledger import key_called, opened_ledger

if TYPE_CHECKING:
    from punchin.store import DayUsage, ModelUsage, UsageStats

_EXAMPLES = """
\b
Examples:
  punchin usage
  punchin usage --key studio --days 7
  punchin usage --json
"""


@click.command(epilog=_EXAMPLES)
@click.option("--key", help="Only this key's: its name or the begin of its id.")
@click.option(
    "--days", type=click.IntRange(1, 36500), default=30, show_default=True, help="How far back to count."
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def usage(key: str | None, days: int, as_json: bool) -> None:
    """Show jobs, seconds of new sound and cost, by day (UTC), by model and by key."""
    with opened_ledger() as store:
        start = store.now() - timedelta(days=days)
        keys = [key_called(store, key)] if key else store.keys()
        stats = store.usage_stats(keys[0].id if key else None, start=start)
        by_key = {one.name: store.usage_stats(one.id, start=start) for one in keys}
    if as_json:
        click.echo(json.dumps(_report(stats, by_key)))
        return
    for day in stats.days:
        click.echo(_line(day.day.isoformat(), day))
    for model in stats.models:
        click.echo(_line(model.model, model))
    for name, one in by_key.items():
        if one.requests:
            click.echo(_line(f"key {name}", one))
    click.echo(_line(f"all, {days} days", stats))


def _line(what: str, sums: UsageStats | ModelUsage | DayUsage) -> str:
    jobs = f"{sums.completed} of {sums.requests} jobs completed"
    return f"{what:<42} {jobs:<30} {sums.seconds:>10.1f} s  {sums.cost:.4f}"


def _report(stats: UsageStats, by_key: dict[str, UsageStats]) -> dict[str, Any]:
    return {
        "days": [{"day": day.day.isoformat(), **_sums(day)} for day in stats.days],
        "models": [{"model": model.model, **_sums(model)} for model in stats.models],
        "keys": [{"key": name, **_sums(one)} for name, one in by_key.items()],
        "total": _sums(stats),
    }


def _sums(sums: UsageStats | ModelUsage | DayUsage) -> dict[str, Any]:
    return {
        "requests": sums.requests,
        "completed": sums.completed,
        "seconds": sums.seconds,
        "cost": float(sums.cost),
    }

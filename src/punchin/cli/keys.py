"""`punchin keys`: who may use the service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.ledger import ListByDefault, key_called, opened_ledger, when

if TYPE_CHECKING:
    from punchin.store import ApiKey

_EXAMPLES = """
\b
Examples:
  punchin keys create studio
  punchin keys create guest --rate-per-minute 10 --max-queued 20 --prepaid 5
  punchin keys list --json
  punchin keys revoke guest
"""


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def keys() -> None:
    """Make, list, rename and revoke the API keys of the service. Times are UTC."""


_COUNT = click.IntRange(min=0)


@keys.command()
@click.argument("name")
@click.option("--rate-per-minute", type=_COUNT, help="Jobs it may submit in a minute; 0: any number.")
@click.option("--max-running", type=_COUNT, help="Its jobs at work at once; 0: any number.")
@click.option("--max-queued", type=_COUNT, help="Its jobs that may wait; 0: any number.")
@click.option(
    "--prepaid", type=click.FloatRange(0, 1e9), help="What it may spend in all.  [default: any amount]"
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def create(
    name: str,
    rate_per_minute: int | None,
    max_running: int | None,
    max_queued: int | None,
    prepaid: float | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and print its secret, this once. Limits not given are the server's."""
    with opened_ledger() as store:
        from decimal import Decimal

        from punchin.store import Limits

        limits = Limits(rate_per_minute=rate_per_minute, max_running=max_running, max_queued=max_queued)
        amount = None if prepaid is None else Decimal(str(prepaid))
        key, secret = store.create_key(name, limits=limits, prepaid=amount)
    if as_json:
        click.echo(json.dumps(_row(key) | {"secret": secret}))
        return
    click.echo(secret)
    click.echo(f"This is the secret of {name!r}; it is not kept and cannot be shown again.", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def list_(as_json: bool) -> None:
    """List all keys, the revoked ones too."""
    with opened_ledger() as store:
        found = store.keys()
    if as_json:
        click.echo(json.dumps([_row(key) for key in found]))
        return
    if not found:
        click.echo("There are no keys; `punchin keys create NAME` makes one.")
    for key in found:
        state = f"revoked {when(key.revoked_at)}" if key.revoked_at else f"last used {when(key.used_at)}"
        balance = "" if key.balance is None else f"  balance {key.balance.normalize():f}"
        click.echo(f"{key.id[:8]}  {key.name:<20} …{key.hint}  made {when(key.created_at)}  {state}{balance}")


@keys.command()
@click.argument("key")
@click.argument("name")
def rename(key: str, name: str) -> None:
    """Call KEY (a name or the begin of an id) NAME from now on."""
    with opened_ledger() as store:
        changed = store.rename_key(key_called(store, key).id, name)
    click.echo(f"{changed.id[:8]} is called {changed.name!r}")


@keys.command()
@click.argument("key")
def revoke(key: str) -> None:
    """Close KEY (a name or the begin of an id) for good. Its jobs are kept."""
    with opened_ledger() as store:
        changed = store.revoke(key_called(store, key).id)
    click.echo(f"{changed.name!r} ({changed.id[:8]}) opens nothing any more")


def _row(key: ApiKey) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "rate_per_minute": key.limits.rate_per_minute,
        "max_running": key.limits.max_running,
        "max_queued": key.limits.max_queued,
        "prepaid": None if key.prepaid is None else float(key.prepaid),
        "spent": float(key.spent),
        "created_at": key.created_at.isoformat(),
        "used_at": key.used_at.isoformat() if key.used_at else None,
        "revoked_at": key.revoked_at.isoformat() if key.revoked_at else None,
    }

"""`punchin keys`: who may use the service."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import click

from punchin.cli.ledger import ListByDefault, key_called, opened_ledger, when
from punchin.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.store import ApiKey

Command = TypeVar("Command", bound="Callable[..., Any]")

_EXAMPLES = """
\b
Examples:
  punchin keys create studio
  punchin keys create guest --rate-per-minute 10 --max-queued 20 --prepaid 5
  punchin keys list --json
  punchin keys limit guest --rate 60 --running 2 --queued default
  punchin keys prepay guest 20
  punchin keys prepay guest 5 --add --json
  punchin keys revoke guest
"""


@click.group(cls=ListByDefault, epilog=_EXAMPLES)
def keys() -> None:
    """Make, list, limit, rename and revoke the API keys of the service. Times are UTC."""


DEFAULT = "default"
UNLIMITED = "unlimited"


def _count(word: str) -> int | str:
    """A number of jobs, or `default`: what the server's settings say."""
    if word == DEFAULT:
        return word
    if not re.fullmatch("[0-9]{1,9}", word):
        raise click.BadParameter(f"{word!r} is neither a number of jobs nor {DEFAULT!r}")
    return int(word)


def _amount(word: str) -> Decimal | str:
    """An amount of money, or `unlimited`."""
    if word == UNLIMITED:
        return word
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", word):
        raise click.BadParameter(f"{word!r} is neither an amount like 20 or 0.5 nor {UNLIMITED!r}")
    return Decimal(word)


def _limits(command: Command) -> Command:
    """The three options that limit a key."""
    for short, long, what in (
        ("--queued", "--max-queued", "Its jobs that may wait"),
        ("--running", "--max-running", "Its jobs at work at once"),
        ("--rate", "--rate-per-minute", "Jobs it may submit in a minute"),
    ):
        says = f"{what}; 0: any number."
        command = click.option(short, long, short[2:], type=_count, metavar="NUMBER", help=says)(command)
    return command


@keys.command()
@click.argument("name")
@_limits
@click.option(
    "--prepaid", type=click.FloatRange(0, 1e9), help="What it may spend in all.  [default: any amount]"
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def create(
    name: str,
    rate: int | str | None,
    running: int | str | None,
    queued: int | str | None,
    prepaid: float | None,
    as_json: bool,
) -> None:
    """Make a key called NAME and print its secret, this once. Limits not given are the server's."""
    with opened_ledger() as store:
        from punchin.store import Limits

        limits = Limits(
            rate_per_minute=_changed(None, rate),
            max_running=_changed(None, running),
            max_queued=_changed(None, queued),
        )
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
        balance = "" if key.balance is None else f"  balance {_money(key.balance)}"
        click.echo(f"{key.id[:8]}  {key.name:<20} …{key.hint}  made {when(key.created_at)}  {state}{balance}")


@keys.command()
@click.argument("key")
@_limits
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def limit(
    key: str, rate: int | str | None, running: int | str | None, queued: int | str | None, as_json: bool
) -> None:
    """Give KEY (a name or the begin of an id) other limits, from its next request on.

    What is not named stays as it is; `default` is what the server's settings say.
    """
    with opened_ledger() as store:
        from punchin.store import Limits

        found = key_called(store, key)
        had = found.limits
        limits = Limits(
            rate_per_minute=_changed(had.rate_per_minute, rate),
            max_running=_changed(had.max_running, running),
            max_queued=_changed(had.max_queued, queued),
        )
        changed = store.limit_key(found.id, limits)
    if as_json:
        click.echo(json.dumps(_row(changed)))
        return
    now = changed.limits
    says = {"jobs a minute": now.rate_per_minute, "at work": now.max_running, "waiting": now.max_queued}
    words = ", ".join(f"{what} {_counted(count)}" for what, count in says.items())
    click.echo(f"{changed.name!r} ({changed.id[:8]}): {words}")


@keys.command()
@click.argument("key")
@click.argument("amount", type=_amount)
@click.option("--add", is_flag=True, help="AMOUNT comes on top of what was prepaid before.")
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def prepay(key: str, amount: Decimal | str, add: bool, as_json: bool) -> None:
    """Let KEY (a name or the begin of an id) spend AMOUNT in all, what it has spent included.

    `unlimited` lets it spend as much as it wants.
    """
    with opened_ledger() as store:
        found = key_called(store, key)
        prepaid = None if isinstance(amount, str) else amount
        if add:
            if prepaid is None or found.prepaid is None:
                raise SettingsError(
                    f"{found.name!r} may spend as much as it wants; give an amount without --add"
                )
            prepaid += found.prepaid
        changed = store.prepay_key(found.id, prepaid)
    if as_json:
        click.echo(json.dumps(_row(changed)))
        return
    left = "as much as it wants" if changed.balance is None else f"{_money(changed.balance)} more"
    click.echo(f"{changed.name!r} ({changed.id[:8]}) has spent {_money(changed.spent)} and may spend {left}")


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


def _changed(before: int | None, asked: int | str | None) -> int | None:
    """A limit after a command: None, which was not named, changes nothing."""
    if asked is None:
        return before
    return None if isinstance(asked, str) else asked


def _counted(count: int | None) -> str:
    return "as the server's settings say" if count is None else "any number" if count == 0 else str(count)


def _money(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


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

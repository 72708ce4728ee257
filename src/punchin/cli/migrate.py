"""`punchin migrate`: the tables made or brought up to date, before anything new starts."""

from __future__ import annotations

import json
import os

import click

from punchin.cli.ledger import opened_ledger
from punchin.settings import settings_from

_EXAMPLES = """
\b
Examples:
  punchin migrate
  PUNCHIN_DB=postgresql://punchin@db.internal/punchin punchin migrate --json
"""


@click.command(epilog=_EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def migrate(as_json: bool) -> None:
    """Make the tables of PUNCHIN_DB, or bring them up to date; does nothing if they are.

    `punchin serve` does the same at start. On many machines, run this first: if it fails, nothing old has
    been stopped yet.
    """
    with opened_ledger() as store:
        from punchin.dispatch import prepare

        prepare(store.engine, settings_from(os.environ).poll_s)
        dialect = store.engine.dialect.name
    click.echo(json.dumps({"database": dialect}) if as_json else f"the tables are up to date ({dialect})")

"""The ledger as commands see it: opened as the settings say, keys found by what people call them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from punchin.errors import KeyNotFound, SettingsError
from punchin.settings import settings_from

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from punchin.store import ApiKey, Store


@contextmanager
def opened_ledger() -> Generator[Store]:
    """The store that PUNCHIN_DB or PUNCHIN_HOME names, its tables brought up to date.

    Raises:
        SettingsError: if the service is not installed, or the database is none that can be used.
    """
    try:
        from punchin.store import Store, migrate
    except ModuleNotFoundError as error:
        message = f"this needs the service ({error.name} is missing): pip install 'punchin[serve]'"
        raise SettingsError(message) from error
    address = settings_from(os.environ).db_address
    migrate(address)
    store = Store.open(address)
    try:
        yield store
    finally:
        store.close()


def key_called(store: Store, word: str) -> ApiKey:
    """The one key with this name, or whose id begins so.

    Raises:
        KeyNotFound: if there is none, or more than one.
    """
    keys = store.keys()
    found = [key for key in keys if key.name == word] or [
        key for key in keys if word and key.id.startswith(word)
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(key.id[:8] for key in found)
        raise KeyNotFound(f"{len(found)} keys are called {word!r}; name one by the begin of its id: {ids}")
    raise KeyNotFound(f"there is no key {word!r}; `punchin keys list` shows all")


def key_names(store: Store) -> dict[str, str]:
    """What every key is called, by its id."""
    keys = store.keys()
    return {key.id: key.name for key in keys}


def when(moment: datetime | None) -> str:
    """A time for people: to the second, UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else "-"


class ListByDefault(click.Group):
    """A group that lists where no command is named: `punchin jobs --state failed`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put `list` in front of what is not one of the commands."""
        if not args or (args[0] not in self.commands and args[0] not in {"-h", "--help"}):
            args = ["list", *args]
        return super().parse_args(ctx, args)

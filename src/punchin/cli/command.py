"""The group of all commands, and what happens when one of them fails."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import click

from punchin.cli.exits import ExitCode, exit_code
from punchin.errors import Cancelled, PunchinError

if TYPE_CHECKING:
    from types import FrameType

_COMMANDS = {
    "edit": "punchin.cli.edit:edit",
    "verify": "punchin.cli.check:verify",
    "replay": "punchin.cli.check:replay",
    "info": "punchin.cli.info:info",
    "engines": "punchin.cli.machine:engines",
    "doctor": "punchin.cli.machine:doctor",
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is used: `punchin --help` need not load numpy."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands, in the order in which a person meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        from importlib import import_module

        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name].partition(":")
        return getattr(import_module(module), attribute)


_EXAMPLES = """
\b
Examples:
  punchin edit song.mp3 0:41 0:49 --tags "lofi, chill piano" --seed 7
  punchin verify song.mp3 song.punched.mp3
  punchin info song.mp3
"""

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=LazyGroup, context_settings=_SETTINGS, epilog=_EXAMPLES)
@click.version_option(package_name="punchin", message="punchin %(version)s")
def punchin() -> None:
    """Re-record a chosen part of a song, and prove that nothing else changed."""


def main() -> NoReturn:
    """Run the command line; every way out has its exit code (see `ExitCode`)."""
    signal.signal(signal.SIGTERM, _interrupt)
    as_json = "--json" in sys.argv
    try:
        result = punchin.main(standalone_mode=False)
        _leave(result if isinstance(result, int) else ExitCode.DONE)
    except click.exceptions.Exit as error:
        _leave(error.exit_code)
    except click.ClickException as error:
        if as_json:
            _print_error("usage", error.format_message())
        else:
            error.show()
        _leave(ExitCode.WRONG_REQUEST)
    except (KeyboardInterrupt, click.Abort, Cancelled):
        _fail("cancelled", "cancelled; nothing was written", as_json)
        _leave(ExitCode.INTERRUPTED)
    except PunchinError as error:
        _fail(error.code, str(error), as_json)
        _leave(exit_code(error))
    except BrokenPipeError:
        # Whoever read our output has gone; the rest of it has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        _leave(ExitCode.DONE)


def _interrupt(signum: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001
    """SIGTERM unwinds like Ctrl-C, so that temporary files are removed."""
    raise KeyboardInterrupt


def _leave(code: int) -> NoReturn:
    sys.stdout.flush()
    sys.exit(int(code))


def _fail(code: str, message: str, as_json: bool) -> None:
    if as_json:
        _print_error(code, message)
    click.echo(f"punchin: {message}", err=True)


def _print_error(code: str, message: str) -> None:
    error: dict[str, Any] = {"error": {"code": code, "message": message}}
    click.echo(json.dumps(error))

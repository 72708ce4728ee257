"""The group of all commands, and what happens when one of them fails."""

from __future__ import annotations

import json
import os
import signal
import sys
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from punchin.cli.exits import ExitCode, exit_code
from punchin.errors import Cancelled, PunchinError

if TYPE_CHECKING:
    from types import FrameType


@dataclass(frozen=True, slots=True)
class _Entry:
    """A command that is not imported yet: where it is, what it does, and which extra it needs."""

    place: str
    summary: str
    extra: str = ""


_COMMANDS = {
    "edit": _Entry("edit:edit", "Re-record SONG from START to END; all else stays as it was."),
    "verify": _Entry("check:verify", "Find what differs in two files, and say whether the rest is the same."),
    "replay": _Entry("check:replay", "Make the take of RECEIPT again; say whether the bytes are the same."),
    "info": _Entry("info:info", "Show format, length, tempo, key and loudness of SONG."),
    "engines": _Entry("machine:engines", "List the engines, what each acts on, and whether it runs here."),
    "models": _Entry("models:models", "List, pull, check and remove the weights of model engines."),
    "doctor": _Entry("machine:doctor", "Say what works on this machine, and which command mends the rest."),
    "serve": _Entry("serve:serve", "Run the service: API and workers, on this machine.", "serve"),
    "api": _Entry("serve:api", "Run the API alone; `serve` starts it for you.", "serve"),
    "worker": _Entry("serve:worker", "Run one worker alone; `serve` starts them for you.", "serve"),
    "keys": _Entry("keys:keys", "Make, list, rename and revoke API keys.", "serve"),
    "jobs": _Entry("jobs:jobs", "List, show and cancel jobs of the service.", "serve"),
    "queue": _Entry("queue:queue", "Show the line of jobs by engine; requeue and cancel.", "serve"),
    "workers": _Entry("workers:workers", "List the workers of all machines; drain them.", "serve"),
    "migrate": _Entry(
        "migrate:migrate", "Make the tables of the service, or bring them up to date.", "serve"
    ),
    "usage": _Entry("usage:usage", "Add up what was made and what it cost.", "serve"),
}


class LazyGroup(click.Group):
    """Imports a command's module when the command is used: `punchin --help` need not load numpy."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """All commands, in the order in which a person meets them."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of that name, or None."""
        entry = _COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.place.partition(":")
        try:
            return getattr(import_module(f"punchin.cli.{module}"), attribute)
        except ModuleNotFoundError as error:
            if not entry.extra or (error.name or "").startswith("punchin"):
                raise
            raise click.ClickException(
                f"`punchin {cmd_name}` needs more than the plain install has ({error.name}); "
                f"`pip install 'punchin[{entry.extra}]'` brings it"
            ) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in _COMMANDS.items()])


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
    # Before numpy is imported: its many small products get slower with more threads (1.4 CPU s of analysis
    # instead of 2.4 for three minutes of music), and one thread rounds the same on every machine.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
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
    except (KeyboardInterrupt, click.Abort, Cancelled) as error:
        # A command that leaves something to go on from says so itself.
        own = isinstance(error, Cancelled) and str(error) != str(Cancelled())
        _fail("cancelled", str(error) if own else "cancelled; nothing was written", as_json)
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

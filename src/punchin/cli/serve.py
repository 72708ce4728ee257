"""`punchin serve`, `punchin api`, `punchin worker`: the processes of the service."""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

    from punchin.settings import Settings

_parent = click.option("--parent", type=int, hidden=True, help="End with this process.")


@click.command()
def serve() -> None:
    """Run the whole service: the API, the workers, and what keeps them in order.

    All settings come from the environment; docs/settings.md lists them.
    """
    from punchin.supervisor import first_key, supervisor_of

    stop = told_to_stop()
    settings = _settings()
    _log_to_stderr()
    supervisor = supervisor_of(settings)
    if secret := first_key(supervisor.store, settings):
        click.echo(f"API key: {secret}\n  (shown only now; `punchin keys` makes more)")
    click.echo(
        f"Punchin answers at http://{settings.host}:{settings.port} (its routes: /docs); Ctrl-C stops it"
    )
    supervisor.supervise(stop)


@click.command()
@_parent
def api(parent: int | None) -> None:
    """Run the API alone; `punchin serve`, or another machine's, runs the workers."""
    _end_with(parent)
    from punchin.cli.serving import Server
    from punchin.web import create_app

    settings = _settings()
    _log_to_stderr()
    app = create_app(settings)
    # The server raises what stopped it once more, when it has ended in order.
    with suppress(KeyboardInterrupt):
        Server(app, settings, app.state.front.closing).run()


@click.command()
@click.option("--slot", type=click.IntRange(0, 999), default=0, help="Which place of this machine it takes.")
@click.option(
    "--device", help="What models compute on: cpu, cuda, cuda:1 or mps. Default: as the settings say."
)
@_parent
def worker(slot: int, device: str | None, parent: int | None) -> None:
    """Run one worker; each of a machine needs a --slot of its own."""
    _end_with(parent)
    stop = told_to_stop()
    from punchin.worker.assembling import worker_of
    from punchin.worker.handing_back import hand_back

    settings = _settings()
    _log_to_stderr()
    # Engines are made without arguments and read their settings where everybody else does.
    os.environ["PUNCHIN_DEVICES"] = device or settings.device_of(slot)
    made = worker_of(settings, slot)
    made.work(stop)
    hand_back(made.store, made.dispatcher)
    # A job that took longer than the grace still runs in a thread, and would keep the process alive.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _settings() -> Settings:
    from punchin.settings import settings_from

    return settings_from(os.environ)


def _end_with(parent: int | None) -> None:
    if parent is not None:
        from punchin.supervisor.parenthood import end_with

        end_with(parent)


def told_to_stop() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set; a second one of them ends the process at once."""
    stop = threading.Event()
    # A handler runs in the middle of anything the main thread does, for instance while that holds the lock of
    # the event: setting it there would wait for itself for ever. This queue may be put into from a handler.
    told: queue.SimpleQueue[int] = queue.SimpleQueue()

    def tell(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001
        told.put(signum)

    def listen() -> None:
        told.get()
        stop.set()
        os._exit(128 + told.get())

    threading.Thread(target=listen, name="signals", daemon=True).start()
    signal.signal(signal.SIGTERM, tell)
    signal.signal(signal.SIGINT, tell)
    return stop


def _log_to_stderr() -> None:
    """JSON lines, or lines for people where standard error is a terminal."""
    import logging

    import structlog

    terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if terminal else [structlog.processors.format_exc_info]),
            structlog.dev.ConsoleRenderer() if terminal else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        # In one write with the end of the line: the processes of a service share standard error.
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )

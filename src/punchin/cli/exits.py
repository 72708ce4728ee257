"""The exit codes of `punchin`, by class of error."""

from __future__ import annotations

from enum import IntEnum

from punchin.errors import (
    Cancelled,
    EngineError,
    OutputError,
    ProofError,
    PunchinError,
    ReceiptError,
    SongError,
)


class ExitCode(IntEnum):
    """What the shell sees; documented in docs/cli.md."""

    DONE = 0
    """All done."""
    FAULT = 1
    """A fault of Punchin itself (a traceback is printed)."""
    WRONG_REQUEST = 2
    """What was asked cannot be done: options, times, tags, engine name."""
    UNREADABLE = 3
    """The song or the receipt cannot be read."""
    ENGINE = 4
    """The engine is not available here, or failed."""
    UNWRITABLE = 5
    """The output cannot be written there."""
    NOT_PROVED = 6
    """Something outside the region differs."""
    INTERRUPTED = 130
    """Ctrl-C or SIGTERM; nothing was left behind."""


def exit_code(error: PunchinError) -> ExitCode:
    """The exit code for an error."""
    by_class: tuple[tuple[type[PunchinError], ExitCode], ...] = (
        (SongError, ExitCode.UNREADABLE),
        (ReceiptError, ExitCode.UNREADABLE),
        (OutputError, ExitCode.UNWRITABLE),
        (ProofError, ExitCode.NOT_PROVED),
        (EngineError, ExitCode.ENGINE),
        (Cancelled, ExitCode.INTERRUPTED),
    )
    return next((code for kind, code in by_class if isinstance(error, kind)), ExitCode.WRONG_REQUEST)

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
    """What the shell sees; `meaning` says it in words, docs/cli.md lists them."""

    DONE = 0
    FAULT = 1
    WRONG_REQUEST = 2
    UNREADABLE = 3
    ENGINE = 4
    UNWRITABLE = 5
    NOT_PROVED = 6
    INTERRUPTED = 130


_MEANINGS = {
    ExitCode.DONE: "all done",
    ExitCode.FAULT: "a fault of punchin itself; a traceback is printed",
    ExitCode.WRONG_REQUEST: "what was asked cannot be done: options, times, tags, engine name",
    ExitCode.UNREADABLE: "the song or the receipt cannot be read",
    ExitCode.ENGINE: "the engine is not available here, or failed",
    ExitCode.UNWRITABLE: "the output cannot be written there",
    ExitCode.NOT_PROVED: "something outside the region differs",
    ExitCode.INTERRUPTED: "Ctrl-C or SIGTERM; no output was written",
}


def meaning(code: ExitCode) -> str:
    """What a code means, as a phrase."""
    return _MEANINGS[code]


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

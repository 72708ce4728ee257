"""What went wrong, in the hosted API's numbers and in a sentence that no client takes for something else."""

from __future__ import annotations

import re

from punchin.errors import (
    CallerError,
    Cancelled,
    EngineError,
    EngineOutOfMemory,
    EngineUnavailable,
    FetchError,
    NotAllowed,
    OutputError,
    ProofError,
    PunchinError,
    SongError,
    StoreError,
    TooLarge,
    UploadNotFound,
)
from punchin.job import Failure, FailureCode


class TookTooLong(Cancelled):
    """The job took longer than this server allows."""

    code = "took_too_long"


class Refused(PunchinError):
    """The lyrics or tags are refused by the policy of this server."""

    code = "refused"


class Unsafe(SongError):
    """The file could not be read safely."""


class FaultInside(RuntimeError):
    """A fault of Punchin in the process that reads a song; the message is where it happened, for the log."""


_BY_CLASS: tuple[tuple[type[BaseException], FailureCode], ...] = (
    (Refused, FailureCode.REFUSED),
    (TookTooLong, FailureCode.TOO_SLOW),
    (SongError, FailureCode.UNREADABLE),
    (FetchError, FailureCode.UNREADABLE),
    (UploadNotFound, FailureCode.UNREADABLE),
    (TooLarge, FailureCode.UNREADABLE),
    (NotAllowed, FailureCode.UNREADABLE),
    (EngineUnavailable, FailureCode.UNAVAILABLE),
    (EngineOutOfMemory, FailureCode.UNAVAILABLE),
    (EngineError, FailureCode.ENGINE_FAILED),
    (StoreError, FailureCode.UNAVAILABLE),
    (ProofError, FailureCode.INTERNAL),
    (CallerError, FailureCode.INVALID),
    (MemoryError, FailureCode.UNAVAILABLE),
)
"""The first that fits; `CallerError` has many children, those of the song come before it."""

UNKNOWN = "a fault of this server stopped the job; its log says more"
_NO_ROOM = "this server cannot write the output, its disk may be full; try again later"
_NO_MEMORY = "there is not enough memory for this; choose a shorter region"


def failure_of(error: BaseException) -> Failure:
    """How a job ends that ran into this error. Only errors that are meant for people are told to them."""
    code = next((code for kind, code in _BY_CLASS if isinstance(error, kind)), FailureCode.INTERNAL)
    if isinstance(error, MemoryError):
        return Failure(int(code), _NO_MEMORY)
    if isinstance(error, OutputError) and isinstance(error.__cause__, OSError):
        # Not the format that was asked for: the disk.
        return Failure(int(FailureCode.UNAVAILABLE), _NO_ROOM)
    return Failure(int(code), harmless(str(error)) if isinstance(error, PunchinError) else UNKNOWN)


_TRIGGERS = (
    (re.compile(r"time[- ]?outs?", re.IGNORECASE), "time limit"),
    (re.compile(r"timed out", re.IGNORECASE), "took too long"),
    (re.compile(r"connection", re.IGNORECASE), "link"),
    (re.compile(r"http\s+(?=\d)", re.IGNORECASE), "status "),
    (re.compile(r"429"), "4_29"),
)


def harmless(text: str) -> str:
    """A sentence without the words for which clients of the hosted API send a failed job once more.

    They look for "timeout", "connection", "HTTP 5" and "429", in any case, anywhere.
    """
    for trigger, instead in _TRIGGERS:
        text = trigger.sub(instead, text)
    return text

"""One submitted request on its way from accepted to done: what a job is, and which states it has.

    created ──► processing ──► completed
       │            ├────────► failed
       │            └────────► cancelled
       └─────────────────────► cancelled, failed (refused by policy, or nobody could run it)

A job is accepted when it is committed; from then on it ends in exactly one of the three final states.

What is stored of it is read leniently: beside a newer Punchin, an older one must be able to show jobs that
have fields it does not know. It does not do them; see `PROTOCOL`.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any, Literal

import msgspec

PROTOCOL = "1"
"""How a job is written down for workers, counted up from 1. It changes only when a worker of before could not
do such a job any more, for instance with a new field in `JobSpec`. Workers take jobs of their own protocol
and of those before it."""
AUTO = "auto"
"""The engine of jobs that leave it to the worker."""

Parameter = str | int | float | bool
Anchor = Literal["start", "end"]


class State(StrEnum):
    """Where a job is."""

    CREATED = "created"
    """Accepted and committed; waits for a worker."""
    PROCESSING = "processing"
    """A worker has it."""
    COMPLETED = "completed"
    """Its outputs are whole and on disk."""
    FAILED = "failed"
    """It ended with an error that `FailureCode` and a sentence describe."""
    CANCELLED = "cancelled"
    """Its owner stopped it."""

    @property
    def is_final(self) -> bool:
        """Whether it stays as it is."""
        return self in FINAL


FINAL = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED})


class FailureCode(IntEnum):
    """Why a job failed, in the hosted API's numbers (its page "error codes")."""

    REFUSED = 1200
    """Lyrics or tags are refused by this server's policy."""
    INVALID = 1401
    """The request cannot be done with this song: region outside it, tags that mean nothing ..."""
    UNREADABLE = 1402
    """The song could not be fetched or read."""
    ENGINE_FAILED = 1405
    """The engine broke or gave back something unusable."""
    INTERNAL = 5000
    """A fault of Punchin."""
    UNAVAILABLE = 5003
    """The engine is not available, or out of memory."""
    TOO_SLOW = 5004
    """It took longer than this server allows."""


class Position(msgspec.Struct, frozen=True):
    """A time in a song: seconds from its start, or back from its end."""

    seconds: float
    relative_to: Anchor = "start"


class RegionWish(msgspec.Struct, frozen=True):
    """One region and what should be there.

    Attributes:
        start, end: the region; an end past the song is clamped to it.
        tags, lyrics: the style and the words.
        seed: None draws one.
        parameters: creative parameters by name, `variance` among them.
    """

    start: Position
    end: Position
    tags: tuple[str, ...] = ()
    lyrics: str = ""
    seed: int | None = None
    parameters: dict[str, Parameter] = {}


class JobSpec(msgspec.Struct, frozen=True):
    """Everything a worker needs to know; stored as JSON with the job.

    Attributes:
        model: the model id as the client wrote it.
        engine: whom it shall be made by; "auto" is the best that the worker can run.
        audio: the song's address: http(s), or `upload:KEY` for one that was uploaded here.
        edits: the regions, at least one, in the order asked.
        takes: how many outputs.
        output_format: "source", "wav", "flac", "mp3" or "ogg".
        base64_output: outputs are given as text instead of addresses.
        webhook: where to send the result, or "".
        request: the request as the client sent it, for echoing.
    """

    model: str
    engine: str
    audio: str
    edits: tuple[RegionWish, ...]
    takes: int = 1
    output_format: str = "source"
    base64_output: bool = False
    webhook: str = ""
    request: dict[str, Any] = {}


class Output(msgspec.Struct, frozen=True):
    """One file that a job made: its key in the file store, and how it is called for people."""

    key: str
    name: str
    bytes: int
    media_type: str


class JobResult(msgspec.Struct, frozen=True):
    """What a finished job gave.

    Attributes:
        outputs: one a take, the best seams first.
        flagged: for each output whether its words were flagged as unsafe.
        generated_s: seconds of new sound in all outputs: what is metered.
        inference_ms: how long the work took.
        report: the `punchin` object of the answer: engine, seeds, regions, tags used, seams, proof, times.
    """

    outputs: tuple[Output, ...]
    flagged: tuple[bool, ...]
    generated_s: float
    inference_ms: int
    report: dict[str, Any]


class Failure(msgspec.Struct, frozen=True):
    """Why a job failed: a code of `FailureCode` and a sentence for the person."""

    code: int
    message: str

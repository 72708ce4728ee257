"""Every error Punchin raises on purpose, as one tree.

The docstring of a class is its default message: one sentence for the person who sees it, with the cure.
Raise the most exact class, where the numbers are known. `code` is the stable name that APIs, receipts and
databases store; `retryable` says whether the very same request may succeed later.
"""

from __future__ import annotations

from typing import ClassVar


class PunchinError(Exception):
    """Something went wrong inside Punchin."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())


class CallerError(PunchinError):
    """The request is wrong; sending it again will not help."""

    code = "invalid_request"


class RegionError(CallerError):
    """The region does not fit the song; give a start before the end, both inside the song."""

    code = "invalid_region"


class SongError(CallerError):
    """The file cannot be read as music; give a WAV, FLAC, MP3, Ogg Vorbis, Opus or M4A file."""

    code = "unreadable_song"


class EditError(CallerError):
    """The edit asks for something that cannot be done; change tags, lyrics or settings."""

    code = "invalid_edit"


class UnknownEngine(CallerError):
    """There is no engine of that name; `punchin engines` lists what is installed."""

    code = "unknown_engine"


class OutputError(CallerError):
    """The output cannot be written there; choose another place with -o."""

    code = "unwritable_output"


class ProofError(CallerError):
    """The output does not keep the promise: something outside the region differs from the source."""

    code = "not_proved"


class ReceiptError(CallerError):
    """The receipt cannot be read or does not belong to these files."""

    code = "invalid_receipt"


class SettingsError(CallerError):
    """A setting cannot be used; docs/settings.md lists them all."""

    code = "invalid_setting"


class JobNotFound(CallerError):
    """There is no such job; it may be another key's, deleted, or older than this server keeps jobs."""

    code = "job_not_found"


class JobFinished(CallerError):
    """The job has ended already and stays as it is."""

    code = "job_finished"


class StaleAttempt(CallerError):
    """Another worker has taken the job over; what this attempt made is not wanted any more."""

    code = "stale_attempt"


class IdempotencyConflict(CallerError):
    """The idempotency key was used for another request; send a new key with a new request."""

    code = "idempotency_conflict"


class UploadNotFound(CallerError):
    """There is no such upload; it may be older than this server keeps uploads."""

    code = "upload_not_found"


class WorkerNotFound(CallerError):
    """There is no such worker; `punchin workers` shows all."""

    code = "worker_not_found"


class KeyNotFound(CallerError):
    """There is no such API key; `punchin keys list` shows all."""

    code = "key_not_found"


class NotAllowed(CallerError):
    """The rules of this server do not allow that."""

    code = "not_allowed"


class TooLarge(CallerError):
    """It is larger than this server takes."""

    code = "too_large"


class RateLimited(CallerError):
    """Too many requests in a short time; wait a minute and send it again."""

    code = "rate_limited"
    retryable = True

    def __init__(self, message: str | None = None, *, again_in_s: int = 10) -> None:
        super().__init__(message)
        self.again_in_s = again_in_s


class FetchError(PunchinError):
    """The address could not be read; check that it is public and still there."""

    code = "fetch_failed"
    retryable = True


class StoreError(PunchinError):
    """The database cannot be used right now; try again in a moment."""

    code = "store_unavailable"
    retryable = True


class EngineError(PunchinError):
    """The request is fine, the engine is not."""

    code = "engine_error"


class EngineUnavailable(EngineError):
    """The engine's weights or hardware are missing; `punchin doctor` says which command gets them."""

    code = "engine_unavailable"


class EngineOutOfMemory(EngineError):
    """The engine needs more memory than there is; choose a shorter region."""

    code = "engine_out_of_memory"


class EngineFailed(EngineError):
    """The engine gave back something that is not usable music."""

    code = "engine_failed"
    retryable = True


class Cancelled(PunchinError):
    """The edit was cancelled; nothing was written."""

    code = "cancelled"

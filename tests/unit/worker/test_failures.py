from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin import errors
from punchin.job import FailureCode
from punchin.worker.failures import Refused, TookTooLong, failure_of, harmless

RESENT = re.compile(r"timeout|connection|http 5|http 429|429", re.IGNORECASE)
"""What clients of the hosted API look for before they send a failed job once more."""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.RegionError(), 1401),
        (errors.EditError(), 1401),
        (errors.UnknownEngine(), 1401),
        (errors.OutputError(), 1401),
        (errors.SongError(), 1402),
        (errors.FetchError(), 1402),
        (errors.UploadNotFound(), 1402),
        (errors.NotAllowed(), 1402),
        (errors.TooLarge(), 1402),
        (errors.EngineFailed(), 1405),
        (errors.EngineUnavailable(), 5003),
        (errors.EngineOutOfMemory(), 5003),
        (errors.StoreError(), 5003),
        (MemoryError(), 5003),
        (TookTooLong(), 5004),
        (Refused(), 1200),
        (errors.ProofError(), 5000),
        (ZeroDivisionError("a secret"), 5000),
    ],
)
def test_every_error_has_its_number(error: Exception, code: int) -> None:
    failure = failure_of(error)
    assert failure.code == FailureCode(code)
    assert failure.message
    assert not RESENT.search(failure.message)


def test_a_full_disk_is_not_the_callers_fault_and_shows_no_path() -> None:
    error = errors.OutputError("no room for /home/someone/x.wav")
    error.__cause__ = OSError(28, "No space left on device")
    failure = failure_of(error)
    assert failure.code == FailureCode.UNAVAILABLE
    assert "someone" not in failure.message


def test_foreign_errors_are_not_told_to_people() -> None:
    assert "secret" not in failure_of(ZeroDivisionError("a secret of the server")).message


@given(
    st.lists(st.sampled_from(["timeout", "Time out", "CONNECTION", "HTTP 503", "http  429", "4", "29", " "]))
)
def test_no_sentence_makes_clients_send_a_job_again(words: list[str]) -> None:
    assert not RESENT.search(harmless("".join(words)))

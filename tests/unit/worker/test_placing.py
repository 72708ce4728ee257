from __future__ import annotations

import pytest

from punchin.errors import SettingsError
from punchin.worker.placing import LEFT_OUT, checked, placed, taken

KNOWN = [
    {"name": "ace-step", "available": False, "why": "no weights"},
    {"name": "embedded", "available": True, "auto": True},
    {"name": "tone", "available": True, "auto": False},
]


def names(told: list[dict[str, object]]) -> list[object]:
    return [engine["name"] for engine in told if engine["available"]]


def test_without_a_word_a_worker_takes_the_jobs_of_all_that_runs() -> None:
    assert taken(KNOWN, ()) == ["auto", "embedded", "tone"]
    assert placed(KNOWN, ()) == KNOWN


def test_what_is_left_to_others_is_neither_taken_nor_told() -> None:
    assert taken(KNOWN, ("tone",)) == ["tone"]
    told = placed(KNOWN, ("tone",))
    assert names(told) == ["tone"]
    assert told[0] == KNOWN[0], "why it does not run is still said"
    assert told[1] == {"name": "embedded", "available": False, "why": LEFT_OUT}
    assert not any(engine.get("auto") for engine in told), "nor the jobs that name none"


def test_jobs_that_name_none_are_told_with_their_engine() -> None:
    assert taken(KNOWN, ("auto",)) == ["auto"]
    told = placed(KNOWN, ("auto",))
    assert [engine["name"] for engine in told if engine.get("auto")] == ["embedded"]
    assert names(told) == ["embedded"]


def test_what_does_not_run_is_not_taken() -> None:
    assert taken(KNOWN, ("ace-step", "auto")) == ["auto"]


def test_a_name_of_nothing_is_refused() -> None:
    assert checked(("auto", "tone"), {"tone"}) == ("auto", "tone")
    with pytest.raises(SettingsError, match=r"names 'acestep'.*there are auto, ace-step, tone"):
        checked(("acestep",), {"tone", "ace-step"})

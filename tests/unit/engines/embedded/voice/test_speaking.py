import sys

import numpy as np
import pytest

from punchin.engines.embedded.voice import speaking
from punchin.engines.embedded.voice.speaking import INSTALL, can_speak, speak
from punchin.errors import EngineFailed

needs_voice = pytest.mark.skipif(not can_speak(), reason=f"py-nanotts is not installed: {INSTALL}")

RIVER, CITY = ["walking", "down", "the", "river", "road"], ["i", "can", "hear", "the", "city"]


@needs_voice
def test_the_same_words_are_the_same_samples_whatever_was_said_before():
    alone = speak([RIVER])[0]
    after = speak([CITY, RIVER, CITY, CITY, RIVER])
    np.testing.assert_array_equal(alone, after[1])
    np.testing.assert_array_equal(alone, after[4])
    assert not np.array_equal(after[0], alone)


@needs_voice
def test_speech_is_not_clipped():
    for speech in speak([RIVER, CITY, ["every", "little", "star"]]):
        assert 0.1 < np.abs(speech).max() < 0.99
        assert 0.5 < len(speech) / 16_000 < 5


def test_without_the_package_it_says_what_to_install(monkeypatch):
    monkeypatch.setattr(speaking, "find_spec", lambda _: None)
    assert not can_speak()
    with pytest.raises(ImportError, match=r"punchin\[voice\]"):
        speak([RIVER])


def test_a_crash_is_an_engine_that_failed(monkeypatch):
    class Found:
        origin = sys.executable

    monkeypatch.setattr(speaking, "find_spec", lambda _: Found)
    with pytest.raises(EngineFailed, match="py_nanotts"):
        speak([RIVER])

"""Tuning and notes of sounds whose pitches are known."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis.hearing import PITCH_RATE_HZ
from punchin.engines.embedded.analysis.pitch import beat_chroma, explained_by_notes, find_pitches, note_shapes


def tones(pitches: list[float], duration_s: float = 2.0, harmonics: int = 5) -> np.ndarray:
    t = np.arange(round(duration_s * PITCH_RATE_HZ)) / PITCH_RATE_HZ
    hz = [440 * 2 ** ((p - 69) / 12) for p in pitches]
    return sum(np.sin(2 * np.pi * h * f * t) * 0.6**h for f in hz for h in range(1, harmonics + 1)).astype(
        np.float32
    )


@pytest.mark.parametrize("off", [-0.4, -0.1, 0.0, 0.25, 0.45])
def test_tuning_is_found(off: float) -> None:
    found = find_pitches(tones([57 + off, 61 + off, 64 + off])).tuning_semitones
    assert (found - off + 0.5) % 1 - 0.5 == pytest.approx(0.0, abs=0.05)


def test_chroma_names_the_notes_whatever_the_tuning() -> None:
    for off in (0.0, 0.3):
        chroma, bass = beat_chroma(
            find_pitches(tones([41 + off, 60 + off, 64 + off, 67 + off])), np.array([0.2, 1.8])
        )
        assert set(np.argsort(chroma[0])[-4:]) >= {0, 4, 7}
        assert bass[0].argmax() == 5


def test_silence_has_no_pitch() -> None:
    found = find_pitches(np.zeros(8000, np.float32))
    assert found.tuning_semitones == 0.0
    assert not found.chroma.any()


def test_notes_explain_a_mixture_of_their_own_shapes() -> None:
    truth = np.zeros((1, len(note_shapes())), np.float32)
    truth[0, [5, 21, 40]] = 1.0, 0.5, 0.8
    found = explained_by_notes(truth @ note_shapes())
    assert set(np.argsort(found[0])[-3:]) == {5, 21, 40}
    assert np.all(found >= 0)

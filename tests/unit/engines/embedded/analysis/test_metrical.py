from types import SimpleNamespace

import numpy as np
import pytest

from punchin.engines.embedded.analysis import pitch
from punchin.engines.embedded.analysis.metrical import EVIDENCE, gathered
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets

BEAT_S, BEATS = 0.6, 32


def bass_evidence(first_s, note_s, beats_s):
    """(on halves, on wholes) of bass notes that last `note_s`, the first change at `first_s`."""
    at = np.arange(round(BEATS * BEAT_S * pitch.FRAMES_HZ)) / pitch.FRAMES_HZ
    number = np.floor((at - first_s) / note_s).astype(int)
    # A walk through all twelve notes, no two neighbours alike.
    pitches = SimpleNamespace(bass_chroma=np.eye(12)[(5 * number) % 12])
    nothing = np.full(round(BEATS * BEAT_S * FRAMES_HZ), 0.1, np.float32)
    onsets = Onsets(
        np.zeros((nothing.size, 70), np.float32), np.stack([nothing] * 4, axis=1), nothing, nothing
    )
    found = dict(zip(EVIDENCE, gathered(onsets, pitches, beats_s, 1.0), strict=True))
    return found["bass on"], found["bass beats"]


@pytest.mark.parametrize("beats_a_note", [1, 2, 4])
def test_bass_notes_that_fill_beats_speak_for_the_beat_and_against_half_a_beat_later(beats_a_note):
    beats_s = (np.arange(BEATS - 2) + 1) * BEAT_S
    now = bass_evidence(0.0, beats_a_note * BEAT_S, beats_s)
    later = bass_evidence(0.0, beats_a_note * BEAT_S, beats_s + BEAT_S / 2)
    assert min(now) > 0.15
    assert max(later) < -0.15


def test_a_bass_that_stays_says_nothing():
    assert bass_evidence(-1.0, 1000.0, (np.arange(BEATS - 2) + 1) * BEAT_S) == (0.0, 0.0)


def test_early_notes_are_told_by_whole_beats():
    """Each note comes a little before its beat: half beats still tell, and so do whole ones."""
    on, beats = bass_evidence(-0.12 * BEAT_S, BEAT_S, (np.arange(BEATS - 2) + 1) * BEAT_S)
    assert on > 0
    assert beats > 0.1


@pytest.mark.parametrize("beats", [3, 4])
def test_a_handful_of_beats_has_finite_evidence(beats):
    assert np.isfinite(bass_evidence(0.0, BEAT_S, np.arange(beats) * BEAT_S)).all()

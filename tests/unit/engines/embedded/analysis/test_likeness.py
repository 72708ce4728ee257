"""Who plays where: bars without bass or without cymbals stand out, whatever the level."""

import numpy as np
import pytest

from punchin.engines.embedded.analysis.hearing import hear
from punchin.engines.embedded.analysis.likeness import GONE_DB, playing_db
from punchin.engines.embedded.analysis.onsets import find_onsets
from punchin.song import Song

RATE_HZ = 22_050
BEAT_S = 0.5
BASS, CYMBALS = 0, 1


def song(beats=48, *, bass=True, cymbals=True, gain=1.0):
    """A chord; bass on every beat and cymbals on every half, but for the beats 16 to 32 of what is off."""
    t = np.arange(round(beats * BEAT_S * RATE_HZ)) / RATE_HZ
    off = (t >= 16 * BEAT_S) & (t < 32 * BEAT_S)
    low = np.sin(2 * np.pi * 60 * t) * np.exp(-(t % BEAT_S) * 6) * (bass | ~off)
    noise = np.diff(np.random.default_rng(0).standard_normal(t.size + 1))
    high = 0.2 * noise * np.exp(-(t % (BEAT_S / 2)) * 30) * (cymbals | ~off)
    chord = sum(np.sin(2 * np.pi * f * t) for f in (330, 415, 494)) * 0.1
    return Song((gain * 0.2 * (low + high + chord))[None].astype(np.float32), RATE_HZ)


def heard(made, beats=48):
    onsets = find_onsets(hear(made).wave)
    return playing_db(onsets, np.arange(beats + 1) * BEAT_S, 4)


@pytest.mark.parametrize("gone", [BASS, CYMBALS])
def test_who_is_gone_is_gone_and_the_other_plays_on(gone):
    rows = heard(song(bass=gone != BASS, cymbals=gone != CYMBALS))
    inside, outside = slice(19, 29), np.r_[3:13, 35:45]
    assert np.all(rows[inside, gone] < -10)
    assert np.all(np.abs(rows[outside, gone]) < 2)
    assert np.all(np.abs(rows[:, 1 - gone]) < 3)


def test_it_is_against_what_is_usual_in_the_song():
    loud, soft = heard(song(bass=False)), heard(song(bass=False, gain=0.03))
    np.testing.assert_allclose(loud, soft, atol=0.5)
    assert np.abs(loud).max() <= GONE_DB


@pytest.mark.parametrize("beats", [1, 2, 5])
def test_a_few_beats_and_silence_have_finite_levels(beats):
    silence = Song(np.zeros((1, round(beats * BEAT_S * RATE_HZ)), np.float32), RATE_HZ)
    rows = heard(silence, beats)
    assert rows.shape == (beats, 2)
    assert not rows.any()

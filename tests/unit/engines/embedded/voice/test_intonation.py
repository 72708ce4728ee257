import numpy as np

from punchin.engines.embedded.voice.intonation import spoken_pitch, sung_pitch
from punchin.engines.embedded.voice.melody import Tune
from punchin.engines.embedded.voice.rhythm import Timing

TIMES = np.arange(0, 4, 0.005)
TIMING = Timing(np.array([0.5, 1.5, 1.88]), np.array([1.5, 1.88, 3.5]), np.array([0, 1, 2.0]))
TUNE = Tune(np.array([60.0, 64.0, 57.0]))


def pitch(tuned=0.0, seed=1):
    return sung_pitch(TIMES, TIMING, TUNE, tuned, np.random.default_rng(seed))


def during(line, start, end):
    return line[(start <= TIMES) & (end > TIMES)]


def test_notes_are_reached_within_a_few_cents():
    line = pitch()
    for note, onset, end in zip(TUNE.pitches, TIMING.onsets_s, TIMING.ends_s, strict=True):
        assert abs(np.median(during(line, onset + 0.2, end - 0.05)) - note) < 0.15


def test_pitch_overshoots_a_leap_and_starts_before_the_vowel():
    """Saitou et al. 2005: the damped oscillator goes beyond the note by exp(-πζ/√(1-ζ²)), 13 %."""
    line = pitch()
    assert 64.2 < during(line, 1.5, 1.7).max() < 65.0
    assert during(line, 1.46, 1.5).max() > 60.3


def test_long_notes_have_vibrato_and_short_ones_do_not():
    line = pitch()
    spread = np.std(during(line, 2.6, 3.4)), np.std(during(line, 1.7, 1.83))
    assert spread[0] > 0.15
    crossings = np.sum(np.diff(np.sign(during(line, 2.6, 3.4) - 57.0)) != 0) / 2 / 0.8
    assert 4.5 < crossings < 7
    assert spread[1] < 0.08


def test_a_tuned_voice_stands_still():
    line = pitch(tuned=1.0)
    assert np.ptp(during(line, 2.2, 3.4)) < 0.02
    assert abs(during(line, 1.56, 1.6)[0] - 64) < 0.2


def test_a_rapper_follows_speech_around_his_middle():
    hz = 200 * 2 ** (np.sin(np.arange(100) / 10) / 4)
    rows = np.linspace(0, 99, 300)
    line = spoken_pitch(hz, rows, np.zeros(300), 50.0)
    assert abs(np.median(line) - 50) < 0.3
    assert np.corrcoef(line, np.interp(rows, np.arange(100), hz))[0, 1] > 0.99
    assert np.allclose(spoken_pitch(hz, rows, np.ones(300), 50.0) - line, 1.0)
    assert np.allclose(spoken_pitch(np.zeros(10), rows[:5], np.zeros(5), 50.0), 50.0)

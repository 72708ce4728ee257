from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.voice.layout import TAIL_S, Slot
from punchin.engines.embedded.voice.rhythm import in_rhythm, in_speech
from support.grounds import made_ground

LINE = "walking down the river road tonight"


def dice(seed=1):
    return np.random.default_rng(seed)


def timed(phrase, ground, slot=None, delivery="sing", after_s=0.0, seed=1):
    slot = slot or Slot(0, len(ground.positions))
    return in_rhythm(phrase, slot, after_s, ground, delivery, dice(seed))


@pytest.mark.parametrize("seed", range(5))
def test_syllables_fall_on_the_grid(made_phrase, seed):
    ground = made_ground(16, 100)
    timing = timed(made_phrase(LINE), ground, Slot(4, 12), seed=seed)
    eighths = timing.onsets_s / 0.3
    np.testing.assert_allclose(eighths, np.round(eighths), atol=1e-9)
    np.testing.assert_allclose(timing.beats, timing.onsets_s / 0.6, atol=1e-9)
    assert np.all(np.diff(timing.onsets_s) > 0)


def test_stressed_syllables_fall_on_stronger_places(made_phrase):
    phrase = made_phrase(LINE)
    strong = {0: 2.0, 2: 1.5, 1: 1.0, 3: 1.0}
    stressed, weak = [], []
    for seed in range(12):
        timing = timed(phrase, made_ground(8, 100), seed=seed)
        for syllable, beat in zip(phrase.syllables, timing.beats, strict=True):
            place = strong[int(beat) % 4] if beat % 1 == 0 else 0.0
            (stressed if syllable.stress == 1 else weak).append(place)
    assert np.mean(stressed) > np.mean(weak) + 0.4


def test_an_unstressed_beginning_comes_before_the_bar(made_phrase):
    ground = made_ground(24, 100)
    timing = timed(made_phrase("the river in the light"), ground, Slot(8, 16))
    assert timing.beats[0] < 8 <= timing.beats[1]


def test_the_last_syllable_of_a_sung_line_is_long(made_phrase):
    phrase = made_phrase(LINE)
    longer = 0
    for seed in range(10):
        timing = timed(phrase, made_ground(8, 100), seed=seed)
        lengths = timing.ends_s - timing.onsets_s
        longer += lengths[-1] > np.median(lengths)
    assert longer >= 6


def test_everything_ends_before_the_hole_and_begins_after_its_consonants(made_phrase):
    for tempo in (60, 97, 160):
        ground = made_ground(8, tempo)
        timing = timed(made_phrase("strengths of the strong"), ground)
        assert timing.onsets_s[0] >= 0.02 + 3 * 0.06
        assert timing.ends_s[-1] <= ground.duration_s - TAIL_S + 1e-9
        assert all(
            end <= start + 1e-9 for end, start in zip(timing.ends_s, timing.onsets_s[1:], strict=False)
        )


def test_a_line_waits_for_the_one_before(made_phrase):
    ground = made_ground(16, 100)
    timing = timed(made_phrase(LINE), ground, Slot(4, 12), after_s=3.0)
    assert timing.onsets_s[0] > 3.0


def test_gaps_leave_room_for_consonants(made_phrase):
    phrase = made_phrase("strengths strengths strengths strengths")
    timing = timed(phrase, made_ground(8, 120))
    assert np.diff(timing.onsets_s).min() >= 0.07 + 0.7 * 7 * 0.06 - 0.02


def test_crowded_places_get_longer_gaps(made_phrase):
    """From vowel to vowel of "strengths are" takes longer than an eighth of 0.21 s."""
    phrase = made_phrase("strengths are strengths are strengths")
    for seed in range(6):
        gaps = np.diff(timed(phrase, made_ground(6, 140), seed=seed).onsets_s)
        assert gaps[::2].min() > 0.4


def test_no_vowel_begins_too_late_to_be_said(made_phrase):
    """The places after 4.4 s of 4.8 leave no time for "ngths"."""
    ground = made_ground(8, 100)
    assert timed(made_phrase("strengths"), ground, after_s=4.2) is None
    assert timed(made_phrase("strengths"), ground, after_s=3.8) is not None


def test_a_line_that_must_wait_is_denser(made_phrase):
    ground = made_ground(8, 100)
    timing = timed(made_phrase(LINE), ground, after_s=2.4)
    assert timing.onsets_s[0] > 2.4
    assert np.diff(timing.onsets_s).min() == pytest.approx(0.15)


def test_what_cannot_fit_is_none(made_phrase):
    phrase = made_phrase("a very long line of words " * 3)
    assert timed(phrase, made_ground(1, 180), Slot(0, 1)) is None
    assert timed(phrase, made_ground(4, 120), after_s=1.9) is None
    assert in_speech(phrase, Slot(0, 4), 1.9, made_ground(4, 120)) is None


def test_rappers_rest_after_the_line(made_phrase):
    ground = made_ground(16, 80)
    timing = timed(made_phrase(LINE), ground, delivery="rap")
    assert 9 / (timing.onsets_s[-1] - timing.onsets_s[0]) > 3.0
    sixteenths = timing.onsets_s / (0.75 / 4)
    np.testing.assert_allclose(sixteenths, np.round(sixteenths), atol=1e-9)


def test_the_songs_swing_is_sung(made_phrase):
    ground = made_ground(16, 100, swing=0.66)
    onsets = timed(made_phrase(LINE), ground).onsets_s / 0.6
    off = [o % 1 for o in onsets if 0.01 < o % 1 < 0.99]
    assert off
    np.testing.assert_allclose(off, 0.66, atol=1e-6)


def test_seeds_give_other_rhythms_and_the_same_seed_the_same(made_phrase):
    phrase, ground = made_phrase(LINE), made_ground(16, 100)
    rhythms = [tuple(timed(phrase, ground, seed=seed).onsets_s) for seed in range(6)]
    assert len(set(rhythms)) >= 3
    assert rhythms[2] == tuple(timed(phrase, ground, seed=2).onsets_s)


def test_spoken_words_keep_their_own_rhythm_unless_there_is_no_time(made_phrase):
    phrase = made_phrase(LINE)
    natural = [phrase.phones[s.vowel].start_s for s in phrase.syllables]
    timing = in_speech(phrase, Slot(2, 10), 0.0, made_ground(16, 100))
    np.testing.assert_allclose(np.diff(timing.onsets_s), np.diff(natural), atol=1e-9)
    assert timing.onsets_s[0] == pytest.approx(1.2)
    quick = in_speech(phrase, Slot(0, 4), 0.0, made_ground(4, 180))
    assert quick.onsets_s[-1] < 4 / 3 - TAIL_S
    ratios = np.diff(quick.onsets_s) / np.diff(natural)
    np.testing.assert_allclose(ratios, ratios[0])
    assert all(a < b for a, b in pairwise(quick.onsets_s))

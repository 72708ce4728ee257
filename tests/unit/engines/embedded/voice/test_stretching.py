from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.voice.rhythm import Timing
from punchin.engines.embedded.voice.stretching import sources, stretched

LINE = "take my hand and set the morning free"


def timing_at(onsets, last=0.5):
    onsets = np.asarray(onsets, dtype=float)
    return Timing(onsets, np.append(onsets[1:], onsets[-1] + last), onsets)


@pytest.fixture
def phrase(made_phrase):
    return made_phrase(LINE)


@pytest.fixture
def timing(phrase):
    return timing_at(0.5 + 0.4 * np.arange(len(phrase.syllables)))


def test_each_vowel_begins_on_its_beat(phrase, timing):
    pieces = stretched(phrase, timing)
    for k, (syllable, onset) in enumerate(zip(phrase.syllables, timing.onsets_s, strict=True)):
        first = next(p for p in pieces if p.syllable == k and p.vowel)
        assert first.start_s == pytest.approx(onset)
        assert first.from_s == pytest.approx(phrase.phones[syllable.vowel].start_s)


def test_pieces_are_in_order_and_every_sound_is_heard(phrase, timing):
    pieces = stretched(phrase, timing)
    assert all(a.end_s <= b.start_s + 1e-9 for a, b in pairwise(pieces))
    assert all(p.end_s > p.start_s and p.to_s > p.from_s for p in pieces)
    heard = {(round(p.from_s, 6)) for p in pieces}
    assert all(round(phone.start_s, 6) in heard for phone in phrase.phones)


def test_consonants_keep_their_length_where_there_is_room(phrase, timing):
    for piece in stretched(phrase, timing):
        if not piece.vowel:
            assert piece.end_s - piece.start_s == pytest.approx(piece.to_s - piece.from_s)


def test_vowels_fill_the_time_between(phrase, timing):
    pieces = stretched(phrase, timing)
    for a, b in pairwise(pieces):
        assert b.start_s - a.end_s < 1e-9


def test_crowded_syllables_keep_a_vowel(phrase):
    pieces = stretched(phrase, timing_at(0.5 + 0.12 * np.arange(len(phrase.syllables))))
    for k in range(len(phrase.syllables)):
        vowel = [p for p in pieces if p.syllable == k and p.vowel]
        assert vowel[-1].end_s - vowel[0].start_s >= 0.03


def test_a_held_vowel_glides_at_its_end_as_it_was_spoken(made_phrase):
    phrase = made_phrase("my")
    pieces = [p for p in stretched(phrase, timing_at([0.5], 1.5)) if p.vowel]
    assert len(pieces) == 3
    onset, held, glide = pieces
    assert held.end_s - held.start_s > 1.0
    for piece in (onset, glide):
        assert piece.end_s - piece.start_s == pytest.approx(piece.to_s - piece.from_s)


def test_a_rest_is_silent_and_its_consonants_belong_to_their_words(made_phrase):
    phrase = made_phrase("cat stop")
    timing = Timing(np.array([0.5, 2.0]), np.array([1.0, 2.5]), np.array([0.0, 2.0]))
    pieces = stretched(phrase, timing)
    t = next(p for p in pieces if p.from_s == pytest.approx(phrase.phones[2].start_s))
    s = next(p for p in pieces if p.from_s == pytest.approx(phrase.phones[3].start_s))
    assert t.end_s == pytest.approx(1.0)
    assert s.start_s == pytest.approx(2.0 - 2 * 0.06)
    _, index = sources(pieces, np.array([0.7, 1.5, 1.95]))
    assert index[1] == -1
    assert index[0] >= 0
    assert index[2] >= 0


def test_a_gap_too_short_for_a_rest_is_sung_through(made_phrase):
    phrase = made_phrase("oh so")
    timing = Timing(np.array([0.5, 1.0]), np.array([0.9, 1.5]), np.array([0.0, 1.0]))
    pieces = stretched(phrase, timing)
    s = next(p for p in pieces if not p.vowel)
    before = max(p.end_s for p in pieces if p.syllable == 0)
    assert s.start_s == pytest.approx(0.94)
    assert before == pytest.approx(0.94)
    early = Timing(np.array([0.5, 1.0]), np.array([1.0, 1.5]), np.array([0.0, 1.0]))
    assert max(p.end_s for p in stretched(phrase, early) if p.syllable == 0) == pytest.approx(0.94)


def test_rapped_vowels_end_early(made_phrase):
    phrase = made_phrase("my")
    pieces = [p for p in stretched(phrase, timing_at([0.5], 1.5), 1.5) if p.vowel]
    assert pieces[-1].end_s - pieces[0].start_s == pytest.approx(1.5 * 0.12)


def test_sources_go_through_each_piece(phrase, timing):
    pieces = stretched(phrase, timing)
    times = np.arange(0, 5, 0.001)
    source, index = sources(pieces, times)
    for number, piece in enumerate(pieces):
        mine = source[index == number]
        assert np.all((mine >= piece.from_s - 1e-9) & (mine <= piece.to_s + 1e-9))
        assert np.all(np.diff(mine) >= 0)
    assert index[0] == -1
    assert index[-1] == -1

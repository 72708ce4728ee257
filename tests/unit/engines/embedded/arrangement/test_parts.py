from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.arrangement import RANGES, arrange, library
from punchin.engines.embedded.tags.style import Part, Style
from support.grounds import AM, C, F, made_ground

FIGURES = sorted(library().figures)
INSTRUMENTS = {"chords": "piano", "pad": "strings", "arp": "harp", "lead": "flute", "hits": "brass"}


def played(role, figure, ground=None, seed=1, variance=0.5, instrument=None, **style):
    part = Part(role, instrument or INSTRUMENTS[role], figure, asked=True)
    score = arrange(Style(parts=(part,), **style), ground or made_ground(), seed=seed, variance=variance)
    return score.tracks[0].notes if score.tracks else ()


def chord_at(ground, seconds):
    return ground.chords[min(int(seconds / 0.6 + 0.03), len(ground.chords) - 1)]


@pytest.mark.parametrize(("role", "figure"), FIGURES)
def test_every_figure_plays_in_its_range(role, figure):
    notes = played(role, figure)
    assert notes
    instrument = RANGES[INSTRUMENTS[role]]
    assert all(instrument.low - 12 <= note.pitch <= instrument.high for note in notes)


@pytest.mark.parametrize(("role", "figure"), [x for x in FIGURES if x[0] != "lead"])
@pytest.mark.parametrize("beats_a_chord", [4, 3, 1])
def test_every_note_belongs_to_the_chord_it_sounds_with(role, figure, beats_a_chord):
    """From its start to its end, within what hands and rolls are late."""
    ground = made_ground(32, beats_a_chord=beats_a_chord)
    for note in played(role, figure, ground, humanity=0.0):
        for seconds in (note.start_s, note.start_s + note.duration_s - 0.07):
            chord = chord_at(ground, max(note.start_s, seconds))
            assert note.pitch % 12 in chord.pitch_classes, f"{note} over {chord}"


@pytest.mark.parametrize("figure", ["quarters", "strum", "flow", "hold"])
def test_rich_chords_have_the_tensions_of_the_style(figure):
    ground = made_ground(32, chords=(C, F))
    ground.support[:, [11, 4]] = 1.0
    tensions = {note.pitch % 12 for note in played("chords", figure, ground, sevenths=1.0)}
    assert tensions <= {0, 4, 7, 11, 5, 9}
    assert 11 in tensions


@pytest.mark.parametrize("instrument", ["piano", "steel-guitar", "strings", "supersaw"])
def test_an_unsure_third_is_never_played(instrument):
    ground = made_ground(16, chords=(C,))
    ground.support[:, 4] = 0.05
    for seed in range(5):
        notes = played("chords", "quarters", ground, seed=seed, instrument=instrument, sevenths=0.4)
        assert {note.pitch % 12 for note in notes} == {0, 7}


def test_power_chords_have_no_third_even_where_it_is_sure():
    notes = played("chords", "power", instrument="distorted-guitar")
    for group in np.split(np.array([n.pitch for n in notes]), np.arange(3, len(notes), 3)):
        assert sorted((group - group.min()).tolist()) == [0, 7, 12]


def test_pads_hold_what_two_chords_share():
    notes = played("pad", "hold", made_ground(8, chords=(AM, C)), humanity=0.0, variance=0)
    assert len(notes) < 6
    assert any(note.duration_s > 4 for note in notes)


def test_a_pad_fills_the_hole_without_gaps():
    ground = made_ground(32)
    notes = played("pad", "hold", ground)
    for seconds in np.arange(0.1, ground.duration_s - 0.5, 0.1):
        sounding = sum(note.start_s <= seconds < note.start_s + note.duration_s for note in notes)
        assert sounding >= 2 or any(abs(seconds - b) < 0.15 for b in ground.beats_s)


def test_a_pad_sounds_from_the_start_of_a_hole_inside_a_bar():
    ground = made_ground(16, first_position=2, begins_s=-0.3)
    assert min(note.start_s for note in played("pad", "hold", ground)) <= 0.05


def test_strums_go_over_the_strings():
    notes = played("chords", "strum", instrument="steel-guitar", humanity=0.0, variance=0)
    first = [note for note in notes if note.start_s < 0.1]
    assert len(first) >= 4
    assert [n.pitch for n in first] == sorted(n.pitch for n in first)
    assert 0.01 < first[-1].start_s - first[0].start_s < 0.03


def test_picked_notes_ring_on_except_where_the_figure_is_short():
    flow, montuno = played("chords", "flow"), played("chords", "montuno")
    assert np.median([note.duration_s for note in flow]) > 0.5
    assert np.median([note.duration_s for note in montuno]) < 0.2


def test_all_notes_of_a_chord_are_struck_by_one_hand():
    for bar in range(1, 7):
        chord = [n.start_s for n in played("pad", "hold", humanity=3.0) if abs(n.start_s - bar * 2.4) < 0.1]
        assert max(chord) - min(chord) < 1e-9


def test_chords_are_tuned_to_the_song():
    notes = played("chords", "quarters", made_ground(8, tuning_semitones=-0.2))
    assert all(note.pitch % 1 == pytest.approx(0.8) for note in notes)


def test_a_dense_arpeggio_has_sixteenths():
    assert len(played("arp", "eighths", density=1.5)) > 1.5 * len(played("arp", "eighths"))


def test_arpeggios_go_other_ways_for_other_seeds():
    ways = {tuple(n.pitch for n in played("arp", "eighths", seed=seed)[:8]) for seed in range(10)}
    assert len(ways) >= 4


@pytest.mark.parametrize("figure", ["melody", "calls", "riff", "solo"])
def test_melodies_lean_on_chord_tones_and_stay_in_key(figure):
    ground = made_ground(64)
    for seed in range(4):
        notes = played("lead", figure, ground, seed=seed, humanity=0.0)
        long = [n for n in notes if n.duration_s >= 0.55]
        assert all(n.pitch % 12 in chord_at(ground, n.start_s).pitch_classes for n in long)
        assert {n.pitch % 12 for n in notes} <= {0, 2, 4, 5, 7, 9, 11}


def test_melodies_move_by_steps_and_small_leaps():
    leaps = [
        abs(a.pitch - b.pitch)
        for seed in range(6)
        for a, b in pairwise(played("lead", "melody", made_ground(64), seed=seed))
    ]
    steps = np.isin(leaps, [1, 2])
    assert 0.45 <= np.mean(steps) <= 0.85
    assert np.mean(np.array(leaps) <= 4) >= 0.7
    assert max(leaps) <= 12


def test_melodies_repeat_their_motif():
    """Over one chord, phrases with the same motif have the same shape: some bar comes again."""
    ground = made_ground(64, chords=(C,))
    again = 0
    for seed in range(6):
        notes = played("lead", "riff", ground, seed=seed, humanity=0.0, variance=0.2)
        phrases = Counter()
        for phrase in range(8):
            inside = [n for n in notes if phrase * 4.8 - 1e-6 <= n.start_s < (phrase + 1) * 4.8 - 1e-6]
            phrases[tuple((round(n.start_s - phrase * 4.8, 2)) for n in inside)] += 1
        again += max(phrases.values()) >= 3
    assert again == 6


def test_melodies_differ_by_seed():
    assert len({tuple(n.pitch for n in played("lead", "melody", seed=seed)) for seed in range(8)}) >= 7


def test_without_a_beat_only_what_was_asked_for_moves():
    ground = made_ground(steady=False)
    asked = played("chords", "quarters", ground)
    part = Part("chords", "piano", "quarters")
    brought = arrange(Style(parts=(part,)), ground, seed=1).tracks[0].notes
    assert len(brought) < len(asked) / 2


def test_timpani_play_the_root():
    ground = made_ground(16)
    for note in played("hits", "downbeat", ground, instrument="timpani"):
        assert note.pitch % 12 == chord_at(ground, note.start_s).root

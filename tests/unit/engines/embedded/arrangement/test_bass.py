from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.arrangement import RANGES, arrange, library
from punchin.engines.embedded.tags.style import Bass, Style
from support.grounds import AM, C, F, G, made_ground

LINES = sorted(library().lines)


def played(line, ground=None, seed=1, variance=0.5, instrument="finger-bass", **style):
    score = arrange(
        Style(bass=Bass(instrument, line), **style), ground or made_ground(), seed=seed, variance=variance
    )
    return score.tracks[0].notes if score.tracks else ()


@pytest.mark.parametrize("line", LINES)
def test_every_line_plays_inside_its_range_one_note_at_a_time(line):
    notes = played(line, tempo := made_ground(tempo_bpm=110))
    assert len(notes) >= 6
    assert all(RANGES["finger-bass"].low <= note.pitch <= RANGES["finger-bass"].high + 6 for note in notes)
    for a, b in pairwise(notes):
        assert a.start_s + a.duration_s <= b.start_s + 1e-9
    assert notes[-1].start_s + notes[-1].duration_s <= tempo.duration_s


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("beats_a_chord", [4, 2, 3])
def test_every_new_chord_is_met_by_its_root(line, beats_a_chord):
    """On the change; lines that come late meet it with the first note they play."""
    ground = made_ground(32, beats_a_chord=beats_a_chord)
    for seed in range(3):
        notes = played(line, ground, seed=seed, humanity=0.0)
        for k in range(beats_a_chord, 28, beats_a_chord):
            change_s = float(ground.beats_s[k])
            first = next(note for note in notes if note.start_s >= change_s - 1e-6)
            if first.start_s < change_s + beats_a_chord * 0.6 - 1e-6:
                assert first.pitch % 12 == ground.chords[k].root, f"beat {k}"
            if not library().lines[line].late and line not in ("gallop", "wobble"):
                assert first.start_s <= change_s + 0.16, f"beat {k}: silent on the change"


def test_roots_stay_near_each_other():
    notes = played("hold", made_ground(32, chords=(AM, F, C, G, F, C)))
    assert max(abs(a.pitch - b.pitch) for a, b in pairwise(notes)) <= 8


def test_a_walking_bass_walks():
    """Steps and small leaps, a note a beat, and each new root is reached from near it."""
    for seed in range(6):
        notes = played("walk", made_ground(32, tempo_bpm=140), seed=seed, instrument="upright-bass")
        assert len(notes) == 32
        leaps = [abs(a.pitch - b.pitch) for a, b in pairwise(notes)]
        assert np.mean(leaps) <= 4.5
        assert max(leaps) <= 12
        into_roots = [leaps[k - 1] for k in range(4, 32, 4)]
        assert np.mean(into_roots) <= 3


def test_walking_lines_differ_by_seed():
    assert len({tuple(n.pitch for n in played("walk", seed=seed)) for seed in range(5)}) >= 4


def test_an_approach_is_a_step_from_the_root_it_leads_to():
    ground = made_ground(32, chords=(AM, G))
    for seed in range(4):
        notes = played("eighths", ground, seed=seed, humanity=0.0, variance=0)
        before = [n for n in notes if abs(n.start_s - (8 * 0.6 - 0.3)) < 1e-6]
        after = next(n for n in notes if abs(n.start_s - 8 * 0.6) < 1e-6)
        assert abs(before[0].pitch - after.pitch) in (1, 2)


def test_an_808_slides():
    notes = played("slide", made_ground(32, tempo_bpm=140), instrument="bass-808")
    assert any(note.slide_s > 0 for note in notes)
    assert notes[0].slide_s == 0


def test_an_unsure_third_is_never_played():
    ground = made_ground(32, chords=(C,))
    ground.support[:, 4] = 0.05
    for line in ("walk8", "reggae", "motown", "blues"):
        assert 4 not in {note.pitch % 12 for note in played(line, ground)}


def test_the_bass_is_in_the_songs_tuning():
    notes = played("roots", made_ground(16, tuning_semitones=0.3))
    assert all(note.pitch % 1 == pytest.approx(0.3) for note in notes)


def test_without_a_beat_the_bass_holds_its_notes():
    assert len(played("sixteenths", made_ground(steady=False))) <= 10


def test_sparse_leaves_notes_out():
    assert len(played("eighths", sparseness=0.8)) < len(played("eighths"))

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.arrangement.library import Tempi
from punchin.engines.embedded.arrangement.timing import (
    LOOSEST_S,
    Clock,
    Hands,
    Swing,
    counted,
    pace_for,
    song_bars,
    within,
)
from support.grounds import made_ground


@given(st.lists(st.floats(0.2, 1.5), min_size=1, max_size=20), st.floats(-3, 25))
@settings(deadline=None)
def test_clock_and_back(lengths, beat):
    clock = Clock(np.concatenate([[-0.3], -0.3 + np.cumsum(lengths)]))
    assert clock.beat(clock.seconds(beat)) == pytest.approx(beat)


def test_the_clock_runs_on_before_and_after_the_known_beats():
    clock = Clock(np.array([0.0, 0.5, 1.1]))
    assert clock.seconds(-1) == pytest.approx(-0.5)
    assert clock.seconds(3) == pytest.approx(1.7)


@given(st.floats(0.5, 0.75), st.sampled_from([0.125, 0.25, 0.5]), st.floats(-4, 40))
@settings(deadline=None)
def test_swing_keeps_beats_and_order(share, unit, beat):
    swing = Swing(unit, share)
    assert swing.bend(round(beat)) == pytest.approx(round(beat))
    assert swing.bend(beat) <= swing.bend(beat + 0.01)


def test_swing_moves_the_second_of_a_pair_to_its_share():
    assert Swing(0.5, 2 / 3).bend(3.5) == pytest.approx(3 + 2 / 3)
    assert Swing(0.25, 0.6).bend(3.25) == pytest.approx(3.3)
    assert Swing(0.25, 0.6).bend(3.5) == pytest.approx(3.5)
    assert Swing(0.25, 0.5, song=2 / 3).bend(3.25) == pytest.approx(3 + 1 / 3)


def test_the_songs_own_swing_is_kept_unless_another_is_asked_for():
    assert Swing.choose(None, 0.66, 1.0) == Swing(0.5, 0.66)
    assert Swing.choose(None, 0.51, 1.0) == Swing(0.5, 0.5)
    assert Swing.choose(0.66, 0.5, 1.0) == Swing(0.5, 0.66)
    assert Swing.choose(0.58, 0.66, 1.0) == Swing(0.25, 0.58, 0.66)
    assert Swing.choose(0.66, 0.5, 0.5).unit == 0.25


def test_bars_at_the_edges_are_completed():
    ground = made_ground(7, first_position=2)
    assert song_bars(ground, Clock(ground.beats_s)) == [(-2, 2), (2, 6), (6, 10)]


def test_bars_before_and_after_the_hole_are_left_out():
    ground = made_ground(16, begins_s=-2.4, duration_s=4.8)
    assert song_bars(ground, Clock(ground.beats_s)) == [(4, 8), (8, 12)]


def test_a_missed_downbeat_still_gives_bars():
    ground = made_ground(12)
    object.__setattr__(ground, "positions", np.array([0, 1, 2, 3, 1, 1, 2, 3, 0, 1, 2, 3]))
    assert song_bars(ground, Clock(ground.beats_s)) == [(0, 4), (4, 8), (8, 12)]


def test_double_time_counts_two_bars_in_one_and_half_time_one_in_two():
    bars = [(0, 4), (4, 8), (8, 12)]
    double, half = counted(bars, 2), counted(bars, 0.5)
    assert [(b.start, b.pulses, b.pulse) for b in double] == [(2.0 * k, 4, 0.5) for k in range(6)]
    assert [(b.start, b.pulses, b.pulse) for b in half] == [(0, 4, 2), (8, 4, 2)]
    assert [b.start for b in counted([(-2, 2), (2, 6)], 0.5)] == [-6, 2]


@pytest.mark.parametrize(("tempo", "pace"), [(70, 2), (85, 2), (140, 1), (165, 1), (280, 0.5)])
def test_patterns_are_played_in_the_time_where_they_sit_well(tempo, pace):
    assert pace_for(Tempi(120, 170), tempo) == pace


def test_a_pattern_shares_the_grooves_time_unless_it_sits_badly():
    assert pace_for(Tempi(80, 150), 75, home=2.0) == 2.0
    assert pace_for(Tempi(60, 80), 150, home=1.0) == 0.5
    assert pace_for(Tempi(80, 120), 100, feel=0.5) == 0.5
    assert pace_for(Tempi(120, 170), 70, feel=2) == 2


def test_hands_stay_near_the_beat_and_machines_on_it():
    loose = Hands(np.random.default_rng(1), 1.0)
    moved = np.array([loose.moved() for _ in range(500)])
    assert np.abs(moved).max() <= LOOSEST_S
    assert moved.std() > 0.002
    machine = Hands(np.random.default_rng(1), 0.0)
    assert {machine.moved() for _ in range(20)} == {0.0}
    assert machine.strength(0.7) == 0.7


@given(st.floats(-3, 12), st.floats(0.01, 6), st.floats(0.02, 10), st.floats(0, 0.5))
@settings(deadline=None)
def test_notes_are_cut_to_the_hole(start, length, duration, tail):
    cut = within(start, length, duration, tail)
    if cut:
        assert cut[0] >= 0
        assert cut[1] > 0
        assert cut[0] + cut[1] <= duration - min(tail, 0.3 * duration) + 1e-9


def test_a_long_note_from_before_the_hole_sounds_on_and_a_short_one_does_not():
    assert within(-1.0, 3.0, 10.0, 0.1) == (0.0, 2.0)
    assert within(-1.0, 1.1, 10.0, 0.1) is None
    assert within(-0.01, 0.2, 10.0, 0.1) == (0.0, 0.2)

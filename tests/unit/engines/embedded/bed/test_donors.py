import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.analysis import BeatGrid, Form
from punchin.engines.embedded.bed import LOOSE, ON_THE_GRID
from punchin.engines.embedded.bed.donors import FEWEST_DONORS, Freedom, choose_donors
from punchin.engines.embedded.bed.likeness import likeness
from punchin.engines.embedded.bed.model import Beats


def grid(beats, beats_per_bar=4, beat_s=0.5):
    return BeatGrid(
        times_s=np.arange(beats + 1) * beat_s,
        positions=np.arange(beats) % beats_per_bar,
        beats_per_bar=beats_per_bar,
        swing=0.5,
        confidence=1.0,
        downbeat_confidence=1.0,
    )


def strangers(beats, seed=0):
    return np.random.default_rng(seed).standard_normal((beats, 8))


def choose(beats, hole, features=None, taste=ON_THE_GRID, variance=0.3, seed=1, beats_per_bar=4):
    rows = strangers(beats) if features is None else features
    return choose_donors(grid(beats, beats_per_bar), rows, hole, taste, Freedom.of(variance), seed)


@settings(max_examples=40, deadline=None)
@given(
    beats=st.integers(24, 80),
    beats_per_bar=st.sampled_from([3, 4]),
    start=st.integers(0, 60),
    length=st.integers(1, 40),
    seed=st.integers(0, 2**31 - 1),
    variance=st.floats(0, 1),
)
def test_donors_stand_at_the_same_place_of_the_bar_and_outside_the_hole(
    beats, beats_per_bar, start, length, seed, variance
):
    first = min(start, beats - 1)
    hole = Beats(first, min(beats, first + length))
    path = choose(beats, hole, variance=variance, seed=seed, beats_per_bar=beats_per_bar)
    assert len(path.donors) == len(hole)
    outside = beats - len(hole)
    if outside >= max(FEWEST_DONORS, len(hole) // 4):
        assert path.bar_place_kept
        assert not path.from_hole
        for target, donor in zip(range(hole.first, hole.end), path.donors, strict=True):
            assert donor % beats_per_bar == target % beats_per_bar
            assert not hole.first <= donor < hole.end


def test_the_seed_changes_the_path_and_repeats_it():
    hole = Beats(30, 46)
    paths = [choose(80, hole, seed=seed).donors for seed in range(6)]
    assert len(set(paths)) >= 4
    assert paths == [choose(80, hole, seed=seed).donors for seed in range(6)]


def test_a_repeated_section_is_taken_whole_when_nothing_may_vary():
    verse = strangers(24)
    features = np.concatenate([verse, strangers(24, 1), verse, strangers(24, 2)])
    path = choose(96, Beats(4, 20), features, variance=0.0)
    assert path.donors == tuple(range(52, 68))


def test_little_variance_stays_nearer_to_the_original_than_much():
    rows = np.tile(strangers(24), (4, 1)) + 0.3 * strangers(96, 5)
    hole = Beats(40, 56)
    alone = likeness(rows).alone

    def distance(variance):
        paths = [choose(96, hole, rows, variance=variance, seed=seed).donors for seed in range(12)]
        return np.mean([alone[k, d] for path in paths for k, d in enumerate(path, hole.first)])

    assert distance(0.0) < 0.8 * distance(1.0)


@pytest.mark.parametrize(("like", "place"), [((18, 38), 0), ((28, 48), -1)])
def test_each_end_is_chosen_for_what_it_joins(like, place):
    rows = strangers(80)
    hole = Beats(40, 48)
    # What lies before beat 20 (or after beat 27) sounds like what lies before (or after) the hole.
    donor, original = like
    rows[donor : donor + 2] = rows[original : original + 2]
    taste = replace(ON_THE_GRID, edge=20.0)
    for seed in range(4):
        path = choose(80, hole, rows, taste=taste, variance=0.5, seed=seed)
        assert path.donors[place] == (20, 27)[place]


def test_the_path_costs_no_more_than_any_other():
    """Against a search of all paths, without noise."""
    from itertools import product

    from punchin.engines.embedded.bed.donors import _allowed, _cheapest, _jumps

    rows, hole = strangers(14), Beats(5, 8)
    local = np.random.default_rng(3).random((3, 14))
    jumps = _jumps(likeness(rows), ON_THE_GRID, 8)
    allowed, _, _ = _allowed(np.zeros(14, int), hole, 4)

    def cost(path):
        steps = sum(jumps[a, b] for a, b in itertools.pairwise(path))
        return steps + sum(local[t, b] for t, b in enumerate(path))

    best = min(product(*allowed), key=cost)
    assert _cheapest(local, allowed, jumps) == best


def test_without_enough_other_music_the_hole_is_rearranged():
    path = choose(16, Beats(0, 16))
    assert path.from_hole
    assert path.bar_place_kept
    assert all(donor != target for target, donor in enumerate(path.donors))


def test_a_long_hole_with_little_around_it_is_rearranged_too():
    assert not choose(60, Beats(0, 48)).from_hole
    assert choose(60, Beats(0, 50)).from_hole


def test_where_all_beats_are_alike_the_song_just_goes_on():
    path = choose_donors(grid(80), np.zeros((80, 3)), Beats(30, 50), ON_THE_GRID, Freedom(0.5, 0.0), 1)
    assert path.donors == tuple(range(path.donors[0], path.donors[0] + 20))


def test_variance_lets_go_of_the_original_and_lets_chance_in():
    near, far = Freedom.of(0.0), Freedom.of(1.0)
    assert near.content > 10 * far.content
    assert 0 < near.temperature < far.temperature


def test_a_single_beat_can_only_be_itself():
    path = choose(1, Beats(0, 1))
    assert path.donors == (0,)
    assert not path.bar_place_kept


def test_where_no_beat_is_known_stretches_are_long():
    jumps = []
    for taste in (ON_THE_GRID, LOOSE):
        paths = [choose(200, Beats(80, 110), taste=taste, variance=1, seed=s).donors for s in range(4)]
        jumps.append(sum(b != a + 1 for p in paths for a, b in itertools.pairwise(p)))
    assert jumps[1] < jumps[0]


@pytest.mark.parametrize("bad", [np.zeros((40, 4)), np.full((40, 4), np.nan)])
def test_features_that_say_nothing_still_give_a_path(bad):
    assert len(choose(40, Beats(10, 20), bad).donors) == 10


def test_a_beat_of_another_length_costs():
    times = np.concatenate([np.arange(40) * 0.5, 20 + np.arange(41) * 0.55])
    uneven = replace(grid(80), times_s=times)
    path = choose_donors(uneven, np.zeros((80, 3)), Beats(10, 20), ON_THE_GRID, Freedom.of(0.3), 3)
    assert max(path.donors) < 40


def share_from_own_part(confidence, variance=0.3):
    """How many donors of a hole in part B are from part B, where only the form tells the parts apart."""
    parts = np.repeat([0, 1, 0, 1, 0], 32)
    hole = Beats(40, 56)
    shares = []
    for seed in range(20):
        path = choose_donors(
            grid(160),
            strangers(160, seed),
            hole,
            ON_THE_GRID,
            Freedom.of(variance),
            seed,
            Form(parts, confidence),
        )
        shares.append(np.mean(parts[list(path.donors)] == 1))
    return np.mean(shares)


def test_a_chorus_is_rather_filled_from_a_chorus():
    assert share_from_own_part(1.0) > 0.85
    assert share_from_own_part(0.0) < 0.6
    assert share_from_own_part(1.0, variance=1.0) < 0.6


def test_a_bar_with_bass_is_filled_with_bars_that_have_bass():
    """Half of the song has no bass: that half is left to chance where nobody listens for bass."""
    bass_db = np.zeros((160, 2))
    bass_db[80:, 0] = -12.0

    def with_bass(hole, playing_db):
        return np.mean(
            [
                np.array(
                    choose_donors(
                        grid(160), strangers(160), hole, ON_THE_GRID, Freedom.of(0.3), seed, None, playing_db
                    ).donors
                )
                < 80
                for seed in range(8)
            ]
        )

    assert with_bass(Beats(40, 56), bass_db) > 0.8
    assert with_bass(Beats(112, 128), bass_db) < 0.2
    assert 0.2 < with_bass(Beats(40, 56), None) < 0.7


def test_small_differences_of_level_are_no_other_players():
    hole = Beats(40, 56)
    level_db = np.random.default_rng(0).uniform(-1.4, 1.4, (160, 2))
    for seed in range(8):
        ways = [
            choose_donors(grid(160), strangers(160), hole, ON_THE_GRID, Freedom.of(0.3), seed, None, rows)
            for rows in (None, level_db)
        ]
        assert ways[0] == ways[1]

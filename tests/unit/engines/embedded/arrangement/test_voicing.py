from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.analysis.model import Chord, Key
from punchin.engines.embedded.arrangement.harmony import Harmony, Tones, scale, tones_of
from punchin.engines.embedded.arrangement.instruments import RANGES
from punchin.engines.embedded.arrangement.voicing import (
    broken,
    ease,
    lead_voices,
    movement,
    power_voicings,
    voicings,
)
from support.grounds import AM, C, F, G, made_ground, supported

C_MAJOR = scale(Key(0, "maj"))
ANY_CHORD = st.builds(Chord, st.integers(0, 11), st.sampled_from(["maj", "min"]))


def plain(chord):
    root, third, fifth = chord.pitch_classes
    return Tones(root, fifth, third)


def led(chords, instrument="piano", freedom=0.0, seed=0):
    playable = RANGES[instrument]
    return lead_voices(
        [plain(chord) for chord in chords],
        playable,
        centre=playable.centre,
        power=False,
        whims=np.random.default_rng(seed),
        freedom=freedom,
    )


def test_a_third_that_the_sound_does_not_have_is_left_out():
    weak = supported(C)
    weak[4], weak[3] = 0.1, 0.0
    assert tones_of(C, weak, C_MAJOR, 0).third is None
    assert tones_of(C, supported(C), C_MAJOR, 0).third == 4


def test_a_third_that_the_sound_contradicts_is_left_out():
    assert tones_of(C, supported(C, 3), C_MAJOR, 1) == Tones(0, 7)


def test_sevenths_come_from_the_key_and_the_sound():
    assert tones_of(C, supported(C, 11), C_MAJOR, 0.5).seventh == 11
    assert tones_of(G, supported(G, 5), C_MAJOR, 0.5).seventh == 5
    assert tones_of(C, supported(C, 10), C_MAJOR, 0.5).seventh == 10
    assert tones_of(C, supported(C), C_MAJOR, 0.5).seventh is None
    assert tones_of(C, supported(C), C_MAJOR, 1.0).seventh == 11
    assert tones_of(C, supported(C, 11), C_MAJOR, 0).seventh is None


def test_ninths_only_where_the_sound_has_them():
    assert tones_of(C, supported(C, 11, 2), C_MAJOR, 1).ninth == 2
    assert tones_of(C, supported(C, 11), C_MAJOR, 1).ninth is None


def test_an_unsure_chord_is_an_open_fifth():
    ground = made_ground(8)
    object.__setattr__(ground, "confidences", np.full(8, 0.1))
    assert {span.tones.third for span in Harmony(ground, 1.0).spans} == {None}


def test_spans_join_equal_chords_and_go_on_at_the_edges():
    harmony = Harmony(made_ground(8), 0)
    assert [(s.start, s.end, s.chord) for s in harmony.spans] == [(0, 4, AM), (4, 8, F)]
    assert [harmony.index(b) for b in (-5, 0, 3.9, 4, 7.9, 99)] == [0, 0, 0, 1, 1, 1]
    assert harmony.start(0) == -np.inf
    assert harmony.end(1) == np.inf


@given(ANY_CHORD, st.sampled_from(sorted(RANGES)), st.booleans())
@settings(deadline=None)
def test_every_voicing_is_in_the_chord_and_the_range(chord, instrument, seventh):
    root, third, fifth = chord.pitch_classes
    tones = Tones(root, fifth, third, (root + 10) % 12 if seventh else None)
    playable = RANGES[instrument]
    found = voicings(tones, playable)
    assert found
    for voicing in found:
        assert {p % 12 for p in voicing} <= tones.pitch_classes
        assert playable.low <= voicing[0]
        assert voicing[-1] <= playable.high
        assert list(voicing) == sorted(set(voicing))


@given(ANY_CHORD)
@settings(deadline=None)
def test_a_guitar_chord_can_be_gripped(chord):
    guitar = RANGES["steel-guitar"]
    for voicing in voicings(plain(chord), guitar):
        assert len(voicing) <= 6
        assert any(
            all(any(0 <= p - s - position <= 4 or p == s for s in guitar.strings) for p in voicing)
            for position in range(8)
        )


def test_the_open_chords_of_guitar_books_are_found():
    assert (40, 47, 52, 56, 59, 64) in voicings(plain(Chord(4, "maj")), RANGES["steel-guitar"])
    assert (45, 52, 57, 60, 64) in voicings(plain(AM), RANGES["steel-guitar"])
    assert (43, 47, 50, 55, 59, 67) in voicings(plain(G), RANGES["steel-guitar"])


def test_voices_move_little():
    path = led([AM, F, C, G] * 4)
    moves = [movement(a, b) for a, b in pairwise(path)]
    assert max(moves) <= 8
    assert np.mean(moves) <= 5
    apart = [movement(sorted_root(a), sorted_root(b)) for a, b in zip([AM, F, C], [F, C, G], strict=True)]
    assert np.mean(moves) < np.mean(apart)


def test_the_way_through_the_chords_is_the_cheapest():
    """The obvious twin: every way through the best voicings of three chords, tried one by one."""
    playable = RANGES["piano"]

    def cost(path):
        moves = sum(movement(a, b) + 0.7 * abs(a[-1] - b[-1]) for a, b in pairwise(path))
        return moves + sum(ease(voicing, playable.centre) for voicing in path)

    dice = np.random.default_rng(3)
    for _ in range(10):
        song = [Chord(int(root), "min" if root % 2 else "maj") for root in dice.integers(0, 12, 3)]
        if len(set(song)) < 3:
            continue
        choices = [
            sorted(voicings(plain(c), playable), key=lambda v: ease(v, playable.centre))[:16] for c in song
        ]
        assert cost(led(song)) == pytest.approx(min(cost(path) for path in product(*choices)))


def sorted_root(chord):
    root = 60 + chord.root
    return (root, root + (4 if chord.quality == "maj" else 3), root + 7)


@given(st.lists(ANY_CHORD, min_size=2, max_size=12), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_voice_leading_is_bounded_for_any_chords_and_seed(chords, seed):
    path = led(chords, freedom=1.0, seed=seed)
    for a, b in pairwise(path):
        assert movement(a, b) <= 16
        assert abs(a[-1] - b[-1]) <= 12


def test_seeds_like_other_voicings_and_the_same_seed_the_same():
    song = [AM, F, C, G] * 2
    assert led(song, freedom=1.0, seed=1) == led(song, freedom=1.0, seed=1)
    assert len({tuple(led(song, freedom=1.0, seed=seed)) for seed in range(8)}) >= 3
    assert len({tuple(led(song, freedom=0.0, seed=seed)) for seed in range(8)}) == 1


def test_a_repeated_chord_stays_where_it_is():
    path = led([AM, AM, AM], freedom=1.0)
    assert len(set(path)) == 1


def test_close_intervals_down_low_are_muddy():
    assert ease((40, 43, 47), 43) > ease((40, 47, 52), 43) + 2
    assert ease((60, 64, 67), 64) < 1


def test_movement_counts_every_voice():
    assert movement((60, 64, 67), (60, 65, 69)) == 3
    assert movement((60, 64, 67), (60, 64, 67, 72)) == 5


def test_power_chords_have_no_third():
    for voicing in power_voicings(plain(F), RANGES["distorted-guitar"]):
        assert {p % 12 for p in voicing} == {5, 0}


def test_a_broken_chord_spreads_upwards_inside_the_range():
    assert broken((60, 64, 67), RANGES["piano"], 8) == (60, 64, 67, 72, 76, 79)
    assert broken((60, 64, 67), RANGES["piano"], 4) == (60, 64, 67, 72)


@pytest.mark.parametrize(("key", "has"), [(Key(0, "maj"), {0, 2, 4, 5, 7, 9, 11}), (Key(9, "min"), C_MAJOR)])
def test_scales(key, has):
    assert scale(key) == has

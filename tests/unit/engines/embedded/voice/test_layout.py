from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.engines.embedded.voice.layout import FASTEST, lay_out
from support.grounds import made_ground


def test_lines_begin_with_bars_and_fill_the_hole():
    ground = made_ground(32, 100)
    slots = lay_out([8, 8, 8, 8], ground, "sing")
    assert [slot.first for slot in slots] == [0, 8, 16, 24]
    assert [slot.end for slot in slots] == [8, 16, 24, 32]


def test_lines_begin_with_bars_where_the_hole_does_not():
    for first_position in (1, 2, 3):
        ground = made_ground(35, 100, first_position=first_position)
        slots = lay_out([8, 8, 8], ground, "sing")
        assert len(slots) == 3
        assert all(ground.positions[slot.first] == 0 for slot in slots)


def test_few_lines_are_spread_over_a_long_hole():
    slots = lay_out([8, 8], made_ground(64, 120), "sing")
    assert slots[0].first < 16
    assert 24 <= slots[1].first <= 48


def test_waltzes():
    ground = made_ground(24, 120, beats_per_bar=3)
    slots = lay_out([7, 7], ground, "sing")
    assert all(ground.positions[slot.first] == 0 for slot in slots)


def test_what_does_not_fit_is_left_out_from_the_end():
    ground = made_ground(12, 120)  # 6 s
    slots = lay_out([9] * 8, ground, "sing")
    assert 2 <= len(slots) <= 4
    assert lay_out([60], ground, "sing") == []
    assert lay_out([], ground, "sing") == []


def test_no_beat_no_lines():
    assert lay_out([2], made_ground(2, 60, begins_s=-0.5, duration_s=1.0), "sing") == []


@given(
    st.lists(st.integers(1, 16), min_size=1, max_size=12),
    st.integers(2, 60),
    st.floats(50, 190),
    st.integers(0, 3),
    st.sampled_from(["sing", "rap", "speak"]),
)
def test_slots_lie_in_order_in_the_hole_and_leave_time_to_speak(syllables, beats, tempo, first, delivery):
    ground = made_ground(beats, tempo, first_position=first)
    slots = lay_out(syllables, ground, delivery)
    assert len(slots) <= len(syllables)
    assert all(a.end <= b.first for a, b in pairwise(slots))
    for slot, count in zip(slots, syllables, strict=False):
        assert 0 <= slot.first < slot.end <= beats
        span_s = ground.beats_s[slot.end] - ground.beats_s[slot.first]
        assert count / span_s <= FASTEST[delivery]


def test_it_is_the_cheapest_way():
    """Nothing is left on the table: a fourth line is dropped only if no layout of four exists."""
    ground = made_ground(16, 120)
    for syllables in ([12, 12, 12, 12], [10, 10, 10, 10]):
        fits = sum(np.ceil((n / FASTEST["sing"] + 0.25) / 0.5) for n in syllables) <= 16
        assert (len(lay_out(syllables, ground, "sing")) == 4) == fits


@pytest.mark.parametrize("delivery", ["sing", "rap", "speak"])
def test_a_hundred_lines_are_laid_out_quickly(delivery):
    assert len(lay_out([9] * 100, made_ground(800, 120), delivery)) == 100

"""Which part of the song is heard and which is made anew."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.engines.ace_step.window import (
    ENCODER_EARS,
    FRAMES_PER_LATENT,
    LATENTS_PER_S,
    RATE_HZ,
    WindowRule,
    passes,
    to_latents,
    wanted_frames,
)
from punchin.region import Frames

RULE = WindowRule()
PAIR_S = Fraction(2, LATENTS_PER_S)
RATES_HZ = (8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)


def seconds(start_s, end_s, rate_hz=RATE_HZ):
    return Frames(round(start_s * rate_hz), round(end_s * rate_hz))


def heard_s(start_s, end_s, total_s, rule=RULE):
    """The window of one pass over a whole song that is given, in seconds."""
    (only,) = passes([seconds(start_s, end_s)], total_s * RATE_HZ, rule)
    return only.window.start / LATENTS_PER_S, only.window.end / LATENTS_PER_S


def test_a_usual_edit_hears_15_s_on_each_side():
    start, end = heard_s(100, 110, 240)
    assert start == pytest.approx(85, abs=0.1)
    assert end == pytest.approx(125, abs=0.1)


def test_a_high_quality_edit_hears_30_s_on_each_side():
    start, end = heard_s(100, 110, 240, WindowRule(context_s=Fraction(30)))
    assert start == pytest.approx(70, abs=0.1)
    assert end == pytest.approx(140, abs=0.1)


@pytest.mark.parametrize(("start_s", "end_s"), [(0, 10), (5, 15), (230, 240), (225, 235)])
def test_at_the_ends_of_the_song_the_window_is_moved_not_shortened(start_s, end_s):
    start, end = heard_s(start_s, end_s, 240)
    assert end - start == pytest.approx(40, abs=0.1)
    assert start == 0 or end == 240


def test_a_short_song_is_heard_whole():
    assert heard_s(3, 6, 12) == (0, 12)


def test_a_short_edit_still_hears_30_s():
    start, end = heard_s(100, 101, 240, WindowRule(context_s=Fraction(5)))
    assert end - start == pytest.approx(30, abs=0.1)


@pytest.mark.parametrize(("start_s", "end_s"), [(10, 10.05), (0, 0.5), (239.9, 240)])
def test_less_than_3_s_are_never_made(start_s, end_s):
    hole = seconds(start_s, end_s)
    (only,) = passes([hole], 240 * RATE_HZ, RULE)
    (mask,) = only.masks
    assert len(mask) == 3 * LATENTS_PER_S
    assert to_latents(hole) in mask
    assert mask in only.window


def test_a_window_length_of_a_compiled_model_is_one_of_few():
    rule = WindowRule(buckets_s=(30, 45, 70))
    lengths = {round(b - a, 1) for a, b in (heard_s(100, 100 + s, 240, rule) for s in (1, 4, 9, 14, 20, 38))}
    assert lengths <= {30, 45, 70}, "one shape more would be compiled once more"


@given(
    start=st.integers(0, 590 * RATE_HZ),
    length=st.integers(1, 240 * RATE_HZ),
    total=st.integers(1, 600 * RATE_HZ),
)
def test_passes_cover_the_hole_on_the_grid_of_pairs(start, length, total):
    start = min(start, total - 1)
    hole = Frames(start, min(total, start + length))
    made = passes([hole], total, RULE)
    kept = [part for each in made for part in each.keep]
    assert kept[0].start <= to_latents(hole).start
    assert kept[-1].end >= to_latents(hole).end
    assert all(before.end == after.start for before, after in pairwise(kept))
    for each in made:
        assert each.window.start % 2 == 0
        assert each.window.end % 2 == 0 or each.window.end == -(-total // FRAMES_PER_LATENT)
        assert all(mask in each.window for mask in each.masks)
        assert sum(map(len, each.masks)) <= 90 * LATENTS_PER_S
        assert len(each.window) <= (90 + 2 * 15) * LATENTS_PER_S + 4


@given(
    rate_hz=st.sampled_from(RATES_HZ),
    start=st.integers(0, 3_600_000),
    length=st.integers(1, 90_000),
    total=st.integers(1, 3_600_000),
)
def test_what_is_asked_for_holds_the_hole_and_the_same_window(rate_hz, start, length, total):
    """Cut from the file or given the whole song, the model hears the same music."""
    start = min(start, total - 1)
    frames = total * rate_hz // 1000
    if frames == 0:
        return
    hole = Frames(
        min(start * rate_hz // 1000, frames - 1), min(frames, (start + length) * rate_hz // 1000 + 1)
    )
    asked = wanted_frames([hole], frames, rate_hz, RULE)
    assert hole in asked
    assert asked.end <= frames
    assert len(asked) <= (90 + 30 + 1) * rate_hz
    assert Fraction(asked.start, rate_hz) % PAIR_S == 0
    if rate_hz != RATE_HZ:
        return
    (whole,) = passes([hole], frames, RULE)
    (cut,) = passes([hole.within(asked)], len(asked), RULE)
    offset = asked.start // FRAMES_PER_LATENT
    assert Frames(cut.window.start + offset, cut.window.end + offset) == whole.window
    assert [Frames(m.start + offset, m.end + offset) for m in cut.masks] == list(whole.masks)
    if whole.window.start > ENCODER_EARS:
        assert cut.window.start == ENCODER_EARS


def test_a_long_region_is_made_in_equal_overlapping_passes():
    made = passes([seconds(30, 270)], 300 * RATE_HZ, RULE)
    masks = [each.masks[0] for each in made]
    assert len(made) == 3
    assert max(map(len, masks)) - min(map(len, masks)) <= 4
    for before, after in pairwise(masks):
        assert before.end - after.start == 15 * LATENTS_PER_S
    assert all(each.window.end - each.masks[0].end <= 1 for each in made[:-1]), "heard what will be gone"
    assert made[-1].window.end - made[-1].masks[0].end == pytest.approx(15 * LATENTS_PER_S, abs=2)


def test_near_regions_share_one_window():
    holes = [seconds(100, 104), seconds(110, 114), seconds(114.5, 116)]
    (only,) = passes(holes, 240 * RATE_HZ, RULE)
    assert len(only.masks) == 2, "the 1.5 s region becomes 3 s and meets the one before it"
    assert all(any(to_latents(hole) in mask for mask in only.masks) for hole in holes)

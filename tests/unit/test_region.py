from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.errors import RegionError
from punchin.region import Frames, Mark, Region, clock

RATES = st.sampled_from([8_000, 11_025, 22_050, 37_123, 44_100, 48_000, 96_000, 192_000])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("41", "41"),
        ("41.5", "41.5"),
        (".5", "0.5"),
        ("41s", "41"),
        ("0:41.5", "41.5"),
        ("1:02:03.250", "3723.25"),
        (" 3:14.605 ", "194.605"),
        (0.1, "0.1"),
        (7, "7"),
        (Fraction(1, 3), "1/3"),
    ],
)
def test_positions_are_read_exactly(text, seconds):
    assert Mark.parse(text) == Mark(Fraction(seconds))


@pytest.mark.parametrize(
    ("text", "mark"),
    [
        ("end", Mark(Fraction(0), from_end=True)),
        ("END-12.5", Mark(Fraction("12.5"), from_end=True)),
        ("end - 0:12.5", Mark(Fraction("12.5"), from_end=True)),
        ("-12.5", Mark(Fraction("12.5"), from_end=True)),
        (-12.5, Mark(Fraction("12.5"), from_end=True)),
        ("1808100 samples", Mark(Fraction(1808100), in_samples=True)),
        ("end-100 samples", Mark(Fraction(100), from_end=True, in_samples=True)),
    ],
)
def test_positions_from_the_end_and_in_samples(text, mark):
    assert Mark.parse(text) == mark


@pytest.mark.parametrize(
    "text",
    ["", "abc", "1:2:3:4", "0:75", "1:75:00", "--3", "end+3", "nan", "1,5", float("nan"), float("inf")],
)
def test_what_is_not_a_time_is_refused_with_its_text(text):
    with pytest.raises(RegionError) as caught:
        Mark.parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["41", "41.5", "end", "end-12.5", "100 samples", "end-100 samples"])
def test_a_mark_prints_as_it_is_read(text):
    assert str(Mark.parse(text)) == text
    assert Mark.parse(str(Mark.parse(text))) == Mark.parse(text)


def test_a_tenth_of_a_second_is_exact():
    assert Region.parse(0.1, 0.3).frames(44_100, 100_000) == Frames(4410, 13230)


@given(rate=RATES, start=st.integers(0, 10**7), length=st.integers(1, 10**6), after=st.integers(0, 10**6))
def test_frames_survive_the_way_through_seconds(rate, start, length, after):
    total = start + length + after
    exact = Region(Mark(Fraction(start, rate)), Mark(Fraction(start + length, rate)))
    assert exact.frames(rate, total) == Frames(start, start + length)
    from_end = Region(
        Mark(Fraction(total - start, rate), from_end=True), Mark(Fraction(after, rate), from_end=True)
    )
    assert from_end.frames(rate, total) == Frames(start, start + length)


@pytest.mark.parametrize(
    ("start", "end", "says"),
    [
        ("1", "3:20", "ends at 3:20.000, the song is 3:14.605 long"),
        ("4:00", "5:00", "starts at 4:00.000, the song is 3:14.605 long"),
        ("20", "10", "ends at 0:10.000, not after its start at 0:20.000"),
        ("20", "20", "not after its start"),
        ("end-4:00", "10", "starts 0:45.395 before the song begins"),
    ],
)
def test_regions_that_do_not_fit_say_why(start, end, says):
    with pytest.raises(RegionError) as caught:
        Region.parse(start, end).frames(48_000, round(Fraction("194.605") * 48_000))
    assert says in str(caught.value)


@given(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_widening_keeps_the_hole_inside_the_song(start, length, before, after):
    hole, total = Frames(start, start + length), start + length + 1000
    wide = hole.widen(before, after, total)
    assert hole in wide
    assert wide in Frames(0, total)
    assert hole.within(wide) == Frames(start - wide.start, start - wide.start + length)


def test_clock_reads_like_a_player():
    assert [clock(s) for s in (0, 41.5, Fraction("194.605"), 3723.25)] == [
        "0:00.000",
        "0:41.500",
        "3:14.605",
        "1:02:03.250",
    ]

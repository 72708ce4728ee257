import pytest

from punchin.engines.embedded.arrangement.library import FIGURE_MARKS, library, parse_library
from punchin.engines.embedded.arrangement.metre import beat_map, fitted
from punchin.engines.embedded.arrangement.steps import Step, parse_pattern
from punchin.engines.embedded.score import DRUM_VOICES

GROOVE = "[g 80-120]\nkick x... x...\n"
LINE = "[l 80-120]\nR--- ....\n"
FIGURE = "[chords f 80-120]\nx--- ....\n"


def test_a_pattern_is_steps_with_lengths():
    pattern = parse_pattern("X... ..x- | x--- ----", "Xx")
    assert pattern.beats == 2
    assert pattern.bars == ((Step(0, 1, "X"), Step(6, 2, "x")), (Step(0, 8, "x"),))
    assert pattern.bar(3) == pattern.bars[1]


@pytest.mark.parametrize("text", ["x..", "x... | x... x...", "x.y.", "", "x... |", "xxxxx"])
def test_a_pattern_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r"group|beats|signs"):
        parse_pattern(text, "x")


def test_what_comes_with_the_engine_can_all_be_read():
    patterns = library()
    assert len(patterns.grooves) >= 70
    assert len(patterns.lines) >= 20
    assert {role for role, _ in patterns.figures} == set(FIGURE_MARKS)
    used = {voice for groove in patterns.grooves.values() for voice in groove.voices}
    used |= {voice for family in patterns.fills.values() for fill in family for voice in fill.voices}
    assert used == set(DRUM_VOICES)


def test_fills_come_in_several_lengths():
    for family in library().fills.values():
        assert {1, 2, 4} <= {fill.beats for fill in family}


def test_the_backbeat_of_half_time_grooves_is_known():
    late = {groove.name for groove in library().grooves.values() if groove.late_backbeat}
    assert {"trap", "halftime", "dubstep", "onedrop"} <= late
    assert not late & {"pop", "rock", "house", "boombap", "punk"}


@pytest.mark.parametrize(
    ("grooves", "lines", "figures", "says"),
    [
        (GROOVE + GROOVE, LINE, FIGURE, "'g' is already there"),
        ("[g 80-120]\nkazoo x...", LINE, FIGURE, "kazoo"),
        ("[g 120-80]\nkick x...", LINE, FIGURE, "LOW-HIGH"),
        ("[g 80-120 fills=drums]\nkick x...", LINE, FIGURE, "no fills"),
        ("[g 80-120 colour=red]\nkick x...", LINE, FIGURE, "colour"),
        ("[fill f 2]\nsnare x...\n" + GROOVE, LINE, FIGURE, "fill of 2 beats"),
        ("kick x...", LINE, FIGURE, "before the first"),
        ("[g 80-120]\n" + GROOVE, LINE, FIGURE, "nothing stands under"),
        (GROOVE, "[l 80-120]\nQ...", FIGURE, "'Q'"),
        (GROOVE, LINE, "[arp f 80-120]\nd...", "'d'"),
    ],
)
def test_a_library_that_cannot_be_read_says_why(grooves, lines, figures, says):
    with pytest.raises(ValueError, match=says):
        parse_library(grooves, lines, figures)


@pytest.mark.parametrize("to", range(1, 13))
@pytest.mark.parametrize("of", [3, 4])
def test_every_metre_is_filled_and_starts_on_the_one(of, to):
    beats = beat_map(of, to)
    assert len(beats) == to
    assert beats[0] == 0
    assert set(beats) <= set(range(of))


def test_a_backbeat_stays_in_three_four():
    early = fitted(parse_pattern(".... X... .... X...", "X"), 0, 3)
    late = fitted(parse_pattern(".... .... X... ....", "X"), 0, 3, late_backbeat=True)
    assert [step.at for step in early] == [4, 8]
    assert [step.at for step in late] == [4]


def test_no_step_lasts_past_the_next_in_another_metre():
    for beats in range(1, 9):
        steps = fitted(parse_pattern("x--- ---- x--- ----", "x"), 0, beats)
        ends = [step.at + step.length for step in steps]
        assert all(end <= step.at for end, step in zip(ends, steps[1:], strict=False))
        assert ends[-1] <= beats * 4

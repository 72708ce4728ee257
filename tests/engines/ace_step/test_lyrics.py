"""The right sheet from what the person has."""

import pytest

from punchin.engines.ace_step.lyrics import Place, build_sheet, split_sheet
from punchin.errors import EditError

PLACE = Place(before_s=15, region_s=8, after_s=15, region_start_s=41)

SONG = "\n".join(["[Verse]", *(f"verse {n}" for n in range(12)), "{new one", "new two}", "[Chorus]",
                  *(f"chorus {n}" for n in range(12))])  # fmt: skip


def test_new_lines_go_in_as_they_are():
    sheet = build_sheet("[verse]\nhello there\ngeneral", PLACE)
    assert sheet.text == "[verse]\nhello there\ngeneral"
    assert sheet.sung == ("hello there", "general")
    assert sheet.warnings == ()


@pytest.mark.parametrize("text", ["[inst]", "[Instrumental]", " [INST] "])
def test_instrumental_is_said_as_the_model_knows_it(text):
    sheet = build_sheet(text, PLACE)
    assert sheet.text == "[Instrumental]"
    assert sheet.sung == ()


def test_no_lyrics_are_no_lyrics():
    assert build_sheet("  \n", PLACE).text == ""


def test_braces_mark_the_new_lines_and_keep_the_lines_beside_them():
    sheet = build_sheet(SONG, PLACE)
    assert sheet.sung == ("new one", "new two")
    lines = sheet.text.splitlines()
    assert "verse 11" in lines
    assert "verse 0" not in lines
    assert "[Chorus]" in lines
    assert "chorus 0" in lines
    assert "chorus 11" not in lines
    assert lines.index("verse 11") < lines.index("new one") < lines.index("chorus 0")
    assert "{" not in sheet.text


def test_without_pre_roll_nothing_before_stays():
    sheet = build_sheet(SONG, Place(before_s=0, region_s=8, after_s=30))
    assert "verse" not in sheet.text.lower().replace("[verse]", "")


@pytest.mark.parametrize("text", ["a {b", "a b}", "{a} {b}", "{a {b}", "x { } y"])
def test_braces_that_do_not_match_are_refused(text):
    with pytest.raises(EditError, match=r"\{"):
        build_sheet(text, PLACE)


def test_times_choose_the_lines_of_the_window():
    song = "[0:10.00]early\n[0:30.5]before\n[0:42.00]inside\n[0:48.99]last\n[0:55]after\n[1:40]late"
    sheet = build_sheet(song, PLACE)
    assert sheet.text == "before\ninside\nlast\nafter"
    assert sheet.sung == ("inside", "last")


def test_times_without_a_known_place_are_said_to_be_unused():
    sheet = build_sheet("[0:10]a\n[0:12]b", Place(15, 8, 15))
    assert sheet.text == "a\nb"
    assert "times" in sheet.warnings[0]


def test_times_that_all_lie_elsewhere_sing_nothing_and_say_so():
    sheet = build_sheet("[9:10]a", PLACE)
    assert sheet.text == ""
    assert sheet.warnings


def test_the_whole_song_on_a_short_region_is_warned_about():
    sheet = build_sheet("\n".join(f"line {n}" for n in range(40)), PLACE)
    assert "40 lines" in sheet.warnings[0]
    assert "{" in sheet.warnings[0]


def test_passes_share_the_lines_in_order():
    sheet = build_sheet("\n".join(f"line {n}" for n in range(7)), Place(15, 200, 15))
    parts = split_sheet(sheet, 3)
    assert "\n".join(part.text for part in parts) == sheet.text
    assert {part.text for part in split_sheet(build_sheet("[inst]", PLACE), 3)} == {"[Instrumental]"}

import pytest

from punchin.engines.embedded.voice import parse_lyrics
from punchin.engines.embedded.voice.lyrics import check_language
from punchin.engines.embedded.voice.pronouncing import words_of
from punchin.errors import EditError


def test_lines_are_kept_and_section_tags_are_not():
    lyrics = parse_lyrics("[Verse 1]\nHold  me\r\n\n  [chorus] (oh) Let go! \n---\n[outro]")
    assert lyrics.lines == ("Hold me", "(oh) Let go!")
    assert not lyrics.instrumental


@pytest.mark.parametrize(
    "text", ["[inst]", " [Instrumental]\n", "[inst][inst]", "[Intro]\n[ inst ]", "[No Vocals]"]
)
def test_instrumental(text):
    lyrics = parse_lyrics(text)
    assert lyrics.instrumental
    assert lyrics.lines == ()


@pytest.mark.parametrize("text", ["", "  \n ", "[verse]", "... !?", "[inst", "♪ ♫"])
def test_no_words_are_no_lines_and_ask_for_nothing(text):
    lyrics = parse_lyrics(text)
    assert not lyrics.instrumental
    assert lyrics.lines == ("[inst",) * (text == "[inst")


@pytest.mark.parametrize(
    "heading", ["Verse 2:", "(Chorus)", "pre-chorus:", "Estribillo:", "  BRIDGE :", "[hook]"]
)
def test_sections_without_brackets_are_not_sung(heading):
    assert parse_lyrics(f"{heading}\nHold me").lines == ("Hold me",)


@pytest.mark.parametrize(
    "line", ["Bridge over water", "Chorus", "the verse:", "(hook me up)", "Verse by verse:"]
)
def test_words_that_only_look_like_a_section_are_sung(line):
    assert parse_lyrics(line).lines == (line,)


def test_words_win_over_the_tag():
    lyrics = parse_lyrics("[inst]\nla la")
    assert lyrics.lines == ("la la",)
    assert not lyrics.instrumental


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Rockin’ ‘round, the 2 dogs’ café—go!", "rockin' 'round the two dogs cafe go"),
        ("Don't (you dare) & I'm", "don't you dare and i'm"),
        ("well-known straße", "well known strasse"),
        ("¡24/7!", "twenty four seven"),
        ("...", ""),
    ],
)
def test_words(line, words):
    assert " ".join(words_of(line)) == words


@pytest.mark.parametrize("line", ["Привет мир", "hello 世界", "مرحبا", "γεια"])
def test_other_scripts_are_refused_with_what_there_is(line):
    with pytest.raises(EditError, match=r"script.*English"):
        check_language(parse_lyrics(line), None)


def test_other_languages_are_refused_and_english_is_not():
    lyrics = parse_lyrics("ooh café")
    for language in (None, "en", "en-US", "EN_gb"):
        check_language(lyrics, language)
    with pytest.raises(EditError, match=r"'ja'.*English"):
        check_language(lyrics, "ja")

import pytest

from punchin.engines.embedded.arrangement import RANGES, library
from punchin.engines.embedded.tags import Kind, Style, Vocabulary, parse_tags, vocabulary
from punchin.engines.embedded.tags.settings import MEANINGS, apply
from punchin.engines.embedded.tags.vocabulary import canonical, parse

ROLES = ("chords", "pad", "arp", "lead", "hits")
TERMS = vocabulary().terms
BASES = (
    Style(),
    parse_tags(["pop, piano, strings, flute"]).style,
    parse_tags(["jazz, female vocals, reverb"]).style,
)


def settings_named(*words):
    for term in TERMS:
        for setting in term.settings:
            if setting.word.removesuffix("_if") in words:
                yield term, setting


def test_the_file_is_as_rich_as_promised():
    assert len(TERMS) >= 276
    assert all(any(vocabulary().of(kind)) for kind in Kind)


def test_every_setting_means_something_and_can_be_read():
    for term in TERMS:
        style = BASES[1]
        for setting in term.settings:
            assert setting.word in MEANINGS, f"{term.name}: {setting}"
            style = apply(style, setting, asked=True)
            apply(Style(), setting, asked=False)


def test_every_setting_changes_some_style():
    for term in TERMS:
        for setting in term.settings:
            asked = term.kind is not Kind.GENRES
            changed = any(apply(style, setting, asked=asked) != style for style in BASES)
            assert changed or str(setting) == "deliver sing", f"{term.name}: {setting}"


def test_every_groove_line_and_figure_that_is_named_can_be_played():
    patterns = library()
    for term, setting in settings_named("groove", "beat", "tops", "percussion"):
        assert set(setting.arguments) <= patterns.grooves.keys(), f"{term.name}: {setting}"
    for term, setting in settings_named("bass", "line"):
        line = setting.arguments[-1] if setting.word == "line" else setting.arguments[1]
        assert line in patterns.lines, f"{term.name}: {setting}"
    for term, setting in settings_named(*ROLES):
        assert (setting.word.removesuffix("_if"), setting.arguments[1]) in patterns.figures, (
            f"{term.name}: {setting}"
        )


def test_every_instrument_that_is_named_has_a_range():
    for term, setting in settings_named("bass", *ROLES):
        assert setting.arguments[0] in RANGES, f"{term.name}: {setting}"


def test_every_name_of_a_term_means_that_term():
    for term in TERMS:
        for name in term.names:
            assert vocabulary().by_name[canonical(name)] is term


def test_spelling_does_not_matter():
    assert canonical("Lo-Fi  Hip_Hop") == "lo fi hip hop"
    assert canonical("Guitarra Clásica") == "guitarra clasica"
    assert canonical("R&B") == "r&b"


def test_a_term_can_start_from_another():
    words = parse("[genres]\na | b = groove pop, swing .6\nc = like b, reverb .2\n")
    assert [str(s) for s in words.by_name["c"].settings] == ["groove pop", "swing .6", "reverb .2"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x = swing .5", "line 1: a section"),
        ("[genres]\nx swing .5", "line 2: expected"),
        ("[genres]\nx | = swing .5", "expected"),
        ("[genres]\nx = swing .5,, reverb .1", "empty setting"),
        ("[genres]\nx = swing .5\n[moods]\nX = energy .1", "line 4: 'x' already belongs to 'x'"),
        ("[genres]\nx = like y", "'like y' names no term"),
        ("[songs]\nx = swing .5", "songs"),
    ],
)
def test_a_line_that_cannot_be_read_says_where_and_why(text, says):
    with pytest.raises(ValueError, match=says):
        parse(text)


@pytest.mark.parametrize(
    "setting",
    ["swing", "swing x", "nonsense 3", "silence guitars", "voice robot", "deliver hum", "bass piano"],
)
def test_a_setting_that_means_nothing_is_refused(setting):
    words = parse(f"[genres]\nx = {setting}")
    with pytest.raises(ValueError, match=setting.split()[0]):
        apply(Style(), words.by_name["x"].settings[0], asked=True)


def test_ignored_terms_say_why():
    assert all(term.reason and not term.settings for term in vocabulary().of(Kind.IGNORED))


def test_the_vocabulary_is_read_once():
    assert vocabulary() is vocabulary()
    assert isinstance(vocabulary(), Vocabulary)

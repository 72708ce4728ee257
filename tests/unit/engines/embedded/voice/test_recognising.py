import pytest

from punchin.engines.embedded.voice.languages import LANGUAGES
from punchin.engines.embedded.voice.recognising import language_of
from punchin.errors import EditError


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Camino por la orilla del río", "La ciudad me llama"], "es"),
        (["Te quiero"], "es"),
        (["Nunca dejes de cantar conmigo"], "es"),
        (["Ogni stella brilla nel cielo", "Dammi la mano e balla con me"], "it"),
        (["Voglio vivere con te per sempre"], "it"),
        (["Ich liebe dich"], "de"),
        (["Jeder Stern leuchtet hell am Himmel", "Gib mir deine Hand und tanz mit mir"], "de"),
    ],
)
def test_a_language_is_told_from_its_words(lines, code):
    assert language_of(lines, None).code == code


@pytest.mark.parametrize(
    "lines",
    [
        ["Walking down the river road tonight"],
        ["la la la", "na na na"],
        ["Despacito", "I want to breathe your neck slowly"],
        ["Que sera, sera", "whatever will be, will be"],
        ["Voulez-vous dance with me tonight", "c'est la vie, c'est la vie, that's what they say to me"],
        ["Die, die, my darling", "don't utter a single word"],
        ["Sin in the city, sin in the sun"],
        ["Hotel café", "déjà vu", "naïve"],
        ["Come in and dance, come in and sing"],
        ["Oh"],
        ["Hit the piñata"],
        ["so déjà vu, ça va"],
        ["Volare, oh oh", "cantare, oh oh oh oh"],
        [],
    ],
)
def test_in_doubt_it_is_english(lines):
    assert language_of(lines, None).code == "en"


def test_what_the_person_says_wins():
    assert language_of(["la la la"], "es-MX").code == "es"
    assert language_of(["Te quiero mucho"], "en").code == "en"
    for code in LANGUAGES:
        assert language_of(["la"], code.upper() + "_XX").code == code


def test_what_the_voice_does_not_have_is_refused_with_what_it_has():
    with pytest.raises(EditError, match=r"'ja' cannot be sung; the voice sings English, Spanish"):
        language_of(["la"], "ja")


@pytest.mark.parametrize(
    "lines",
    [
        ["Je marche au bord de la rivière", "La ville m'appelle de loin"],
        ["Chaque étoile brille dans le ciel"],
    ],
)
def test_a_language_that_is_not_understood_when_sung_is_recognised_and_refused(lines):
    with pytest.raises(EditError, match=r"the lyrics are French.*it sings English, Spanish"):
        language_of(lines, None)
    with pytest.raises(EditError, match="'fr' cannot be sung"):
        language_of(lines, "fr")
    assert language_of(lines, "en").code == "en"


def test_digits_that_are_no_whole_number_are_read_in_english_only():
    assert language_of(["24 hours of the 80s"], None).code == "en"
    assert language_of(["Quiero 24 horas contigo esta noche"], None).code == "es"
    with pytest.raises(EditError, match=r"write '80er' in words.*German"):
        language_of(["Die 80er sind nicht vorbei und ich bin noch da"], None)

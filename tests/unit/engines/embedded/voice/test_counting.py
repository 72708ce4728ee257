import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.engines.embedded.voice.counting import MOST, in_words
from punchin.engines.embedded.voice.languages import LANGUAGES

SAID = {
    "de": {
        "0": "null", "1": "eins", "17": "siebzehn", "21": "ein und zwanzig", "30": "dreißig",
        "99": "neun und neunzig", "100": "ein hundert",
        "101": "ein hundert eins", "356": "drei hundert sechs und fünfzig",
        "1000": "ein tausend", "1066": "ein tausend sechs und sechzig",
        "1999": "neunzehn hundert neun und neunzig",
        "1100": "elf hundert", "2000": "zwei tausend", "2024": "zwei tausend vier und zwanzig",
        "21.001": "ein und zwanzig tausend eins", "007": "null null sieben",
    },
    "es": {
        "0": "cero", "1": "uno", "16": "dieciséis", "22": "veintidós", "31": "treinta y uno", "100": "cien",
        "101": "ciento uno", "555": "quinientos cincuenta y cinco", "1000": "mil",
        "1999": "mil novecientos noventa y nueve", "2024": "dos mil veinticuatro", "21000": "veintiún mil",
        "31.000": "treinta y un mil", "100000": "cien mil", "101000": "ciento un mil",
    },
    "it": {
        "0": "zero", "1": "uno", "21": "ventuno", "23": "ventitré", "28": "ventotto", "40": "quaranta",
        "88": "ottantotto", "100": "cento", "101": "cento uno",
        "356": "tre cento cinquantasei", "1000": "mille",
        "1999": "mille nove cento novantanove", "2024": "due mila ventiquattro", "100.000": "cento mila",
    },
}  # fmt: skip


@pytest.mark.parametrize(
    ("code", "digits"), [(code, digits) for code, all_ in SAID.items() for digits in all_]
)
def test_numbers_are_spelt_as_they_are_said(code, digits):
    assert in_words(digits, code) == SAID[code][digits]


@pytest.mark.parametrize("odd", ["80er", "2,5", "3.14", "50%", "U2", "1234567", "1.2.3"])
@pytest.mark.parametrize("code", ["de", "es", "it"])
def test_what_is_more_than_a_whole_number_stays(code, odd):
    assert in_words(odd, code) == odd


def test_signs_beside_a_number_stay():
    assert in_words("¡99! ¿21? (2)", "es") == "¡noventa y nueve! ¿veintiuno? (dos)"
    assert in_words("Um 12, nicht um 11.", "de") == "Um zwölf, nicht um elf."
    assert in_words("99 Luftballons", "fr") == "99 Luftballons"


@given(value=st.integers(0, MOST), other=st.integers(0, MOST), code=st.sampled_from(["de", "es", "it"]))
def test_no_digit_is_left_and_no_two_numbers_sound_the_same(value, other, code):
    said = in_words(str(value), code)
    assert not any(letter.isdigit() for letter in said)
    assert (said == in_words(str(other), code)) == (value == other)


@pytest.mark.parametrize(
    ("code", "line", "syllables"), [("de", "99", 4), ("es", "1999", 11), ("it", "23", 3)]
)
def test_they_are_sung(code, line, syllables):
    language = LANGUAGES[code]
    assert sum(len(word.stresses) for word in language.pronounced(language.words(line))) == syllables

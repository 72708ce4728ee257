import pytest

from punchin.engines.embedded.voice.numbers import in_words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("24", "twenty four"),
        ("0", "zero"),
        ("100", "one hundred"),
        ("113", "one hundred thirteen"),
        ("1,000,001", "one million one"),
        ("1999", "nineteen ninety nine"),
        ("1906", "nineteen oh six"),
        ("1900", "nineteen hundred"),
        ("2000", "two thousand"),
        ("2005", "two thousand five"),
        ("2024", "twenty twenty four"),
        ("3456", "three thousand four hundred fifty six"),
        ("007", "zero zero seven"),
        ("1st 2nd 3rd 4th 12th 20th 21st", "first second third fourth twelfth twentieth twenty first"),
        ("80s", "eighties"),
        ("6s", "sixes"),
        ("$1 and $20", "one dollar and twenty dollars"),
        ("100%", "one hundred percent"),
        ("2.5", "two point five"),
        ("U2, 4ever", "U two, four ever"),
        ("no number", "no number"),
        ("1234567890123", "one two three four five six seven eight nine zero one two three"),
    ],
)
def test_numbers_are_spelt_as_they_are_said(written, said):
    assert in_words(written) == said


def test_no_digit_is_left():
    for value in (*range(0, 3000, 7), 10**5, 10**9, 10**11 + 1):
        assert not any(c.isdigit() for c in in_words(str(value)))

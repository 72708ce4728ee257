"""Numbers in words, as English says them: years in pairs, ordinals, money, decimals."""

from __future__ import annotations

import re

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_ORDINALS = {
    "one": "first", "two": "second", "three": "third", "five": "fifth", "eight": "eighth", "nine": "ninth",
    "twelve": "twelfth",
}  # fmt: skip
_SIGNS = {"$": "dollar", "£": "pound", "€": "euro"}

_NUMBER = re.compile(
    r"(?P<sign>[$£€])?(?P<whole>\d{1,3}(?:,\d{3})+|\d+)(?:\.(?P<part>\d+))?(?P<tail>%|(?:st|nd|rd|th|s)\b)?"
)


def in_words(text: str) -> str:
    """The text with its numbers spelt out.

    >>> in_words("24 hours, 3rd of 1999, $5, 2.5%, the 80s")
    'twenty four hours, third of nineteen ninety nine, five dollars, two point five percent, the eighties'
    """
    return _NUMBER.sub(_spelt, text)


def _spelt(number: re.Match[str]) -> str:
    digits, part, tail = number["whole"].replace(",", ""), number["part"], number["tail"]
    value = int(digits)
    is_year = len(digits) == 4 and "," not in number["whole"] and 1100 <= value <= 2099 and value % 1000 > 9
    if len(digits) > 12 or (len(digits) > 1 and digits[0] == "0"):
        words = [_ONES[int(digit)] for digit in digits]
    elif is_year and not number["sign"] and part is None:
        words = _year(value)
    else:
        words = _cardinal(value)
    if part is not None:
        words = [*words, "point", *(_ONES[int(digit)] for digit in part)]
    elif tail in ("st", "nd", "rd", "th"):
        words = [*words[:-1], _ordinal(words[-1])]
    elif tail == "s":
        words = [*words[:-1], _plural(words[-1])]
    if number["sign"]:
        words = [*words, _SIGNS[number["sign"]] + ("" if value == 1 and part is None else "s")]
    if tail == "%":
        words = [*words, "percent"]
    before = number.string[: number.start()][-1:]
    after = number.string[number.end() :][:1]
    return (" " if before.isalnum() else "") + " ".join(words) + (" " if after.isalnum() else "")


def _cardinal(value: int) -> list[str]:
    if value < 20:
        return [_ONES[value]]
    if value < 100:
        return [_TENS[value // 10], *([_ONES[value % 10]] if value % 10 else [])]
    if value < 1000:
        return [_ONES[value // 100], "hundred", *(_cardinal(value % 100) if value % 100 else [])]
    for size, name in _SCALES:
        if value >= size:
            rest = value % size
            return [*_cardinal(value // size), name, *(_cardinal(rest) if rest else [])]
    raise AssertionError(value)


def _year(value: int) -> list[str]:
    century, rest = divmod(value, 100)
    if rest == 0:
        return [*_cardinal(century), "hundred"]
    return [*_cardinal(century), *(["oh"] if rest < 10 else []), *_cardinal(rest)]


def _ordinal(word: str) -> str:
    return _ORDINALS.get(word) or (word[:-1] + "ieth" if word.endswith("y") else word + "th")


def _plural(word: str) -> str:
    return word[:-1] + "ies" if word.endswith("y") else word + ("es" if word.endswith("x") else "s")

"""Whole numbers in words in German, Spanish and Italian; English, with all its ways, is in `numbers`.

Words are written apart where the language joins them ("neun und neunzig"): a rule of spelling reads the parts
better than the whole, and the sound is the same. Up to 999,999; years count as German and the others say
them. What is more than a plain number (2,5 or 3. or 80er) is left for the person to write.

Sources: Rat für deutsche Rechtschreibung, 2018, section 36; Real Academia Española, Ortografía, 2010, chapter
VIII (cardinales); Serianni, Italiano, 2000, chapter VI (numerali).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MOST = 999_999


def _row(words: str) -> tuple[str, ...]:
    return tuple(words.split())


_GERMAN = _row(
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
    "siebzehn achtzehn neunzehn"
)
_GERMAN_TENS = _row("- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig")
_SPANISH = _row(
    "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis "
    "diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco "
    "veintiséis veintisiete veintiocho veintinueve"
)
_SPANISH_TENS = _row("- - - treinta cuarenta cincuenta sesenta setenta ochenta noventa")
_SPANISH_HUNDREDS = _row(
    "- ciento doscientos trescientos cuatrocientos quinientos seiscientos setecientos ochocientos novecientos"
)
_ITALIAN = _row(
    "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici "
    "sedici diciassette diciotto diciannove"
)
_ITALIAN_TENS = _row("- - venti trenta quaranta cinquanta sessanta settanta ottanta novanta")

_NUMBER = re.compile(r"(?<![\w.,])(\d{1,3}(?:[.]\d{3})+|\d+)(?![\w%]|[.,]\d)")
"""Digits that stand alone, with points between thousands or without."""


def in_words(text: str, code: str) -> str:
    """The text with its whole numbers spelt out; digits that are something else stay.

    Args:
        text: a line.
        code: of its language; numbers of others than these three stay.

    >>> in_words("21 noches, 1999", "es")
    'veintiuno noches, mil novecientos noventa y nueve'
    """
    count = _COUNTED.get(code)
    if count is None:
        return text

    def spelt(found: re.Match[str]) -> str:
        digits = found[1].replace(".", "")
        if len(digits) > 1 and digits[0] == "0":
            return " ".join(count(int(digit)) for digit in digits)
        return count(int(digits)) if int(digits) <= MOST else found[0]

    return _NUMBER.sub(spelt, text)


def _german(value: int) -> str:
    if value < 20:
        return _GERMAN[value]
    if value < 100:
        tens, ones = _GERMAN_TENS[value // 10], value % 10
        return f"{_german_one(ones)} und {tens}" if ones else tens
    if value < 1000 or 1100 <= value < 2000:  # years, and not only years, count in hundreds
        rest = f" {_german(value % 100)}" if value % 100 else ""
        return f"{_german_one(value // 100)} hundert{rest}"
    thousands = _german_one(value // 1000) if value // 1000 == 1 else _german(value // 1000)
    return f"{thousands} tausend" + (f" {_german(value % 1000)}" if value % 1000 else "")


def _german_one(value: int) -> str:
    """As it stands before another number: "ein", not "eins"."""
    return "ein" if value == 1 else _GERMAN[value]


def _spanish(value: int) -> str:
    if value < 30:
        return _SPANISH[value]
    if value < 100:
        return _SPANISH_TENS[value // 10] + (f" y {_SPANISH[value % 10]}" if value % 10 else "")
    if value == 100:
        return "cien"
    if value < 1000:
        return _SPANISH_HUNDREDS[value // 100] + (f" {_spanish(value % 100)}" if value % 100 else "")
    # Before "mil" there is "un", and where it is the only thousand there is nothing.
    before = _spanish(value // 1000).removesuffix("o") if value // 1000 % 10 == 1 else _spanish(value // 1000)
    thousands = "mil" if value < 2000 else f"{before.replace('veintiun', 'veintiún')} mil"
    return thousands + (f" {_spanish(value % 1000)}" if value % 1000 else "")


def _italian(value: int) -> str:
    if value < 20:
        return _ITALIAN[value]
    if value < 100:
        tens, ones = _ITALIAN_TENS[value // 10], value % 10
        if ones in (1, 8):  # the vowel before another goes
            return tens[:-1] + _ITALIAN[ones]
        return tens + ("tré" if ones == 3 else _ITALIAN[ones] if ones else "")
    if value < 1000:
        hundreds = "cento" if value < 200 else f"{_ITALIAN[value // 100]} cento"
        return hundreds + (f" {_italian(value % 100)}" if value % 100 else "")
    thousands = "mille" if value < 2000 else f"{_italian(value // 1000)} mila"
    return thousands + (f" {_italian(value % 1000)}" if value % 1000 else "")


_COUNTED: Mapping[str, Callable[[int], str]] = {"de": _german, "es": _spanish, "it": _italian}

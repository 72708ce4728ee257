"""Words and the sounds they are made of: what the singer must know of a sound, in every language.

English sounds are ARPAbet (capitals), those of the other languages IPA, so that no name means two sounds.
"""

from __future__ import annotations

from dataclasses import dataclass


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


VOWELS = _set(
    "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW "
    "a e i o u ɛ ɔ ə y ø œ ɑ̃ ɛ̃ ɔ̃ œ̃ aː eː iː oː uː yː øː ɪ ʊ ʏ ɐ aɪ aʊ ɔʏ"
)
"""Each is a syllable."""

DIPHTHONGS = _set("AW AY EY OW OY aɪ aʊ ɔʏ")

UNVOICED = _set("CH F HH K P S SH T TH p t k f s ʃ θ x ç h ts tʃ pf")

OBSTRUENTS = UNVOICED | _set("B D G V DH Z ZH JH b d g v z ʒ dz dʒ")

FRICATIVES = _set("Z V DH ZH JH v z ʒ dz dʒ")
"""Voiced ones: voice and breath at once."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and how it is said.

    Attributes:
        text: as the voice is told to say it.
        phones: sounds without stress.
        stresses: one a syllable (a vowel of `phones`): 1 primary, 2 secondary, 0 none.
    """

    text: str
    phones: tuple[str, ...]
    stresses: tuple[int, ...]

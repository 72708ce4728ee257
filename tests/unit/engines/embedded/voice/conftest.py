import numpy as np
import pytest

from punchin.engines.embedded.voice.aligning import Phone
from punchin.engines.embedded.voice.phrase import Phrase, Verse, syllables_of
from punchin.engines.embedded.voice.pronouncing import pronounce
from punchin.engines.embedded.voice.sounds import VOWELS

CONSONANT_S, VOWEL_S = 0.06, 0.12


def _made_phrase(text, vowel_s=VOWEL_S, consonant_s=CONSONANT_S):
    """A phrase whose sounds last what they are told to; its speech is silence."""
    verse = Verse(text, tuple(pronounce(word) for word in text.split()))
    phones, at = [], 0.05
    for number, word in enumerate(verse.words):
        for phone in word.phones:
            end = at + (vowel_s if phone in VOWELS else consonant_s)
            phones.append(Phone(phone, at, end, number))
            at = end
    speech = np.zeros(round((at + 0.1) * 16_000))
    return Phrase(verse, speech, tuple(phones), syllables_of(tuple(phones), verse.stresses))


@pytest.fixture(scope="session")
def made_phrase():
    return _made_phrase

import gzip
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.engines.embedded.voice.aligning import SILENCE, models_of
from punchin.engines.embedded.voice.pronouncing import Dictionary, dictionary, pronounce, rules
from punchin.engines.embedded.voice.sounds import VOWELS

PHONES = set(models_of("en")) - {SILENCE}


@pytest.mark.parametrize(
    ("word", "phones", "stresses"),
    [
        ("tonight", "T AH N AY T", (0, 1)),
        ("a", "AH", (0,)),
        ("'til", "T IH L", (1,)),
        ("the", "DH AH", (0,)),  # function words carry no beat
        ("rizzless", "R IH Z L AH S", (1, 0)),  # spelling and ending
        ("hustlin'", "HH AH S AH L IH N", (1, 0, 0)),
        ("starlightriver", "S T AA R L AY T R IH V ER", (1, 2, 2, 0)),  # two known words
        ("yeet", "Y IY T", (1,)),
        ("soooo", "S OW", (0,)),
        ("yeahhh", "Y AE", (1,)),
        ("dj", "D IY JH EY", (1, 1)),
        ("flave", "F L EY V", (1,)),
        ("bazzed", "B AE Z D", (1,)),  # a doubled consonant before the ending
    ],
)
def test_how_words_are_said(word, phones, stresses):
    said = pronounce(word)
    assert (said.phones, said.stresses) == (tuple(phones.split()), stresses)


@pytest.mark.parametrize(
    ("word", "last"), [("walks", "S"), ("moonwalks", "S"), ("vibed", "D"), ("gooses", "Z")]
)
def test_endings_follow_the_sound_before(word, last):
    assert pronounce(word).phones[-1] == last


@given(st.text(string.ascii_lowercase + "'", min_size=1, max_size=20))
def test_every_word_has_a_vowel_and_only_known_sounds(word):
    said = pronounce(word)
    assert set(said.phones) <= PHONES
    assert len(said.stresses) == sum(phone in VOWELS for phone in said.phones) >= 1


def test_content_words_have_a_stress():
    for word in ("walking", "river", "electricity", "zyzzyva", "brrr"):
        assert 1 in pronounce(word).stresses


def test_every_entry_is_found_and_nothing_else():
    lines = sorted(
        f"{word} {sound}" for word, sound in [("a", "AH0"), ("ab", "AE1 B"), ("b", "B IY1"), ("zz", "Z")]
    )
    small = Dictionary(("\n".join(lines) + "\n").encode())
    assert [small.get(line.split(" ", 1)[0]) for line in lines] == [line.split(" ", 1)[1] for line in lines]
    assert [small.get(word) for word in ("", "aa", "abc", "z", "zzz", "A")] == [None] * 6


def test_the_shipped_dictionary_is_sorted_and_says_known_sounds():
    from importlib import resources

    packed = resources.files("punchin.engines.embedded.voice").joinpath("cmudict.gz").read_bytes()
    lines = gzip.decompress(packed).splitlines()
    assert len(lines) > 100_000
    assert lines == sorted(lines)
    for line in (lines[0], *lines[::5000], lines[-1]):
        word, sound = line.decode().split(" ", 1)
        assert dictionary().get(word) == sound
        assert {phone.rstrip("012") for phone in sound.split()} <= PHONES


def test_rules_end_with_every_letter():
    assert set(string.ascii_lowercase) <= {letters for letters, _ in rules().spellings}
    assert set(rules().letters) == set(string.ascii_lowercase)

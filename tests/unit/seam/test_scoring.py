import numpy as np
import pytest

from punchin.seam.scoring import ABSOLUTE, RELATIVE, WORDS, Absolute, Relative, audible_in, score_of, word_for


def test_a_limit_is_straight_between_its_ends():
    limit = Absolute(1.0, 3.0, 0.5)
    assert [limit.audible(x) for x in (-5, 1, 2, 3, 9)] == [0, 0, 0.25, 0.5, 0.5]


def test_what_the_original_does_there_or_often_elsewhere_is_free():
    rule = Relative(Absolute(0.0, 1.0), 0.9)
    quiet, busy = np.zeros(100), np.full(100, 7.0)
    assert audible_in(rule, 5.0, 0.0, quiet) == 1
    assert audible_in(rule, 5.0, 5.0, quiet) == 0
    assert audible_in(rule, 5.0, -5.0, quiet) == 0
    assert audible_in(rule, 5.0, 0.0, busy) == 0


@pytest.mark.parametrize(
    ("value", "original", "expected"),
    [(6, 6, 0), (0, 6, 0), (3, 6, 0), (8, 6, 1), (-2, 6, 1), (-2, 0, 1), (-5, -6, 0), (0.2, 0, 0.1)],
)
def test_a_step_may_be_the_originals_or_none(value, original, expected):
    rule = Relative(Absolute(0.0, 2.0), 0.0, signed=True)
    assert audible_in(rule, value, original, np.zeros(3)) == pytest.approx(expected)


def test_signs_add_up():
    assert score_of({"a": 0.0, "b": 0.0}) == (1.0, "")
    assert score_of({"a": 0.5, "b": 0.5}) == (0.25, "a")
    assert score_of({"a": 0.1, "b": 1.0}) == (0.0, "b")


def test_every_score_has_a_word():
    assert word_for(1.0) == "seamless"
    assert word_for(0.0) == "rough"
    assert [word for _, word in WORDS] == ["seamless", "smooth", "audible", "rough"]
    for least, word in WORDS:
        assert word_for(least) == word


def test_every_limit_makes_sense():
    for limit in (*ABSOLUTE.values(), *(rule.beyond for rule in RELATIVE.values())):
        assert limit.free < limit.sure
        assert 0 < limit.weight <= 1

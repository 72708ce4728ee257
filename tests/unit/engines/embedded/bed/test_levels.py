import numpy as np

from punchin.engines.embedded.bed.levels import CLAMP_DB, apply_gains, gains_db
from punchin.engines.embedded.bed.model import Beats
from punchin.region import Frames


def test_donors_get_the_level_of_what_they_replace():
    loudness = np.array([-20.0] * 8 + [-17.0] * 8)
    np.testing.assert_allclose(gains_db(loudness, Beats(0, 8), tuple(range(8, 16)), 4), -3.0)
    np.testing.assert_allclose(gains_db(loudness, Beats(8, 16), tuple(range(8)), 4), 3.0)


def test_the_gain_is_bounded_and_silence_gives_none():
    loudness = np.array([-50.0] * 4 + [-10.0] * 4 + [-np.inf] * 2 + [-70.0] * 2)
    np.testing.assert_allclose(gains_db(loudness, Beats(0, 4), (4, 5, 6, 7), 4), -CLAMP_DB)
    np.testing.assert_allclose(gains_db(loudness, Beats(4, 8), (0, 1, 2, 3), 4), CLAMP_DB)
    np.testing.assert_allclose(gains_db(loudness, Beats(8, 12), (0, 1, 2, 3), 4), 0.0)
    np.testing.assert_allclose(gains_db(loudness, Beats(0, 4), (8, 9, 10, 11), 4), 0.0)


def test_a_snare_is_not_made_as_loud_as_the_kick():
    loudness = np.array([-12.0, -20.0] * 8)
    gains = gains_db(loudness, Beats(0, 8), (9, 10, 11, 12, 13, 14, 15, 14), 4)
    assert np.abs(gains).max() < 2.5


def test_gains_of_every_length_of_hole():
    for beats in range(1, 9):
        assert gains_db(np.full(16, -20.0), Beats(0, beats), tuple(range(8, 8 + beats)), 4).shape == (beats,)


def test_gains_are_applied_in_decibels_and_smoothly():
    samples = np.ones((2, 4000), np.float32)
    hole = Frames(1000, 5000)
    loud = apply_gains(samples, hole, np.array([2000.0, 4000.0]), np.array([6.0, 0.0]))
    np.testing.assert_allclose(loud[:, 0], 10 ** (6 / 20), rtol=1e-4)
    np.testing.assert_allclose(loud[:, -1], 1.0, rtol=1e-3)
    assert np.abs(np.diff(loud)).max() < 1e-3
    assert apply_gains(samples, hole, np.array([2000.0]), np.zeros(1)) is samples

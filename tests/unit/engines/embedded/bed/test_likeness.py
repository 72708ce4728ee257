import numpy as np

from punchin.engines.embedded.bed.likeness import likeness

ROWS = np.random.default_rng(0).standard_normal((30, 5))


def test_it_is_the_euclidean_distance_in_units_of_the_typical_one():
    alone = likeness(ROWS).alone
    slow = np.array([[np.linalg.norm(a - b) for b in ROWS] for a in ROWS])
    scale = slow[0, 10] / alone[0, 10]
    np.testing.assert_allclose(alone * scale, slow, atol=2e-3)
    far = np.abs(np.arange(30)[:, None] - np.arange(30)) > 4
    assert abs(np.median(alone[far]) - 1) < 1e-3


def test_context_is_what_lies_before_and_after():
    alike = likeness(ROWS)
    np.testing.assert_allclose(alike.before[10, 20], (alike.alone[8, 18] + alike.alone[9, 19]) / 2, rtol=1e-5)
    np.testing.assert_allclose(
        alike.after[10, 20], (alike.alone[10, 20] + alike.alone[11, 21]) / 2, rtol=1e-5
    )


def test_the_same_music_everywhere_is_not_blown_up():
    assert likeness(1e-5 * ROWS).alone.max() < 0.1


def test_features_that_are_not_numbers_count_as_none():
    rows = ROWS.copy()
    rows[3] = np.nan
    assert np.isfinite(likeness(rows).alone).all()


def test_one_beat_is_enough():
    assert likeness(np.ones((1, 4))).alone.shape == (1, 1)

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from punchin.join.align import Meeting
from punchin.join.fades import Fade, Weights, alike, fade_in, fade_out, from_silence, rising
from punchin.region import Frames


@given(frames=st.integers(1, 5_000), likeness=st.floats(0, 1))
def test_the_power_of_a_sum_stays_that_of_one(frames, likeness):
    comes, goes = rising(frames, likeness)
    np.testing.assert_allclose(comes**2 + goes**2 + 2 * likeness * comes * goes, 1, atol=1e-12)
    assert (np.diff(comes) >= 0).all()
    np.testing.assert_allclose(goes, comes[::-1], atol=1e-12)


@pytest.mark.parametrize("frames", [1, 7, 2_205])
def test_equals_add_up_to_one_exactly(frames):
    comes, goes = rising(frames, 1.0)
    assert (comes + goes == 1).all()


@pytest.mark.parametrize("likeness", [0.0, 0.3, 0.7, 0.95])
def test_power_of_real_sums(likeness):
    rng = np.random.default_rng(0)
    old, own = rng.standard_normal((2, 400, 1_000))
    new = likeness * old + np.sqrt(1 - likeness**2) * own
    fade = fade_in(0, 1_000, Meeting(old, new))
    assert fade.alike == pytest.approx(likeness, abs=0.02)
    power = np.mean(np.square(fade.new * new + fade.old * old), axis=0)
    around = power.reshape(10, 100).mean(axis=1)
    assert np.abs(10 * np.log10(around)).max() < 0.25


def test_both_edges_are_mirror_images():
    rng = np.random.default_rng(0)
    meeting = Meeting(*rng.standard_normal((2, 2, 300)))
    into, out = fade_in(5, 300, meeting), fade_out(5, 300, meeting)
    np.testing.assert_array_equal(into.new, out.new[::-1])
    assert (into.start, into.end) == (5, 305)


def test_likeness():
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 2, 10_000))
    assert alike(Meeting(a, a)) == pytest.approx(1)
    assert alike(Meeting(a, -a)) == 0
    assert alike(Meeting(a, 0 * a)) == 0
    assert alike(Meeting(a, b)) < 0.05


def test_weights_of_any_run_are_those_of_the_whole():
    flat = Fade(10, np.linspace(0.1, 0.9, 20), np.linspace(0.9, 0.1, 20))
    back = Fade(60, flat.new[::-1], flat.old[::-1])
    weights = Weights(flat, back)
    new, old = weights.of(Frames(0, 100))
    assert (new[:10] == 0).all()
    assert (new[30:60] == 1).all()
    assert (old[80:] == 1).all()
    for run in (Frames(0, 15), Frames(15, 25), Frames(25, 70), Frames(70, 100), Frames(40, 40)):
        here = weights.of(run)
        np.testing.assert_array_equal(here[0], new[run.start : run.end])
        np.testing.assert_array_equal(here[1], old[run.start : run.end])


def test_from_silence_only_where_it_would_click():
    assert from_silence(0.2, 0.2, 100).size == 0
    assert from_silence(0.0, 0.002, 100).size == 0
    fade = from_silence(0.0, 0.2, 100)
    assert fade.size == 100
    assert fade[0] < 0.001
    assert fade[-1] > 0.999

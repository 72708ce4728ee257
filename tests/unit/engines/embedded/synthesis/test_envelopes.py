"""Envelopes: attack, fall, release."""

import numpy as np
import pytest

from punchin.engines.embedded.synthesis.envelopes import Envelope, release

RATE_HZ = 10_000


def test_it_rises_falls_to_its_sustain_and_ends_at_zero():
    levels = Envelope(attack_s=0.1, decay_s=0.1, sustain=0.4, release_s=0.2).levels(1.5, RATE_HZ)
    assert len(levels) == 17_000
    assert levels[0] == 0
    assert levels.max() == pytest.approx(1, abs=0.01)
    assert levels[14_999] == pytest.approx(0.4, abs=0.01)
    assert levels[-1] == 0
    assert np.all(np.diff(levels[:1000]) >= 0)
    assert np.all(np.diff(levels[1100:]) <= 1e-6)


def test_release_is_exponential():
    levels = release(1000, 500)
    assert np.all(levels[:500] == 1)
    assert 20 * np.log10(levels[750]) == pytest.approx(-30, abs=0.5)
    assert levels[-1] == 0


@pytest.mark.parametrize("duration_s", [0.0, 0.0001, 0.01])
def test_short_notes_are_whole(duration_s):
    levels = Envelope(attack_s=0.5, release_s=0.05).levels(duration_s, RATE_HZ)
    assert np.isfinite(levels).all()
    assert levels[-1] == 0

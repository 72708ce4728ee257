"""Beat loudness against its exact twin, the sample-by-sample K-weighting."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from punchin.engines.embedded.analysis.levels import beat_loudness, k_block_powers
from punchin.loudness import k_power, lufs
from punchin.song import Song
from support.songs import made_song


@pytest.mark.parametrize(("rate_hz", "channels"), [(44_100, 2), (8_000, 1), (48_000, 6)])
def test_beat_loudness_is_that_of_the_standard(rate_hz: int, channels: int) -> None:
    song = made_song(8.0, rate_hz, channels)
    beats_s = np.arange(0.25, 7.8, 0.5)
    power = k_power(song)
    frames = np.round(beats_s * rate_hz).astype(int)
    exact = [lufs(float(power[a:b].mean())) for a, b in pairwise(frames)]
    np.testing.assert_allclose(beat_loudness(song, beats_s), exact, atol=0.6)


def test_every_sample_counts_once() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 100_000)).astype(np.float32)
    powers, block = k_block_powers(Song(noise, 48_000))
    exact = k_power(Song(noise, 48_000)).sum()
    assert powers.sum() * block == pytest.approx(exact, rel=0.01)


def test_what_lies_outside_does_not_count() -> None:
    song = made_song(2.0)
    inside = beat_loudness(song, np.array([0.0, 2.0]))
    np.testing.assert_allclose(beat_loudness(song, np.array([-3.0, 5.0])), inside)

import numpy as np
import pytest

from punchin.engines.embedded.mix import metering
from punchin.engines.embedded.mix.metering import BLOCK_S, Levels, block_starts, loudness, measure
from punchin.loudness import loudness_lufs, ungated_lufs
from punchin.song import Song
from support.songs import made_song

RATE_HZ = 22_050


def noise(seconds, gain=0.1, channels=2, seed=0):
    rng = np.random.default_rng(seed)
    return (gain * rng.standard_normal((channels, round(seconds * RATE_HZ)))).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_it_is_the_standards_loudness(channels):
    song = made_song(6.0, RATE_HZ, channels)
    assert loudness(song.samples, RATE_HZ) == pytest.approx(loudness_lufs(song), abs=0.02)


def test_silence_between_is_gated_away():
    loud, pause = noise(2), noise(4, gain=0.0)
    both = np.concatenate([loud, pause], axis=1)
    assert loudness(both, RATE_HZ) == pytest.approx(loudness(loud, RATE_HZ), abs=0.5)
    assert ungated_lufs(Song(both, RATE_HZ)) < loudness(loud, RATE_HZ) - 4


def test_pieces_make_no_difference(monkeypatch):
    sound = noise(3.3)
    whole = measure(sound, RATE_HZ).powers
    monkeypatch.setattr(metering, "PIECE_S", 0.4)
    np.testing.assert_allclose(measure(sound, RATE_HZ).powers, whole, rtol=2e-3)


def test_a_low_tone_over_many_pieces(monkeypatch):
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    low = np.tile(np.cos(2 * np.pi * 30 * t).astype(np.float32), (2, 1))
    whole = measure(low, RATE_HZ).powers[10:]
    monkeypatch.setattr(metering, "PIECE_S", 0.2)
    np.testing.assert_allclose(measure(low, RATE_HZ).powers[10:], whole, rtol=0.03)


@pytest.mark.parametrize("frames", [0, 1, 500, 5000])
def test_silence_and_nothing_have_no_loudness(frames):
    assert loudness(np.zeros((2, frames), np.float32), RATE_HZ) == -np.inf
    assert measure(np.zeros((2, frames), np.float32), RATE_HZ).near_lufs == -np.inf


def test_a_sound_shorter_than_a_block_is_measured():
    assert loudness(noise(0.03), RATE_HZ) == pytest.approx(loudness(noise(3), RATE_HZ), abs=2)


def test_gains_are_decibels():
    levels = measure(noise(2), RATE_HZ)
    assert levels.changed(-6).gated_lufs == pytest.approx(levels.gated_lufs - 6)


def test_near_counts_more():
    levels = measure(np.concatenate([noise(2, 0.1), noise(2, 0.01)], axis=1), RATE_HZ)
    assert levels.near_lufs > levels.reversed().near_lufs + 3


def test_parts_and_sums():
    levels = Levels(np.arange(1.0, 101.0))
    np.testing.assert_array_equal(levels.between(1, 2).powers, np.arange(21.0, 41.0))
    np.testing.assert_array_equal(
        levels.between(0, 1).and_then(levels.between(1, 2)).powers, levels.between(0, 2).powers
    )


def test_blocks_start_every_fiftieth_of_a_second():
    starts = block_starts(10 * RATE_HZ, RATE_HZ)
    assert len(starts) == round(10 / BLOCK_S)
    np.testing.assert_allclose(np.diff(starts) / RATE_HZ, BLOCK_S, atol=1 / RATE_HZ)

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.engines.embedded.mix import finishing
from punchin.engines.embedded.mix.finishing import ENERGY_DB, finish, limited
from punchin.engines.embedded.mix.metering import loudness, measure
from punchin.engines.embedded.mix.surroundings import Surroundings
from punchin.song import Song

RATE_HZ = 22_050
EVEN = Surroundings(song_lufs=-20.0, before_lufs=-20.0, after_lufs=-20.0, peak=0.9)


def noise(seconds=12.0, gain=0.01, channels=2):
    rng = np.random.default_rng(1)
    return Song(
        (gain * rng.standard_normal((channels, round(seconds * RATE_HZ)))).astype(np.float32), RATE_HZ
    )


@pytest.mark.parametrize("gain", [0.01, 0.3])
@pytest.mark.parametrize("channels", [1, 2])
def test_it_becomes_as_loud_as_the_song(gain, channels):
    made = finish(noise(gain=gain, channels=channels), EVEN)
    assert loudness(made.samples, RATE_HZ) == pytest.approx(-20, abs=0.2)


@pytest.mark.parametrize("energy", [-1.0, 0.5, 1.0])
def test_energy_moves_it_by_a_little(energy):
    made = finish(noise(), EVEN, energy=energy)
    assert loudness(made.samples, RATE_HZ) == pytest.approx(-20 + ENERGY_DB * energy, abs=0.2)


def test_edges_lean_towards_the_music_beside_them():
    made = measure(finish(noise(), Surroundings(-20.0, -26.0, -18.0, 0.9)).samples, RATE_HZ)
    start, middle, end = made.near_lufs, made.between(4, 8).gated_lufs, made.reversed().near_lufs
    assert start < middle - 2
    assert end > middle + 0.7
    assert made.gated_lufs == pytest.approx(-20, abs=0.5)


def test_edges_that_are_meant_to_be_soft_stay_so():
    shape = np.linspace(0.03, 1, noise().frames, dtype=np.float32)
    rising = Song(noise().samples * shape, RATE_HZ)
    kept = finish(rising, EVEN, rises=True)
    lifted = finish(rising, EVEN)
    near = [measure(song.samples, RATE_HZ).near_lufs for song in (kept, lifted)]
    assert near[1] > near[0] + 0.5
    fading = Song(np.ascontiguousarray(rising.samples[:, ::-1]), RATE_HZ)
    ends = [
        measure(finish(fading, EVEN, falls=falls).samples, RATE_HZ).reversed().near_lufs
        for falls in (True, False)
    ]
    assert ends[1] > ends[0] + 0.5


def test_silence_stays_silence_and_a_silent_song_sets_no_level():
    silent = Song(np.zeros((2, RATE_HZ), np.float32), RATE_HZ)
    assert not finish(silent, EVEN).samples.any()
    nothing = Surroundings(-np.inf, -np.inf, -np.inf, 0.0)
    assert finish(noise(), nothing).samples is not None
    np.testing.assert_array_equal(finish(noise(), nothing).samples, noise().samples)


def test_near_silence_is_not_blown_up():
    made = finish(noise(gain=5e-4), EVEN)
    assert -45 < loudness(noise(gain=5e-4).samples, RATE_HZ) + 20 < -25
    assert loudness(made.samples, RATE_HZ) < -21


def test_peaks_stay_below_what_the_song_reaches():
    peaky = noise(gain=0.02).samples.copy()
    peaky[:, ::3000] = 0.9
    made = finish(Song(peaky, RATE_HZ), Surroundings(-14.0, -14.0, -14.0, 0.6))
    assert np.abs(made.samples).max() <= 0.6


def test_what_the_limiter_takes_is_given_back(monkeypatch):
    peaky = noise(gain=0.05).samples.copy()
    peaky[:, ::200] = 0.9
    loud = Surroundings(-14.0, -14.0, -14.0, 0.6)
    given = loudness(finish(Song(peaky, RATE_HZ), loud).samples, RATE_HZ)
    monkeypatch.setattr(finishing, "LEAST_DB", 99.0)
    assert given > loudness(finish(Song(peaky, RATE_HZ), loud).samples, RATE_HZ) + 0.5


@pytest.mark.parametrize("seconds", [0.1, 0.5, 2.0])
def test_short_holes(seconds):
    made = finish(noise(seconds), EVEN)
    assert np.isfinite(made.samples).all()
    assert loudness(made.samples, RATE_HZ) == pytest.approx(-20, abs=1)


@settings(max_examples=30, deadline=None)
@given(st.floats(0.2, 30.0), st.integers(0, 1000))
def test_the_limiter_keeps_its_ceiling(gain, seed):
    sound = (gain * np.random.default_rng(seed).standard_normal((2, 4000))).astype(np.float32)
    kept = limited(sound, RATE_HZ, 0.8)
    assert np.abs(kept).max() <= 0.8
    assert np.all(np.sign(kept) == np.sign(sound))


def test_the_limiter_leaves_alone_what_fits():
    sound = noise(1.0, 0.05).samples
    assert limited(sound, RATE_HZ, 0.9) is sound


def test_the_limiter_turns_down_rather_than_flattens():
    t = np.arange(RATE_HZ) / RATE_HZ
    sine = np.tile(4 * np.sin(2 * np.pi * 200 * t), (2, 1)).astype(np.float32)
    kept = limited(sine, RATE_HZ, 0.8)[0, 4000:-4000]
    spectrum = np.abs(np.fft.rfft(kept * np.hanning(kept.size)))
    third = spectrum[round(600 * kept.size / RATE_HZ)] / spectrum[round(200 * kept.size / RATE_HZ)]
    assert third < 0.15, "a square has a third"

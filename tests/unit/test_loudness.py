import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from punchin.loudness import (
    Meter,
    channel_weights,
    k_response,
    k_weighted,
    loudness_lufs,
    momentary_lufs,
    short_term_lufs,
    ungated_lufs,
)
from punchin.song import Song
from support.songs import made_song

RATES = [8_000, 22_050, 37_123, 44_100, 48_000, 96_000, 192_000]


def sine(parts, rate_hz=16_000, frequency_hz=1_000.0, channels=2):
    """A tone whose level changes: parts of (dBFS of the peak, seconds), the same in every channel."""
    amplitude = np.concatenate([np.full(round(s * rate_hz), 10 ** (db / 20)) for db, s in parts])
    tone = amplitude * np.sin(2 * np.pi * frequency_hz / rate_hz * np.arange(amplitude.size))
    return Song(np.repeat(tone[None], channels, axis=0), rate_hz)


@pytest.mark.parametrize("rate_hz", RATES)
def test_the_standard_sine(rate_hz):
    """BS.1770-4, annex 1: 0 dBFS at 997 Hz in one front channel is -3.01 LKFS."""
    assert loudness_lufs(sine([(0, 5)], rate_hz, 997.0, 1)) == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([(-23, 20)], -23.0),  # case 1
        ([(-33, 20)], -33.0),  # case 2
        ([(-36, 10), (-23, 60), (-36, 10)], -23.0),  # case 3: the relative gate
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),  # case 4: both gates
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),  # case 5
    ],
)
def test_ebu_tech_3341(parts, expected):
    song = sine(parts)
    assert loudness_lufs(song) == pytest.approx(expected, abs=0.1)
    meter = Meter(song.rate_hz, song.channels)
    meter.add(song.samples)
    assert meter.integrated_lufs() == pytest.approx(expected, abs=0.1)


def test_ebu_tech_3341_five_channels():
    """Case 6: -28 dBFS left and right, -24 centre, -30 surrounds: -23 LUFS."""
    tone = sine([(0, 20)], channels=1).samples
    levels = np.array([-28, -28, -24, -30, -30])
    song = Song(tone * 10 ** (levels[:, None] / 20), 16_000)
    assert loudness_lufs(song) == pytest.approx(-23.0, abs=0.1)
    lfe = Song(np.insert(song.samples, 3, 0.9 * tone[0], axis=0), 16_000)
    assert loudness_lufs(lfe) == pytest.approx(loudness_lufs(song), abs=1e-9)


def test_momentary_and_short_term_hear_400_ms_and_3_s():
    song = sine([(-60, 4), (-23, 4)])
    assert len(momentary_lufs(song)) == 77
    assert len(short_term_lufs(song)) == 51
    assert momentary_lufs(song)[40] == pytest.approx(-23, abs=0.1)
    assert momentary_lufs(song)[38] == pytest.approx(-26, abs=0.2)
    assert short_term_lufs(song)[40] == pytest.approx(-23, abs=0.1)


def _biquads(samples):
    """The standard's two filters at 48 kHz, sample by sample: the slow and obvious twin."""
    stages = [
        ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
        ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
    ]
    for b, a in stages:
        out = []
        for n, x in enumerate(samples):
            past = [samples[n - k] if n >= k else 0.0 for k in (1, 2)]
            done = [out[n - k] if n >= k else 0.0 for k in (1, 2)]
            out.append(b[0] * x + b[1] * past[0] + b[2] * past[1] - a[0] * done[0] - a[1] * done[1])
        samples = out
    return np.array(samples)


def test_at_48_khz_it_is_the_standards_filter():
    noise = np.random.default_rng(0).standard_normal((1, 9_000))
    np.testing.assert_allclose(k_weighted(noise, 48_000)[0], _biquads(noise[0].tolist()), atol=1e-6)


def test_response_of_the_filter():
    gain_db = 20 * np.log10(np.abs(k_response(np.array([20.0, 1_000.0, 10_000.0]))))
    assert gain_db[0] < -12
    assert gain_db[1] == pytest.approx(0.69, abs=0.05)
    assert gain_db[2] == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize("rate_hz", [8_000, 44_100, 37_123])
@pytest.mark.parametrize("pieces", [17, 4_409, 100_000])
def test_the_meter_hears_the_same_in_pieces(rate_hz, pieces):
    song = made_song(9.3, rate_hz)
    swelling = Song(song.samples * np.linspace(0.001, 1, song.frames, dtype=np.float32), rate_hz)
    if pieces == 17:
        swelling = Song(swelling.samples[:, :rate_hz], rate_hz)
    meter = Meter(rate_hz, 2)
    for start in range(0, swelling.frames, pieces):
        meter.add(swelling.samples[:, start : start + pieces])
    assert meter.integrated_lufs() == pytest.approx(loudness_lufs(swelling), abs=0.01)


@settings(max_examples=15, deadline=None)
@given(
    seconds=st.floats(0.01, 2),
    rate_hz=st.sampled_from([8_000, 11_025]),
    cuts=st.lists(st.floats(0, 1), max_size=5),
)
def test_the_meter_hears_the_same_however_it_is_cut(seconds, rate_hz, cuts):
    song = made_song(seconds, rate_hz, channels=3)
    edges = [0, *sorted(int(cut * song.frames) for cut in cuts), song.frames]
    meter = Meter(rate_hz, 3)
    for start, end in itertools.pairwise(edges):
        meter.add(song.samples[:, start:end])
    assert meter.integrated_lufs() == pytest.approx(loudness_lufs(song), abs=0.01)


def test_the_meter_does_not_grow():
    meter = Meter(8_000, 1)
    noise = np.random.default_rng(0).standard_normal((1, 80_000)) * 0.1
    for _ in range(30):
        meter.add(noise)
    kept = sum(array.nbytes for array in (meter._past, *meter._waiting, *meter._totals))
    assert kept < 8 * (4.5 * 8_000 + 3_100)  # the whole is 19 MB
    assert meter.integrated_lufs() == pytest.approx(loudness_lufs(Song(noise, 8_000)), abs=0.05)


def test_silence_and_nothing():
    assert loudness_lufs(Song(np.zeros((2, 48_000)), 48_000)) == -np.inf
    assert loudness_lufs(Song(np.zeros((2, 0)), 48_000)) == -np.inf
    assert ungated_lufs(Song(np.zeros((1, 10)), 48_000)) == -np.inf
    meter = Meter(48_000, 2)
    assert meter.integrated_lufs() == -np.inf
    meter.add(np.zeros((2, 0)))
    meter.add(np.zeros((2, 48_000)))
    assert meter.integrated_lufs() == -np.inf


def test_the_meter_refuses_other_channels():
    with pytest.raises(ValueError, match=r"not \[2, n\]"):
        Meter(48_000, 2).add(np.zeros((1, 10)))


def test_weights_of_channels():
    assert channel_weights(2).tolist() == [1, 1]
    assert channel_weights(6).tolist() == [1, 1, 1, 0, 1.41, 1.41]
    assert len(channel_weights(11)) == 11

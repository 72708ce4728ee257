"""Onsets, tempo, bars, swing and features, each alone."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis.bars import _best_places, find_bars
from punchin.engines.embedded.analysis.hearing import RATE_HZ
from punchin.engines.embedded.analysis.likeness import beat_features
from punchin.engines.embedded.analysis.metrical import EVIDENCE, WEIGHTS, gathered
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets, find_onsets
from punchin.engines.embedded.analysis.pitch import find_pitches
from punchin.engines.embedded.analysis.spectra import between, magnitudes
from punchin.engines.embedded.analysis.swing import find_swing
from punchin.engines.embedded.analysis.tempo import autocorrelation, tempo_candidates


def pulses(times_s: np.ndarray, duration_s: float) -> Onsets:
    envelope = np.zeros(round(duration_s * FRAMES_HZ), np.float32)
    envelope[np.round(times_s[times_s < duration_s - 0.02] * FRAMES_HZ).astype(int)] = 1.0
    flux = np.repeat(envelope[:, None], 4, axis=1)
    return Onsets(np.repeat(envelope[:, None], 20, axis=1), flux, envelope, envelope)


def test_a_sine_of_amplitude_one_has_magnitude_one() -> None:
    wave = np.sin(2 * np.pi * 64 / 1024 * np.arange(4096)).astype(np.float32)
    spectra = np.concatenate(list(magnitudes(wave, 1024, 256)))
    assert spectra.shape == (17, 513)
    assert spectra[8, 64] == pytest.approx(1.0, abs=0.01)


def test_the_onset_of_a_note_is_where_it_starts() -> None:
    wave = np.zeros(RATE_HZ, np.float32)
    wave[11_000:] = 0.1 * np.sin(2 * np.pi * 700 * np.arange(RATE_HZ - 11_000) / RATE_HZ)
    onsets = find_onsets(wave)
    assert onsets.strength.argmax() / FRAMES_HZ == pytest.approx(11_000 / RATE_HZ, abs=0.02)
    assert onsets.flux.shape == (onsets.frames, 4)


def test_vibrato_is_not_an_onset() -> None:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    vibrato = np.sin(2 * np.pi * 800 * t + 10.0 * np.sin(2 * np.pi * 6 * t)).astype(np.float32) * 0.1
    struck = np.sin(2 * np.pi * 800 * t).astype(np.float32) * 0.1 * (t > 1.0)
    moving, starting = (find_onsets(wave).flux.sum(axis=1)[30:-30] for wave in (vibrato, struck))
    assert moving.max() < 0.02 * starting.max()


def test_between_is_the_mean_of_the_frames() -> None:
    rows = np.random.default_rng(0).uniform(0, 1, (100, 3))
    times = np.array([-1.0, 0.95, 2.45, 30.0])
    found = between(rows, 10.0, times)
    np.testing.assert_allclose(found[1], rows[10:25].mean(axis=0))
    np.testing.assert_allclose(found[0], rows[:10].mean(axis=0))
    np.testing.assert_allclose(between(rows, 10.0, np.array([50.0, 60.0]))[0], rows[-1])


@pytest.mark.parametrize("bpm", [60.0, 93.0, 128.0, 180.0])
def test_the_tempo_of_pulses_is_among_the_candidates(bpm: float) -> None:
    onsets = pulses(np.arange(0.1, 30, 60 / bpm), 30.0)
    assert min(abs(found / bpm - 1) for found, _ in tempo_candidates(onsets.strength)) < 0.02


def test_autocorrelation_is_one_at_no_lag_and_small_for_noise() -> None:
    found = autocorrelation(np.random.default_rng(0).standard_normal(3000))
    assert found[0] == pytest.approx(1.0, abs=1e-6)
    assert np.abs(found[50:1500]).max() < 0.2


@pytest.mark.parametrize("place", [0.5, 0.58, 0.66])
def test_swing_is_where_the_offbeat_is(place: float) -> None:
    beats = np.arange(0.0, 30.01, 0.6)
    times = np.sort(np.concatenate([beats, beats[:-1] + place * 0.6]))
    assert find_swing(pulses(times, 30.0), beats) == pytest.approx(place, abs=0.02)


def test_without_offbeats_it_is_straight() -> None:
    beats = np.arange(0.0, 30.01, 0.6)
    assert find_swing(pulses(beats, 30.0), beats) == 0.5


@pytest.mark.parametrize("metre", [3, 4])
def test_bars_follow_clear_evidence_and_slip_where_it_does(metre: int) -> None:
    positions = np.concatenate([np.arange(24) % metre, np.arange(24) % metre])
    positions = np.delete(positions, 23)
    evidence = np.zeros((len(positions), 6))
    evidence[:, :3] = np.where(positions == 0, 2.0, -0.7)[:, None]
    bars = find_bars(evidence)
    assert bars.beats_per_bar == metre
    assert np.mean((bars.positions == 0) == (positions == 0)) > 0.95


def test_best_places_is_the_best_of_straight_paths_without_slips() -> None:
    scores = np.random.default_rng(0).uniform(-1, 0, (9, 4))
    path, total = _best_places(scores)
    straight = [scores[np.arange(9), (np.arange(9) + phase) % 4].sum() for phase in range(4)]
    assert total >= max(straight) - 1e-9
    np.testing.assert_array_equal(np.diff(path) % 4, 1)


def test_like_beats_have_like_features() -> None:
    beats = np.arange(0.0, 16.01, 0.5)
    chroma = np.tile(np.eye(12)[[0, 5, 7, 9]], (8, 1))
    onsets = pulses(beats, 16.0)
    rows = beat_features(onsets, beats, chroma, chroma)
    same, other = np.linalg.norm(rows[8] - rows[12]), np.linalg.norm(rows[8] - rows[9])
    assert same < 0.3 * other


@pytest.mark.parametrize(("every", "empty"), [(1, 0.0), (2, 1.0)])
def test_a_grid_twice_too_fast_has_empty_beats(every: int, empty: float) -> None:
    beats = np.arange(0.1, 20.0, 0.5)
    onsets, silence = pulses(beats[::every], 20.5), find_pitches(np.zeros(200_000, np.float32))
    evidence = dict(zip(EVIDENCE, gathered(onsets, silence, beats, 1.0), strict=True))
    assert evidence["every other"] == pytest.approx(empty, abs=0.01)
    assert evidence["halves"] > 0.9


def test_the_beat_is_where_kick_and_bass_are_not_half_a_beat_later() -> None:
    beats = np.arange(0.1, 20.0, 0.5)
    onsets, silence = pulses(beats, 20.5), find_pitches(np.zeros(200_000, np.float32))
    on, off = (gathered(onsets, silence, beats + shift, 1.0) @ WEIGHTS for shift in (0.0, 0.25))
    assert on > off

"""Songs whose beats, bars and features are known without any analysis: these tests judge the bed alone."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis import Analysis, BeatGrid, Chord, Form, Harmony, Key
from support.songs import made_song

BEAT_S = 0.5


def band_levels(song, beats):
    """Log energy of each beat in 24 bands, `[K, 24]`: alike beats lie near, others far."""
    frames = round(BEAT_S * song.rate_hz)
    rows = []
    for beat in range(beats):
        power = np.abs(np.fft.rfft(song.mono()[beat * frames : (beat + 1) * frames])) ** 2
        edges = np.unique(np.geomspace(20, power.size, 25).astype(int))
        rows.append(np.log10(np.add.reduceat(power, edges[:-1]) + 1e-6))
    return np.array(rows)


def known_analysis(song, confidence=1.0, beats_per_bar=4):
    """What a perfect analysis of `made_song` would say."""
    beats = round(song.duration_s / BEAT_S)
    frames = round(BEAT_S * song.rate_hz)
    power = [float(np.mean(song.samples[:, k * frames : (k + 1) * frames] ** 2)) for k in range(beats)]
    with np.errstate(divide="ignore"):
        loudness = 10 * np.log10(np.array(power))
    return Analysis(
        grid=BeatGrid(
            times_s=np.arange(beats + 1) * BEAT_S,
            positions=np.arange(beats) % beats_per_bar,
            beats_per_bar=beats_per_bar,
            swing=0.5,
            confidence=confidence,
            downbeat_confidence=confidence,
        ),
        harmony=Harmony(
            chords=(Chord(9, "min"),) * beats,
            confidences=np.ones(beats),
            chroma=np.ones((beats, 12)),
            bass_chroma=np.ones((beats, 12)),
            key=Key(9, "min"),
            key_confidence=1.0,
            tuning_semitones=0.0,
        ),
        features=band_levels(song, beats),
        playing_db=np.zeros((beats, 2)),
        loudness_lufs=loudness,
        musicality=confidence,
        form=Form.unknown(beats),
    )


@pytest.fixture(scope="session")
def song():
    return made_song(32.0, 22_050)


@pytest.fixture(scope="session")
def known():
    return known_analysis


@pytest.fixture(scope="session")
def analysis(song):
    return known_analysis(song)

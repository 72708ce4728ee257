"""One row of numbers a beat, such that the distance of two rows says how unlike the two beats sound.

Harmony, tone colour, level and rhythm inside the beat, each in units in which its share was chosen: two beats
of the same bar in two verses lie at some 0.5 to 1, unrelated beats of one song at 2 to 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets, band_centres_hz
from punchin.engines.embedded.analysis.spectra import between

Rows = NDArray[np.float64]

HARMONY, BASS, LEVEL, COLOUR, RHYTHM = 2.0, 0.8, 0.8, 0.28, 0.25
"""How much each kind of difference counts."""

LOW_HZ, HIGH_HZ = 150.0, 5_000.0
"""Below the first are bass and kick, above the second cymbals and breath."""
GONE_DB = 20.0
"""So far below their usual level they are as good as not there."""

_CEPSTRA = 14
_STEPS = 8
"""Places inside a beat at which onsets are compared."""


def beat_features(onsets: Onsets, beats_s: Rows, chroma: Rows, bass_chroma: Rows) -> NDArray[np.float32]:
    """Features of each beat `[K, F]`: chroma and bass chroma `[K, 12]`, level, cepstra, onset pattern."""
    spectrum = between(onsets.spectrum, FRAMES_HZ, beats_s)
    cepstra = spectrum @ _cosines(spectrum.shape[1])
    rhythm = _rhythm(onsets, beats_s)
    parts = [
        HARMONY * _unit(chroma),
        BASS * _unit(bass_chroma),
        LEVEL * _standard(cepstra[:, :1]),
        COLOUR * _standard(cepstra[:, 1:]),
        RHYTHM * _standard(rhythm),
    ]
    return np.concatenate(parts, axis=1).astype(np.float32)


def playing_db(onsets: Onsets, beats_s: Rows, bar_beats: int) -> Rows:
    """How much bass and kick, and how much cymbals play in the bar around each beat, `[K, 2]` in dB.

    Against what is usual in the song (80 % of its beats have less), `GONE_DB` up and down at most. A band or
    two of many hardly move a cepstrum, but a bar without its bass is plainly another bar.
    """
    centres_hz = band_centres_hz()
    parts = (centres_hz < LOW_HZ, centres_hz > HIGH_HZ)
    powers = np.stack([np.square(onsets.level(part)).mean(axis=1) for part in parts], axis=1)
    beats = between(powers, FRAMES_HZ, beats_s)
    bar = np.ones(min(max(1, bar_beats), len(beats)))
    counted = np.convolve(np.ones(len(beats)), bar, "same")
    by_bar = np.stack([np.convolve(power, bar, "same") / counted for power in beats.T], axis=1)
    db = 10 * np.log10(np.maximum(by_bar, 0.0) + 1e-9)
    return np.clip(db - np.percentile(db, 80, axis=0), -GONE_DB, GONE_DB)


def _cosines(bands: int) -> Rows:
    """First columns of a discrete cosine transform: log spectrum to cepstrum (Davis & Mermelstein)."""
    return np.cos(np.pi / bands * np.outer(np.arange(bands) + 0.5, np.arange(_CEPSTRA))) / np.sqrt(bands)


def _rhythm(onsets: Onsets, beats_s: Rows) -> Rows:
    """Onset strength near `_STEPS` places of each beat, `[K, _STEPS]`."""
    parts = np.arange(_STEPS) / _STEPS
    times = beats_s[:-1, None] + np.diff(beats_s)[:, None] * parts
    centre = np.round(times * FRAMES_HZ).astype(int)
    index = np.clip(centre[..., None] + np.arange(-2, 3), 0, onsets.frames - 1)
    return onsets.strength[index].max(axis=-1).astype(np.float64)


def _unit(rows: Rows) -> Rows:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)


def _standard(rows: Rows) -> Rows:
    return (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)

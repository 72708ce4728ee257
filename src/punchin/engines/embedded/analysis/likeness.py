"""One row of numbers a beat, such that the distance of two rows says how unlike the two beats sound.

Harmony, tone colour, level and rhythm inside the beat, each in units in which its share was chosen: two beats
of the same bar in two verses lie at some 0.5 to 1, unrelated beats of one song at 2 to 4.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Onsets
from punchin.engines.embedded.analysis.spectra import between

Rows = NDArray[np.float64]

HARMONY, BASS, LEVEL, COLOUR, RHYTHM = 2.0, 0.8, 0.8, 0.28, 0.25
"""How much each kind of difference counts."""

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

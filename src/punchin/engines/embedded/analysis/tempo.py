"""Tempo candidates: which beat periods the onsets repeat with.

Autocorrelation of the onset strength, read with a comb of multiples, weighted by how often people tap a
tempo: Ellis, "Beat tracking by dynamic programming" (JNMR 2007, section 3.2), which takes the log-normal
preference from van Noorden & Moelants (JNMR 1999).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Envelope

if TYPE_CHECKING:
    from numpy.typing import NDArray

SLOWEST_BPM, FASTEST_BPM = 52.0, 215.0

PREFERRED_BPM, PREFERENCE_OCTAVES = 115.0, 0.75

_COMB = ((1.0, 1.0), (2.0, 0.5), (3.0, 0.33), (4.0, 0.5), (0.5, 0.25))
"""Multiples of the period and how much each counts: two and four beats repeat where there is a bar."""

_GRID = 400


def autocorrelation(envelope: Envelope) -> NDArray[np.float64]:
    """Correlation of the envelope, less its mean, with itself `[T]`; 1 at lag 0, corrected for the shrinking
    overlap.
    """
    centred = envelope - float(np.mean(envelope))
    size = 1 << (2 * centred.size - 1).bit_length()
    spectrum = np.fft.rfft(centred, size)
    raw = np.fft.irfft(np.square(spectrum.real) + np.square(spectrum.imag), size)[: centred.size]
    overlap = 1.0 - np.arange(centred.size) / (centred.size + 1.0)
    return raw / (raw[0] + 1e-12) / np.maximum(overlap, 0.25)


def salience(envelope: Envelope) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """How strongly each tempo is felt: (tempi in bpm `[G]` from slow to fast, salience `[G]` >= 0)."""
    repeats = autocorrelation(envelope)
    bpm = np.exp(np.linspace(np.log(SLOWEST_BPM), np.log(FASTEST_BPM), _GRID))
    period = 60.0 * FRAMES_HZ / bpm
    lags = np.arange(repeats.size)
    felt = sum(weight * np.interp(multiple * period, lags, repeats, right=0.0) for multiple, weight in _COMB)
    preference = np.exp(-0.5 * np.square(np.log2(bpm / PREFERRED_BPM) / PREFERENCE_OCTAVES))
    return bpm, np.maximum(felt, 0.0) * preference


def tempo_candidates(envelope: Envelope, count: int = 5) -> list[tuple[float, float]]:
    """The most salient tempi, strongest first: (bpm, salience against the strongest); at least one."""
    bpm, felt = salience(envelope)
    inner = np.flatnonzero((felt[1:-1] > felt[:-2]) & (felt[1:-1] >= felt[2:])) + 1
    peaks = inner[np.argsort(-felt[inner], kind="stable")][:count]
    if not peaks.size or felt[peaks[0]] <= 0.0:
        return [(PREFERRED_BPM, 1.0)]
    strongest = float(felt[peaks[0]])
    return [(float(bpm[k]), float(felt[k]) / strongest) for k in peaks if felt[k] > 0.25 * strongest]

"""Onset strength: how much something begins at each moment, as a whole and by frequency band.

Spectral flux with vibrato suppression after Böck & Widmer, "Maximum filter vibrato suppression for onset
detection" (DAFx 2013): the rise of the logarithm of each band over the loudest of its neighbours just before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.hearing import RATE_HZ
from punchin.engines.embedded.analysis.spectra import filter_centres_hz, frame_count, log_filters, magnitudes

SIZE, HOP = 1024, 220
"""46 ms, and 10 ms apart."""

FRAMES_HZ = RATE_HZ / HOP

LAG = 2
"""Frames between the two spectra that are compared: half of the window has moved on."""

LATE_S = 0.0
"""What the strongest rise lies before the true onset, since a window feels it early; measured on clicks."""

BAND_EDGES_HZ = (130.0, 2_000.0, 5_000.0)
"""Between kick and the rest, body and snare wires, snare and cymbals."""

_COMPRESSION = 200.0
"""Factor before the logarithm: what lies 45 dB below full scale of the levelled wave still counts."""

_MEAN_S, _SPREAD_S = 1.0, 6.0
"""Over how long the strength is compared with its own mean and its own size."""

Envelope = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Onsets:
    """Beginnings, one row every 1 / `FRAMES_HZ` seconds.

    Attributes:
        spectrum: `[T, B]`, logarithm of the level of each band.
        flux: `[T, 4]`, mean rise below 130 Hz, to 2 kHz, to 5 kHz, and above.
        strength: `[T]`, all bands, against its surroundings; about 0..3.
        low: `[T]`, the same for the lowest bands.
    """

    spectrum: NDArray[np.float32]
    flux: NDArray[np.float32]
    strength: Envelope
    low: Envelope

    @property
    def frames(self) -> int:
        """T."""
        return int(self.strength.size)

    def level(self, bands: NDArray[np.bool_]) -> NDArray[np.float32]:
        """Magnitude of some of the bands, the logarithm undone, `[T, number of them]`."""
        return (10.0 ** self.spectrum[:, bands] - 1.0) / np.float32(_COMPRESSION)


def band_centres_hz() -> NDArray[np.float64]:
    """The frequency in the middle of each band of `Onsets.spectrum`, `[B]`."""
    return filter_centres_hz(RATE_HZ, SIZE, _filters())


def _filters() -> NDArray[np.float32]:
    return log_filters(RATE_HZ, SIZE, 30.0, 10_500.0, 12)


def find_onsets(wave: NDArray[np.float32]) -> Onsets:
    """Onset strength of a wave `[N]` at `RATE_HZ`, levelled as `hear` does."""
    filters = _filters()
    spectrum = np.empty((frame_count(wave.size, HOP), filters.shape[1]), np.float32)
    row = 0
    for block in magnitudes(wave, SIZE, HOP):
        spectrum[row : row + len(block)] = np.log10(1.0 + _COMPRESSION * (block @ filters))
        row += len(block)
    rise = _rise(spectrum)
    edges = np.searchsorted(band_centres_hz(), BAND_EDGES_HZ)
    flux = np.stack([part.mean(axis=1) for part in np.split(rise, edges, axis=1)], axis=1)
    return Onsets(spectrum, flux, standing_out(rise.mean(axis=1)), standing_out(flux[:, 0]))


def _rise(spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
    """Half-wave rectified difference to the maximum of three neighbouring bands `LAG` frames before (equation
    5).
    """
    before = spectrum.copy()
    np.maximum(before[:, 1:], spectrum[:, :-1], out=before[:, 1:])
    np.maximum(before[:, :-1], spectrum[:, 1:], out=before[:, :-1])
    rise = np.zeros_like(spectrum)
    np.maximum(spectrum[LAG:] - before[:-LAG], 0.0, out=rise[LAG:])
    return rise


def standing_out(envelope: Envelope) -> Envelope:
    """The envelope less its running mean, over its running size, never negative, `[T]` → `[T]`."""
    mean = running_mean(envelope, round(_MEAN_S * FRAMES_HZ))
    size = np.sqrt(running_mean(np.square(envelope), round(_SPREAD_S * FRAMES_HZ)))
    floor = 0.1 * float(np.sqrt(np.mean(np.square(envelope)))) + 1e-6
    return np.maximum(envelope - mean, 0.0) / (size + floor)


def running_mean(values: Envelope, width: int) -> NDArray[np.float32]:
    """Centred mean over `width` values, `[T]` → `[T]`; at the ends over what there is."""
    total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
    at = np.arange(values.size)
    start, end = np.maximum(at - width // 2, 0), np.minimum(at + width - width // 2, values.size)
    return ((total[end] - total[start]) / (end - start)).astype(np.float32)


def flux_at(flux: NDArray[np.float32], times_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """The strongest flux within 30 ms of each time, `[T, F]` → `[K, F]`."""
    centre = np.round(times_s * FRAMES_HZ).astype(int)
    index = np.clip(centre[:, None] + np.arange(-3, 4), 0, len(flux) - 1)
    return flux[index].max(axis=1).astype(np.float64)

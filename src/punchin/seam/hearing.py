"""What the seam measures listen to: a stretch of song as a few curves over time, cheap to make twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from punchin.loudness import k_response

if TYPE_CHECKING:
    from punchin.region import Frames
    from punchin.song import Samples

FRAME_S = 0.0232
"""Length of a spectrum; half of it is the step. 1,024 samples at 44.1 kHz."""
BLOCK_S = 0.001
"""Length of the blocks that clicks and gaps are looked for in."""
BANDS = 24
LOWEST_HZ, HIGHEST_HZ = 60.0, 16_000.0
HIGH_HZ = 10_000.0
ORDER = 12
"""Of the linear prediction whose error shows clicks."""
FLOOR = 1e-7
"""Power this far below the song's mean (-70 dB) counts as silence."""

LOUD, HIGH, ALL = BANDS, BANDS + 1, BANDS + 2
"""Columns of `Heard.power` after the mel bands: K-weighted, above 10 kHz, all."""
MID, SIDE, LEFT, RIGHT = range(4)
"""Columns of `Heard.energy`."""

Curve = NDArray[np.floating[Any]]


def two_channels(sound: Samples) -> Samples:
    """At most two channels of finite float32: more are averaged to left and right, by turns (WAVE order)."""
    sound = np.asarray(sound, np.float32)
    if sound.shape[0] > 2:
        sound = np.stack([sound[0::2].mean(axis=0), sound[1::2].mean(axis=0)])
    return sound if np.isfinite(sound).all() else np.nan_to_num(sound, nan=0.0, posinf=0.0, neginf=0.0)


@dataclass(frozen=True, eq=False)
class Ear:
    """How to listen to one song: all that must be the same for the original and for the new one.

    Attributes:
        rate_hz: of the song.
        predictor: the prediction error filter, `[ORDER + 1]`, its first coefficient is 1.
    """

    rate_hz: int
    predictor: NDArray[np.float32]

    @classmethod
    def of(cls, sound: Samples, rate_hz: int) -> Ear:
        """Learn to predict this song: the autocorrelation method (J. Makhoul, "Linear prediction", 1975)."""
        # Four seconds in the middle tell as much as all of it.
        spare = max(0, (sound.shape[1] - 4 * rate_hz) // 2)
        heard = sound[:, spare : sound.shape[1] - spare]
        frames = heard.shape[1]
        lags = np.zeros(ORDER + 1)
        for lag in range(min(ORDER + 1, frames)):
            lags[lag] = np.einsum("cn,cn->", heard[:, : frames - lag], heard[:, lag:])
        # A little white noise (-60 dB) keeps the equations solvable for pure tones and for silence.
        lags[0] = lags[0] * (1 + 1e-6) + 1e-9
        matrix = lags[np.abs(np.subtract.outer(np.arange(ORDER), np.arange(ORDER)))]
        weights = np.linalg.solve(matrix, lags[1:])
        return cls(rate_hz, np.concatenate([[1.0], -weights]).astype(np.float32))

    @property
    def size(self) -> int:
        """Samples of one spectrum: a power of two."""
        return max(64, 1 << round(np.log2(FRAME_S * self.rate_hz)))

    @property
    def hop(self) -> int:
        """Samples from one spectrum to the next."""
        return self.size // 2

    @property
    def block(self) -> int:
        """Samples of one block."""
        return max(4, round(BLOCK_S * self.rate_hz))

    @cached_property
    def weights(self) -> NDArray[np.float32]:
        """What each bin of a spectrum gives to each column of `Heard.power`, `[size / 2 + 1, BANDS + 3]`."""
        frequency = np.arange(self.size // 2 + 1, dtype=np.float64) * (self.rate_hz / self.size)
        top = min(HIGHEST_HZ, 0.45 * self.rate_hz)
        edges = _hz(np.linspace(_mel(LOWEST_HZ), _mel(top), BANDS + 2))
        rise = (frequency[:, None] - edges[:-2]) / np.diff(edges)[:-1]
        fall = (edges[2:] - frequency[:, None]) / np.diff(edges)[1:]
        bands = np.maximum(0.0, np.minimum(rise, fall))
        # The lowest bands are narrower than a bin; each hears at least the nearest one.
        nearest = np.abs(frequency[:, None] - edges[1:-1]).argmin(axis=0)
        bands[nearest, np.arange(BANDS)] = np.maximum(bands[nearest, np.arange(BANDS)], 0.5)
        rest = [np.abs(k_response(frequency)) ** 2, frequency >= HIGH_HZ, np.ones(frequency.size)]
        return np.concatenate([bands, np.stack(rest, axis=1)], axis=1).astype(np.float32)


def _mel(frequency_hz: float) -> float:
    """O'Shaughnessy's formula, as in HTK."""
    return float(2595 * np.log10(1 + frequency_hz / 700))


def _hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    return 700 * (10 ** (mel / 2595) - 1)


@dataclass(frozen=True, eq=False)
class Heard:
    """A stretch of song as curves. `I` steps of `Ear.hop` samples, `J` blocks of `Ear.block` samples.

    Attributes:
        power: `[I - 1, BANDS + 3]`, of the mid; spectrum i covers steps i and i + 1.
        energy: mean square of mid, side, left and right in each step, `[I, 4]`.
        mean: of each channel in each step, `[I, C]`.
        error_peak: largest squared prediction error in each block, `[C, J]`.
        error_power: mean squared prediction error in each block, `[C, J]`.
    """

    power: Curve
    energy: Curve
    mean: Curve
    error_peak: Curve
    error_power: Curve

    def again(self, ear: Ear, sound: Samples, changed: Frames) -> Heard:
        """The same stretch with other sound in `changed`: only that part is listened to again."""
        hop, block = ear.hop, ear.block
        parts = [
            self.power.copy(),
            self.energy.copy(),
            self.mean.copy(),
            self.error_peak.copy(),
            self.error_power.copy(),
        ]
        first, last = max(0, changed.start // hop - 1), min(len(self.power), changed.end // hop + 1)
        parts[0][first:last] = _power(ear, sound, first, last)
        first, last = changed.start // hop, min(len(self.energy), changed.end // hop + 1)
        parts[1][first:last], parts[2][first:last] = _energy(ear, sound, first, last)
        first, last = (
            changed.start // block,
            min(self.error_peak.shape[1], (changed.end + ORDER) // block + 1),
        )
        parts[3][:, first:last], parts[4][:, first:last] = _errors(ear, sound, first, last)
        return Heard(*parts)


def listen(ear: Ear, sound: Samples) -> Heard:
    """Listen to `sound` `[C, N]`, at most two channels, at least two steps long."""
    steps = sound.shape[1] // ear.hop
    energy, mean = _energy(ear, sound, 0, steps)
    peak, error = _errors(ear, sound, 0, sound.shape[1] // ear.block)
    return Heard(_power(ear, sound, 0, steps - 1), energy, mean, peak, error)


def _power(ear: Ear, sound: Samples, first: int, last: int) -> Curve:
    """Columns of `Heard.power` for spectra `first` to `last`."""
    mid = sound[:, first * ear.hop : (last + 1) * ear.hop].mean(axis=0)
    if last <= first:
        return np.zeros((0, BANDS + 3), np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(mid, ear.size)[:: ear.hop]
    spectrum = np.fft.rfft(frames * np.hanning(ear.size).astype(np.float32))
    power = np.square(spectrum.real) + np.square(spectrum.imag)
    # 8/3: the power that a Hann window takes; so that the last column is a mean square, as `energy` is.
    return (power @ ear.weights) * np.float32(2 * 8 / 3 / ear.size**2)


def _energy(ear: Ear, sound: Samples, first: int, last: int) -> tuple[Curve, Curve]:
    """`Heard.energy` and `Heard.mean` for steps `first` to `last`."""
    steps = sound[:, first * ear.hop : last * ear.hop].reshape(sound.shape[0], -1, ear.hop)
    left, right = steps[0], steps[-1]
    own = np.einsum("cin,cin->ic", steps, steps) / ear.hop
    both = np.einsum("in,in->i", left, right) / ear.hop
    each = 0.25 * (own[:, 0] + own[:, -1])
    mid, side = each + 0.5 * both, np.maximum(each - 0.5 * both, 0.0)
    return np.stack([mid, side, own[:, 0], own[:, -1]], axis=1), steps.mean(axis=2).T


def _errors(ear: Ear, sound: Samples, first: int, last: int) -> tuple[Curve, Curve]:
    """`Heard.error_peak` and `Heard.error_power` for blocks `first` to `last`."""
    start, end = first * ear.block, last * ear.block
    padded = sound[:, max(0, start - ORDER) : end]
    padded = np.pad(padded, ((0, 0), (end - start + ORDER - padded.shape[1], 0)))
    error = padded[:, ORDER:] * ear.predictor[0]
    for lag in range(1, ORDER + 1):
        error += ear.predictor[lag] * padded[:, ORDER - lag : padded.shape[1] - lag]
    np.square(error, out=error)
    blocks = error.reshape(sound.shape[0], -1, ear.block)
    return blocks.max(axis=2), blocks.mean(axis=2)

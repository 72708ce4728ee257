"""Effects that bend the wave: drive, clipping, crushing, tape, telephone.

All of them first bring the sound to one level and afterwards back to the loudness it had, so that the same
setting does the same to quiet and to loud music. Curves are applied by their antiderivative (J. Parker,
V. Zavalishin, E. Le Bivic, DAFx 2016), which keeps most of the aliasing away without oversampling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import filtered, high_pass, high_shelf, low_pass, low_shelf
from punchin.engines.embedded.effects.modulation import wobble
from punchin.engines.embedded.effects.tone import widened

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound

HEADROOM = 4.0
"""Level 1 of a curve is this many times the RMS of the sound (12 dB): about where its peaks begin."""

_BLOCK = 1 << 15
"""Frames bent at once: a curve needs many arrays in double precision."""

_CLOSE = 1e-3
"""Two samples nearer than this are taken as one: their difference is lost in rounding."""


def drive(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:
    """A guitar amplifier: strong, nearly symmetrical, the top taken off, `[C, N]` → `[C, N]`."""
    bent = _bent(samples, 2.5 + 5.5 * amount, _soft, _soft_area)
    return _as_loud(filtered(bent, rate_hz, lambda f: low_pass(f, rate_hz, 7500)), samples)


def drive_soft(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:  # noqa: ARG001, as its siblings
    """Warmth: peaks rounded off, `[C, N]` → `[C, N]`."""
    return _as_loud(_bent(samples, 1 + 1.5 * amount, _soft, _soft_area), samples)


def clip(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:  # noqa: ARG001, as its siblings
    """Everything above a ceiling cut off, `[C, N]` → `[C, N]`."""
    return _as_loud(_bent(samples, 1.5 + 2.5 * amount, _hard, _hard_area), samples)


def tape(samples: Sound, rate_hz: int, rng: np.random.Generator, amount: float = 1.0) -> Sound:
    """A tape machine: rounded peaks, a little bass, softer highs, a trace of wow, `[C, N]` → `[C, N]`."""
    bent = _bent(samples, 1 + amount, _soft, _soft_area)
    coloured = filtered(
        bent,
        rate_hz,
        lambda f: low_shelf(f, rate_hz, 110, 1.5 * amount) * high_shelf(f, rate_hz, 6500, -4 * amount),
    )
    return _as_loud(wobble(coloured, rate_hz, rng, wow_cents=3 * amount, flutter_cents=1.5 * amount), samples)


def crush(
    samples: Sound, rate_hz: int, bits: int = 8, hold_hz: float = 14_000.0, amount: float = 1.0
) -> Sound:
    """Few bits and few samples, `[C, N]` → `[C, N]`; the aliases are the effect.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        bits: of resolution for the loudest sample.
        hold_hz: how often the value changes.
        amount: 0..1, how much of it.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0:
        return samples.copy()
    ratio = max(1.0, rate_hz / hold_hz)
    held = (np.floor(np.arange(samples.shape[1]) / ratio) * ratio).astype(np.int64)
    steps = 2 ** (bits - 1) / peak
    crushed = (np.round(samples[:, held] * steps) / steps).astype(np.float32)
    return np.float32(1 - amount) * samples + np.float32(amount) * crushed


def phone(samples: Sound, rate_hz: int) -> Sound:
    """A telephone: 300 to 3400 Hz (ITU-T G.712), driven, in the middle, `[2, N]` → `[2, N]`."""

    def band(f: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        return (high_pass(f, rate_hz, 300) * low_pass(f, rate_hz, 3400)) ** 2

    narrow = filtered(widened(samples, 0.2), rate_hz, band)
    return filtered(_as_loud(_bent(narrow, 4.0, _soft, _soft_area), samples), rate_hz, band)


def _bent(
    samples: Sound,
    gain: float,
    curve: Callable[[NDArray[np.floating]], NDArray[np.floating]],
    area: Callable[[NDArray[np.floating]], NDArray[np.floating]],
) -> Sound:
    """A curve at the sound's own level: (A(x[n]) - A(x[n-1])) / (x[n] - x[n-1]), A the antiderivative."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0
    if rms == 0:
        return samples.copy()
    unit = HEADROOM * rms / gain
    bent = np.empty(samples.shape, np.float32)
    last = np.zeros((len(samples), 1))
    for start in range(0, samples.shape[1], _BLOCK):
        block = slice(start, start + _BLOCK)
        x = samples[:, block].astype(np.float64) * (gain / (HEADROOM * rms))
        before = np.concatenate([last, x[:, :-1]], axis=1)
        step = x - before
        close = np.abs(step) < _CLOSE
        slope = (area(x) - area(before)) / np.where(close, 1.0, step)
        bent[:, block] = np.where(close, curve((x + before) / 2), slope) * unit
        last = x[:, -1:]
    return bent


def _soft(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.tanh(x)


def _soft_area(x: NDArray[np.floating]) -> NDArray[np.floating]:
    """The antiderivative of tanh, log cosh, without overflow."""
    size = np.abs(x)
    return size + np.log1p(np.exp(-2 * size)) - np.log(2)


def _hard(x: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.clip(x, -1, 1)


def _hard_area(x: NDArray[np.floating]) -> NDArray[np.floating]:
    size = np.abs(x)
    return np.where(size <= 1, x * x / 2, size - 0.5)


def _as_loud(changed: Sound, original: Sound) -> Sound:
    """The changed sound with the power of the original one."""
    new, old = (
        float(np.square(changed, dtype=np.float64).sum()),
        float(np.square(original, dtype=np.float64).sum()),
    )
    return changed * np.float32((old / new) ** 0.5) if new > 0 else changed

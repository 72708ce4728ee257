"""Effects on level: compressor, glue, punch, and the pump of a side chain."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound

STEP_S = 0.001
"""Level is measured and gain is set once a millisecond; between, gain goes in straight lines."""

FLOOR_DB = -80.0
"""Below this, relative to full scale, everything counts as silence."""


def compressor(
    samples: Sound,
    rate_hz: int,
    threshold_db: float = 0.0,
    ratio: float = 3.0,
    attack_s: float = 0.01,
    release_s: float = 0.15,
    knee_db: float = 6.0,
) -> Sound:
    """What is louder than a threshold is made less loud, `[C, N]` → `[C, N]`; the power stays the same.

    The gain computer with a soft knee and smoothing in decibels (D. Giannoulis, M. Massberg, J. Reiss, JAES
    60(6), 2012, equations 4 and 17). Both sides get the same gain: the image stays where it is.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        threshold_db: against the RMS of the whole sound.
        ratio: so many decibels more going in become one coming out.
        attack_s, release_s: time constants.
        knee_db: over how many decibels the slope changes.
    """
    if not samples.any():
        return samples.copy()
    level_db = _levels_db(samples, rate_hz)
    over = level_db - (_rms_db(samples) + threshold_db)
    slope = 1 / ratio - 1
    wanted = np.where(
        over > knee_db / 2,
        slope * over,
        np.where(over < -knee_db / 2, 0.0, slope * (over + knee_db / 2) ** 2 / (2 * max(knee_db, 1e-9))),
    )
    gain_db = _smoothed(wanted, attack_s, release_s)
    return _same_power(_with_gain(samples, gain_db, rate_hz), samples)


def glue(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:
    """A gentle compressor over everything, as on a mixing desk's sum, `[C, N]` → `[C, N]`."""
    return compressor(samples, rate_hz, -2.0, 1 + amount, attack_s=0.03, release_s=0.25, knee_db=10)


def punch(samples: Sound, rate_hz: int, amount: float = 1.0) -> Sound:
    """Attacks brought out by up to 5 dB and the rest held together, `[C, N]` → `[C, N]`.

    A fast and a slow follower of the level; where the fast one is ahead there is an attack.
    """
    if not samples.any():
        return samples.copy()
    level_db = _levels_db(samples, rate_hz)
    ahead = _smoothed(-level_db, 0.0015, 0.06) * -1 - _smoothed(-level_db, 0.035, 0.06) * -1
    gain_db = np.clip(ahead * 0.6, 0, 5.0) * amount
    return _same_power(_with_gain(samples, gain_db, rate_hz), samples)


def pump(
    samples: Sound, rate_hz: int, kicks_s: Sequence[float], amount: float, release_s: float = 0.25
) -> Sound:
    """Everything ducks under the kick and comes up again, `[C, N]` → `[C, N]`.

    Args:
        samples: `[C, N]`.
        rate_hz: their rate.
        kicks_s: when the kick is struck.
        amount: 0..1; 1 ducks to silence.
        release_s: until it is all the way up again.
    """
    frames = samples.shape[1]
    gain = np.ones(frames, np.float32)
    fall, rise = max(1, round(0.004 * rate_hz)), max(1, round(release_s * rate_hz))
    # A quick fall that begins just before the stroke, then up along a squared sine: the usual drawn curve.
    shape = 1 - amount * np.concatenate(
        [
            np.arange(fall) / fall,
            1 - np.sin(0.5 * np.pi * np.arange(rise) / rise) ** 2,
        ]
    )
    for kick_s in kicks_s:
        start = round(kick_s * rate_hz) - fall
        low, high = max(0, start), min(frames, start + len(shape))
        if low < high:
            gain[low:high] = np.minimum(gain[low:high], shape[low - start : high - start])
    return samples * gain


def _levels_db(samples: Sound, rate_hz: int) -> NDArray[np.floating]:
    """Mean power of all channels, one value a step, in dB, `[S]`."""
    hop = max(1, round(STEP_S * rate_hz))
    power = np.square(samples, dtype=np.float64).mean(axis=0)
    steps = -(-len(power) // hop)
    padded = np.zeros(steps * hop)
    padded[: len(power)] = power
    return np.maximum(10 * np.log10(padded.reshape(steps, hop).mean(axis=1) + 1e-12), FLOOR_DB)


def _rms_db(samples: Sound) -> float:
    return 10 * float(np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def _smoothed(wanted: NDArray[np.floating], attack_s: float, release_s: float) -> NDArray[np.floating]:
    """One pole for falling, another for rising, `[S]`: attack is the way down, release the way back up."""
    down, up = float(np.exp(-STEP_S / attack_s)), float(np.exp(-STEP_S / release_s))
    values = wanted.tolist()  # plain numbers: the recursion is much faster on them than on an array
    state = values[0]
    for number, target in enumerate(values):
        pole = down if target < state else up
        state = target + pole * (state - target)
        values[number] = state
    return np.array(values)


def _with_gain(samples: Sound, gain_db: NDArray[np.floating], rate_hz: int) -> Sound:
    hop = max(1, round(STEP_S * rate_hz))
    middles = np.arange(len(gain_db)) * hop + hop / 2
    gain = np.interp(np.arange(samples.shape[1]), middles, 10 ** (gain_db / 20))
    return samples * gain.astype(np.float32)


def _same_power(changed: Sound, original: Sound) -> Sound:
    new, old = (
        float(np.square(changed, dtype=np.float64).sum()),
        float(np.square(original, dtype=np.float64).sum()),
    )
    return changed * np.float32((old / new) ** 0.5) if new > 0 else changed

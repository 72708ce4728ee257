"""The last step: as loud as the song on the whole and at both edges, with peaks that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.mix.balance import gain, loudness
from punchin.engines.embedded.mix.surroundings import EDGE_S, near_lufs
from punchin.loudness import k_power
from punchin.song import Song

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.mix.surroundings import Surroundings
    from punchin.song import Samples

ENERGY_DB = 1.5
"""How much louder or softer than the song the most energetic and the calmest style is."""

MOST_UP_DB, MOST_DOWN_DB = 3.0, 6.0
"""How far an edge leans towards the music beside it."""
LEAN = 0.8

LIFT_DB = 24.0
"""The most that a mix is lifted: what needs more is silence with noise in it."""

LOWEST_CEILING, HIGHEST_CEILING = 0.5, 0.98
KNEE = 0.7
"""From this share of the ceiling on peaks are rounded off ..."""
ROUNDED_DB = 3.0
"""... and those that are more than this above it are turned down first."""
LOOK_S = 0.004


def finish(
    mixed: Song, surroundings: Surroundings, *, energy: float = 0.0, rises: bool = False, falls: bool = False
) -> Song:
    """The mix at the level of the song.

    Args:
        mixed: exactly the hole, in the song's rate and channels.
        surroundings: how loud the song is around it.
        energy: -1..1, of the style.
        rises, falls: it is meant to begin softly, or to fade out: that edge is left alone.
    """
    now = loudness(mixed.samples, mixed.rate_hz)
    if not (np.isfinite(now) and np.isfinite(surroundings.song_lufs)):
        return mixed
    target = surroundings.song_lufs + ENERGY_DB * float(np.clip(energy, -1, 1))
    ceiling = float(np.clip(surroundings.peak, LOWEST_CEILING, HIGHEST_CEILING))
    level_db = min(target - now, LIFT_DB)
    curve_db = level_db + _edges_db(mixed, level_db, surroundings, rises=rises, falls=falls)
    samples = mixed.samples * (10 ** (curve_db / 20)).astype(np.float32)
    samples = limited(samples, mixed.rate_hz, ceiling)
    # Peaks that were cut, and edges that lean, have taken loudness away, or given some.
    lost_db = target - loudness(samples, mixed.rate_hz)
    if abs(lost_db) > 0.2:
        samples = limited(samples * gain(float(np.clip(lost_db, -3, 3))), mixed.rate_hz, ceiling)
    return Song(samples.astype(np.float32, copy=False), mixed.rate_hz)


def _edges_db(
    mixed: Song, level_db: float, surroundings: Surroundings, *, rises: bool, falls: bool
) -> NDArray[np.floating]:
    """How the level leans at both ends towards the music beside them, `[N]` in dB."""
    length = min(round(EDGE_S * mixed.rate_hz), mixed.frames // 3)
    curve = np.zeros(mixed.frames, np.float32)
    if not length:
        return curve
    slope = np.linspace(1, 0, length, dtype=np.float32)
    first = k_power(Song(mixed.samples[:, :length], mixed.rate_hz))
    last = k_power(Song(mixed.samples[:, -length:], mixed.rate_hz))[::-1]
    if not rises:
        curve[:length] += slope * _lean_db(first, level_db, surroundings.before_lufs, mixed.rate_hz)
    if not falls:
        curve[-length:] += slope[::-1] * _lean_db(last, level_db, surroundings.after_lufs, mixed.rate_hz)
    return curve


def _lean_db(power: NDArray[np.floating], level_db: float, beside_lufs: float, rate_hz: int) -> float:
    here = near_lufs(power, rate_hz) + level_db
    if not (np.isfinite(here) and np.isfinite(beside_lufs)):
        return 0.0
    return LEAN * float(np.clip(beside_lufs - here, -MOST_DOWN_DB, MOST_UP_DB))


def limited(samples: Samples, rate_hz: int, ceiling: float) -> Samples:
    """No sample above the ceiling, `[C, N]` → `[C, N]`: high peaks turned down, the rest rounded off."""
    peaks = np.abs(samples).max(axis=0, initial=0.0)
    if peaks.max(initial=0.0) <= KNEE * ceiling:
        return samples
    turned = samples * _turning_down(peaks, rate_hz, ceiling * 10 ** (ROUNDED_DB / 20))
    size = np.abs(turned)
    knee = KNEE * ceiling
    rest = ceiling - knee
    rounded = knee + rest * np.tanh((size - knee) / rest)
    return np.where(size > knee, np.sign(turned) * rounded, turned).astype(np.float32)


def _turning_down(peaks: NDArray[np.floating], rate_hz: int, most: float) -> NDArray[np.float32]:
    """A smooth gain, at each frame at most what its peak needs, `[N]`."""
    needed = np.minimum(1.0, most / np.maximum(peaks, 1e-9))
    if needed.min() >= 1:
        return np.ones(1, np.float32)
    step = max(1, round(LOOK_S * rate_hz / 4))
    steps = -(-needed.size // step)
    padded = np.ones(steps * step)
    padded[: needed.size] = needed
    least = padded.reshape(steps, step).min(axis=1)
    reach = 5
    views = np.lib.stride_tricks.sliding_window_view(np.pad(least, reach, mode="edge"), 2 * reach + 1)
    held = views.min(axis=1)
    # An average over fewer steps than the minimum looked at never rises above what is needed.
    smooth = np.convolve(np.pad(held, 2, mode="edge"), np.ones(5) / 5, "valid")
    middles = np.arange(steps) * step + step / 2
    return np.interp(np.arange(needed.size), middles, smooth).astype(np.float32)

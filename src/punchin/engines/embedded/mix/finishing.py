"""The last step: as loud as the song on the whole and at both edges, with peaks that fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.mix.balance import gain
from punchin.engines.embedded.mix.metering import BLOCK_S, Levels, block_starts, loudness, measure
from punchin.engines.embedded.mix.surroundings import EDGE_S
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

LEAST_DB = 0.2
"""Loudness lost to the limiter that is not worth a second pass."""


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
    levels = measure(mixed.samples, mixed.rate_hz)
    now, target = levels.gated_lufs, surroundings.song_lufs + ENERGY_DB * float(np.clip(energy, -1, 1))
    if not (np.isfinite(now) and np.isfinite(target)):
        return mixed
    curve_db = np.full(levels.powers.size, min(target - now, LIFT_DB))
    curve_db += _edges_db(levels.changed(curve_db), surroundings, rises=rises, falls=falls)
    # Edges that lean have given some loudness, or taken it.
    curve_db += float(np.clip(target - levels.changed(curve_db).gated_lufs, -3, 3))
    ceiling = float(np.clip(surroundings.peak, LOWEST_CEILING, HIGHEST_CEILING))
    samples = mixed.samples * _by_frame(curve_db, mixed)
    if float(np.abs(samples).max(initial=0.0)) > KNEE * ceiling:
        samples = limited(samples, mixed.rate_hz, ceiling)
        lost_db = target - loudness(samples, mixed.rate_hz)
        if lost_db > LEAST_DB:
            samples = limited(samples * gain(min(lost_db, 3.0)), mixed.rate_hz, ceiling)
    return Song(samples, mixed.rate_hz)


def _by_frame(curve_db: NDArray[np.floating], mixed: Song) -> NDArray[np.float32]:
    """Gains of blocks as factors for every frame, `[N]`."""
    middles = block_starts(mixed.frames, mixed.rate_hz) + BLOCK_S * mixed.rate_hz / 2
    return np.interp(np.arange(mixed.frames), middles, 10 ** (curve_db / 20)).astype(np.float32)


def _edges_db(
    levels: Levels, surroundings: Surroundings, *, rises: bool, falls: bool
) -> NDArray[np.floating]:
    """How the level leans at both ends towards the music beside them, `[B]` in dB."""
    count = levels.powers.size
    length = min(round(EDGE_S / BLOCK_S), count // 3)
    curve = np.zeros(count)
    if length:
        slope = (length - np.arange(length)) / length
        if not rises:
            curve[:length] += slope * _lean_db(levels, length, surroundings.before_lufs)
        if not falls:
            curve[-length:] += slope[::-1] * _lean_db(levels.reversed(), length, surroundings.after_lufs)
    return curve


def _lean_db(levels: Levels, length: int, beside_lufs: float) -> float:
    here = Levels(levels.powers[:length]).near_lufs
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
    return np.where(size > knee, np.copysign(rounded, turned), turned)


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

"""A limiter for the new sound only: slow, looking ahead, and without work to do in nearly every edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.region import Frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from punchin.song import Samples

MARGIN = 10 ** (-1 / 20)
"""New peaks up to here (-1 dBFS, the level EBU R 128 recommends) are never limited ..."""
LOOK_S = 0.015
"""... and a peak that is lowers the gain so long before and after: too slow to be heard as distortion."""
BLOCK = 1 << 17
"""Frames that are looked at at once."""


def ceiling(song: Samples, full_scale: float, *, is_float: bool) -> float:
    """How high new sound may go: as high as the song, at least `MARGIN`; below full scale of integers."""
    reached = max(float(np.max(song, initial=0.0)), -float(np.min(song, initial=0.0)))
    highest = max(MARGIN, reached)
    # Dither adds up to one step on top of the largest value, which is one step below full scale.
    return highest if is_float else min(highest, 1.0 - 2.0 / full_scale)


def limiting_gain(
    mixed: Callable[[Frames], tuple[Samples, Samples]], frames: int, rate_hz: int, most: float
) -> tuple[NDArray[np.float32] | None, float]:
    """What the new sound has to be multiplied by so that new and old together stay within `most`.

    Args:
        mixed: for a run of frames, the new and the old part of the mix, `[C, n]` each, both as weighted.
        frames: N.
        rate_hz: their rate.
        most: the ceiling; the old part alone must not exceed it.

    Returns:
        Gains `[N]` and the largest reduction in dB; None and 0 if nothing has to be done.
    """
    needed = np.ones(frames, np.float32)
    for start in range(0, frames, BLOCK):
        run = Frames(start, min(frames, start + BLOCK))
        needed[run.start : run.end] = _needed(*mixed(run), most)
    if frames == 0 or needed.min() >= 1:
        return None, 0.0
    look = max(1, round(LOOK_S * rate_hz))
    gain = _smooth(_least(needed, look), look)
    return gain, float(-20 * np.log10(max(float(gain.min()), 1e-6)))


def _needed(new: Samples, old: Samples, most: float) -> NDArray[np.float64]:
    """Gain of the new part for each frame, `[n]`: the least of the channels, 1 where all is well."""
    total = new + old
    over = np.abs(total) > most
    if not over.any():
        return np.ones(new.shape[1])
    sign = np.sign(total)
    gain = np.where(over, np.maximum(most - old * sign, 0.0) / np.where(over, np.abs(new) + 1e-30, 1.0), 1.0)
    # A hair below, so that rounding to float32 cannot lift it over the ceiling.
    return np.where(gain < 1, gain * (1 - 1e-6), 1.0).min(axis=0)


def _least(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """The smallest value within `reach` frames on either side, by doubling: windows of 1, 2, 4 ... frames."""
    width = 2 * reach + 1
    window = np.pad(values, reach, constant_values=1.0)
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        window = np.minimum(window[:-step], window[step:])
        covered += step
    return window


def _smooth(values: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """Averaged twice over `reach` frames in all, which a minimum over the same reach has made safe.

    The average of values that are all at or below what a frame needs is at or below it too.
    """
    half = reach // 2
    for _ in range(2):
        total = np.cumsum(np.pad(values.astype(np.float64), (half + 1, half), mode="edge"))
        values = ((total[2 * half + 1 :] - total[: -2 * half - 1]) / (2 * half + 1)).astype(np.float32)
    return values

"""From the mix to samples as the file keeps them: old ones bit for bit, new ones rounded and dithered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.song import Samples
    from punchin.songfile import Native, SampleFormat

DITHERED_BITS = 24
"""Integers of more bits than this are below the noise of everything; they get no dither."""
RUN = 32
"""So many frames in a row are equal on purpose, fewer may be so by chance."""


def native(mix: Samples, fmt: SampleFormat, dither: np.random.Generator | None) -> Native:
    """The mix `[C, N]` (float64, full scale ±1.0) in the file's format.

    Integers are rounded to the nearest and held within their range. With `dither`, triangular noise of ±1
    step (two uniform ones of ±1/2; S. Lipshitz, R. Wannamaker, J. Vanderkooy, "Quantization and dither", JAES
    40-5, 1992) goes on top first, so that the rounding error does not follow the music.
    """
    if fmt.is_float:
        return mix.astype(fmt.dtype)
    steps = mix * fmt.full_scale
    if dither is not None and fmt.bits <= DITHERED_BITS:
        steps += dither.random(mix.shape)
        steps -= dither.random(mix.shape)
    np.rint(steps, out=steps)
    return np.clip(steps, -fmt.full_scale, fmt.full_scale - 1).astype(fmt.dtype)


def in_runs(frames: NDArray[np.bool_], least: int = RUN) -> NDArray[np.bool_]:
    """Those of the true frames `[N]` that belong to `least` in a row or more; runs at the ends count."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    first, last = edges[::2], edges[1::2]
    kept = (last - first >= least) | (first == 0) | (last == frames.size)
    steps = np.zeros(frames.size + 1, np.int8)
    steps[first[kept]] = 1
    steps[last[kept]] = -1
    return np.cumsum(steps[:-1], dtype=np.int8).astype(bool)

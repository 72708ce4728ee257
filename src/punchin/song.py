"""A song in memory: samples and a rate, never changed after it is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from punchin.region import Frames

Samples = NDArray[np.floating[Any]]
"""Sound as numbers, `[C, N]`; full scale is ±1.0."""


@dataclass(frozen=True, slots=True, eq=False)
class Song:
    """Samples `[C, N]` (float32 or float64, full scale ±1.0) and their rate; usually a window of a file.

    The array is made read-only: what an engine is given stays what it was.

    Raises:
        ValueError: if samples are not a two-dimensional float array or the rate is not positive.
    """

    samples: Samples
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or not np.issubdtype(self.samples.dtype, np.floating):
            raise ValueError(f"samples must be float [C, N], not {self.samples.dtype} {self.samples.shape}")
        if self.rate_hz <= 0:
            raise ValueError(f"rate_hz must be positive, not {self.rate_hz}")
        view = self.samples.view()
        view.flags.writeable = False
        object.__setattr__(self, "samples", view)

    @property
    def channels(self) -> int:
        """C, the number of channels."""
        return int(self.samples.shape[0])

    @property
    def frames(self) -> int:
        """N, the number of frames (one sample of every channel)."""
        return int(self.samples.shape[1])

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate_hz

    def cut(self, frames: Frames) -> Song:
        """The part `[C, len(frames)]` of this song; shares memory with it."""
        return Song(self.samples[:, frames.start : frames.end], self.rate_hz)

    def mono(self) -> NDArray[np.floating[Any]]:
        """The mean of all channels, `[N]`."""
        return self.samples.mean(axis=0)

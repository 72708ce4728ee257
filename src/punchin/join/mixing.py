"""Old and new sound put together and brought into the file's sample format."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.join.limit import BLOCK
from punchin.join.quantise import in_runs, native
from punchin.region import Frames

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.join.fades import Weights
    from punchin.song import Samples
    from punchin.songfile import Native, SampleFormat


class Mix:
    """Old and new sound under their weights, made run by run so that memory stays small in long holes."""

    def __init__(self, new: Samples, original: Native, fmt: SampleFormat, weights: Weights) -> None:
        self.gain: Samples | None = None
        self._new, self._original = new, original
        self._fmt, self._weights = fmt, weights

    def parts(self, run: Frames) -> tuple[Samples, Samples]:
        """The new and the old part of the mix, float64 `[C, n]` each."""
        new_weight, old_weight = self._weights.of(run)
        if self.gain is not None:
            new_weight = new_weight * self.gain[run.start : run.end]
        new = self._new[:, run.start : run.end] * new_weight
        if not old_weight.any():
            return new, np.zeros_like(new)
        # From the file's own samples: a float32 window has not all bits of 32-bit integers and doubles.
        old = self._fmt.to_float(self._original[:, run.start : run.end], np.float64)
        return new, numbers(old) * old_weight

    def native(self, dither: np.random.Generator | None) -> Native:
        """The samples for the file, `[C, N]`."""
        result = self._original.copy()
        for start in range(0, result.shape[1], BLOCK):
            run = Frames(start, min(result.shape[1], start + BLOCK))
            here = slice(run.start, run.end)
            new, old = self.parts(run)
            mix = new + old
            made = native(mix, self._fmt, dither)
            made = np.where(in_runs((mix == 0).all(axis=0)), np.zeros_like(made), made)
            result[:, here] = np.where(self._kept(run), result[:, here], made)
        return result

    def _kept(self, run: Frames) -> NDArray[np.bool_]:
        """Frames `[n]` whose original samples stand: new sound has no weight, or says the same as the old."""
        here = slice(run.start, run.end)
        new_weight, _ = self._weights.of(run)
        new = self._new[:, here]
        same = in_runs((new == self._fmt.to_float(self._original[:, here], new.dtype.type)).all(axis=0))
        return (new_weight == 0) | same


def numbers(samples: Samples) -> Samples:
    """The samples with silence for what is no number; the same array if all are."""
    return samples if np.isfinite(samples).all() else np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)

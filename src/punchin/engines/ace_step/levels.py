"""The autoencoder's own level: what a round trip adds or takes, heard beside the region and undone.

Nothing here looks at how loud the new sound is; matching that to the song is the core's work. Only the
difference between the song and the same song after encoding and decoding is taken off.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from punchin.song import Samples

MOST_DB = 3.0
"""A larger difference is not a level any more, and is left."""
QUIET_RMS = 10 ** (-60 / 20)
"""Music below -60 dBFS says nothing about level."""


@dataclass(frozen=True, slots=True)
class LevelBias:
    """How much louder (or, negative, softer) sound becomes on the way through, on each side of the region."""

    before_db: float
    after_db: float

    def removed(self, new: Samples) -> Samples:
        """The new sound `[C, N]` without the bias, which moves in a straight line of dB between the sides."""
        if self.before_db == self.after_db == 0:
            return new
        ramp_db = np.linspace(-self.before_db, -self.after_db, new.shape[1])
        return new * (10 ** (ramp_db / 20)).astype(new.dtype)


def level_bias(sides: tuple[tuple[Samples, Samples], tuple[Samples, Samples]]) -> LevelBias:
    """The bias on both sides; a side without sound takes the other's.

    Args:
        sides: before and after the region, each (song, song after the round trip), `[C, n]`, n may be 0.
    """
    before, after = (_bias_db(song, returned) for song, returned in sides)
    if before is None and after is None:
        return LevelBias(0.0, 0.0)
    first = after if before is None else before
    last = before if after is None else after
    return LevelBias(first or 0.0, last or 0.0)


def _bias_db(song: Samples, returned: Samples) -> float | None:
    was, now = _rms(song), _rms(returned)
    if was < QUIET_RMS or now < QUIET_RMS:
        return None
    bias_db = 20 * float(np.log10(now / was))
    return bias_db if abs(bias_db) <= MOST_DB else None


def _rms(samples: Samples) -> float:
    return float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if samples.size else 0.0

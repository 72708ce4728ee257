"""Tone control and stereo width: what `tags.style.Tone` asks for, as one filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import (
    bell,
    filtered,
    high_pass,
    high_shelf,
    low_pass,
    low_shelf,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Gains, Sound
    from punchin.engines.embedded.tags.style import Tone

LOWS_HZ, MIDS_HZ, HIGHS_HZ = 200.0, 1000.0, 4000.0
"""Corner of the low shelf, centre of the bell, corner of the high shelf."""


def toned(samples: Sound, rate_hz: int, tone: Tone) -> Sound:
    """The sound with that colour, `[C, N]` → `[C, N]`; returns `samples` itself where nothing is asked."""
    cuts = tone.low_pass_hz is not None or tone.high_pass_hz is not None
    if not cuts and not (tone.lows_db or tone.mids_db or tone.highs_db):
        return samples

    def response(f: NDArray[np.floating]) -> Gains:
        gains = low_shelf(f, rate_hz, LOWS_HZ, tone.lows_db) * bell(f, rate_hz, MIDS_HZ, tone.mids_db)
        gains = gains * high_shelf(f, rate_hz, HIGHS_HZ, tone.highs_db)
        if tone.low_pass_hz is not None and tone.low_pass_hz < 0.49 * rate_hz:
            gains = gains * low_pass(f, rate_hz, tone.low_pass_hz)
        if tone.high_pass_hz is not None:
            gains = gains * high_pass(f, rate_hz, tone.high_pass_hz)
        return gains

    return filtered(samples, rate_hz, response)


def widened(samples: Sound, amount: float) -> Sound:
    """Stereo width, `[2, N]` → `[2, N]`: 0 is mono, 1 leaves it, 2 doubles what differs between the sides.

    The sum of both sides stays the same, so nothing changes for a listener in mono.
    """
    middle = (samples[0] + samples[1]) / 2
    side = (samples[0] - samples[1]) * np.float32(amount / 2)
    return np.stack([middle + side, middle - side])

"""Tone control and stereo width: what `tags.style.Tone` asks for, as one filter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects import filters

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.tags.style import Tone

LOWS_HZ, MIDS_HZ, HIGHS_HZ = 200.0, 1000.0, 4000.0
"""Corner of the low shelf, centre of the bell, corner of the high shelf."""


def toned(samples: Sound, rate_hz: int, tone: Tone) -> Sound:
    """The sound with that colour, `[C, N]` → `[C, N]`; returns `samples` itself where nothing is asked."""
    parts = []
    if tone.low_pass_hz is not None and tone.low_pass_hz < 0.49 * rate_hz:
        parts.append(lambda f: filters.low_pass(f, rate_hz, tone.low_pass_hz))
    if tone.high_pass_hz is not None:
        parts.append(lambda f: filters.high_pass(f, rate_hz, tone.high_pass_hz))
    if tone.lows_db:
        parts.append(lambda f: filters.low_shelf(f, rate_hz, LOWS_HZ, tone.lows_db))
    if tone.mids_db:
        parts.append(lambda f: filters.bell(f, rate_hz, MIDS_HZ, tone.mids_db))
    if tone.highs_db:
        parts.append(lambda f: filters.high_shelf(f, rate_hz, HIGHS_HZ, tone.highs_db))
    if not parts:
        return samples

    def response(f: NDArray[np.floating]) -> NDArray[np.complexfloating]:
        gains = np.ones(len(f), complex)
        for part in parts:
            gains = gains * part(f)
        return gains

    return filters.filtered(samples, rate_hz, response)


def widened(samples: Sound, amount: float) -> Sound:
    """Stereo width, `[2, N]` → `[2, N]`: 0 is mono, 1 leaves it, 2 doubles what differs between the sides.

    The sum of both sides stays the same, so nothing changes for a listener in mono.
    """
    middle = (samples[0] + samples[1]) / 2
    side = (samples[0] - samples[1]) * np.float32(amount / 2)
    return np.stack([middle + side, middle - side])

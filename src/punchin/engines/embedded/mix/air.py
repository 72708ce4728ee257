"""Air: what cymbals and strokes have above all else. New drums shall not be much duller than the old ones.

Kits are recorded, and levelled as a whole by ears that hardly count the highest octaves; so drums that are as
loud as the song's may still leave a hole there, 5 to 9 dB deep in a rock kit against a modern mix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import fast_length, filtered, high_shelf

if TYPE_CHECKING:
    from punchin.engines.embedded.effects.filters import Sound

AIR_HZ = 6000.0
"""Above this there is little but cymbals, breath and the attack of strokes."""

SHARE = 0.7
"""How much of what is lacking is made up for: a kit may be duller than another, it is its sound."""
LEAST_DB, MOST_DB = 1.0, 6.0


def air_power(samples: Sound, rate_hz: int) -> float:
    """Mean power above `AIR_HZ`, of both channels together; 0 for rates that carry nothing there."""
    frames = samples.shape[1]
    size = fast_length(max(frames, 2))
    first = int(np.ceil(AIR_HZ * size / rate_hz))
    spectrum = np.fft.rfft(samples, size, axis=1)[:, first:]
    # Half of the spectrum is left out by rfft, hence the 2; Parseval, hence the size.
    return 2 * float(np.sum(np.square(np.abs(spectrum), dtype=np.float64))) / (size * max(frames, 1))


def brightened(drums: Sound, rate_hz: int, taken_power: float) -> Sound:
    """New drums with the highest octaves of those that they replace, as far as that is theirs to give.

    Args:
        drums: `[2, N]`, at their level.
        rate_hz: their rate.
        taken_power: `air_power` of the strokes that were taken out of the song.

    Returns:
        `[2, N]`; the drums themselves where they are bright enough, or have no highs at all.
    """
    own = air_power(drums, rate_hz)
    if own <= 1e-12 or taken_power <= own:
        return drums
    lift_db = min(SHARE * 10 * float(np.log10(taken_power / own)), MOST_DB)
    if lift_db < LEAST_DB:
        return drums
    return filtered(drums, rate_hz, lambda f: high_shelf(f, rate_hz, AIR_HZ, lift_db))

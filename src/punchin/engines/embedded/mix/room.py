"""The room that everything stands in: one reverb, fed by each bus as much as suits it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.space import reverb

if TYPE_CHECKING:
    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.mix.buses import Buses

ROOM_SEED = 20_100
"""The room is the same in every take: it is part of the style, not of the playing."""

DRY_PARTS = 0.06
"""Even in a dry style, new instruments get this much room, or they would stand in front of the song."""

BED_SHARE, DRUM_SHARE = 0.6, 0.35
"""The song has rooms of its own; drums must stay clear. The bass gets none."""

DYING_SHARE = 0.4
"""So many reverberation times before the end nothing new goes into the room: the tail falls by 24 dB ..."""
LAST_S = 0.3
"""... and what is left of it fades out over this."""


def room_of(buses: Buses, rate_hz: int, amount: float, rt60_s: float) -> Sound:
    """What the room gives back, `[2, N]`; silent at the end.

    Args:
        buses: the dry sounds.
        rate_hz: their rate.
        amount: 0..1, of the style.
        rt60_s: reverberation time.
    """
    parts = amount + DRY_PARTS
    sent = buses.parts * np.float32(parts)
    if amount:
        sent = (
            sent + buses.bed * np.float32(BED_SHARE * amount) + buses.drums * np.float32(DRUM_SHARE * amount)
        )
    frames = sent.shape[1]
    sent = sent * falling(frames, rate_hz, DYING_SHARE * rt60_s)
    wet = reverb(sent, rate_hz, rt60_s, np.random.default_rng(ROOM_SEED))
    return wet * falling(frames, rate_hz, LAST_S)


def falling(frames: int, rate_hz: int, fall_s: float) -> Sound:
    """A level that falls from 1 to 0 at the end, over a quarter of the whole at most, `[N]`."""
    level = np.ones(frames, np.float32)
    fall = min(frames // 4, round(fall_s * rate_hz))
    if fall:
        level[-fall:] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(fall) + 1) / fall)
    return level

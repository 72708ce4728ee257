"""How loud everything is against the song, and where it stands between the speakers."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.mix.metering import loudness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.synthesis import Stem

ROLE_LU: Mapping[str, float] = MappingProxyType(
    {
        "drums": -6.0,
        "bass": -5.5,
        "chords": -6.0,
        "pad": -8.0,
        "arp": -7.0,
        "lead": -5.0,
        "hits": -8.0,
    }
)
"""Loudness of each role against the whole song, gated, so that a part is measured where it plays."""

ASKED_LU = 2.0
"""An instrument that a tag names is this much louder ..."""
LEAST_ASKED_LU = -5.0
"""... and never farther below the song's own sound than this: there it is still heard for sure."""

PLACES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "drums": (0.0,),
        "bass": (0.0,),
        "chords": (-0.28, 0.34, -0.5),
        "pad": (0.0, -0.2, 0.2),
        "arp": (0.42, -0.42),
        "lead": (0.1, -0.3),
        "hits": (-0.2, 0.3),
    }
)
"""Where the first, second ... of a role stands: -1 left, 1 right. Weight stands in the middle."""


def gain(db: float) -> np.float32:
    """Decibels as a factor."""
    return np.float32(10 ** (db / 20))


def levelled(stem: Stem, rate_hz: int, song_lufs: float, bed_lufs: float, drums_db: float) -> Sound:
    """A stem at the level of its role, `[2, N]`; silence stays silence.

    Args:
        stem: as it was played.
        rate_hz: its rate.
        song_lufs: loudness of the song there.
        bed_lufs: loudness of the song's own sound in the mix.
        drums_db: how much louder than usual the drums shall be.
    """
    heard = loudness(stem.samples, rate_hz)
    if not np.isfinite(heard):
        return stem.samples
    if stem.role == "bass":
        heard = max(heard, _power_db(stem.samples))
    wanted = song_lufs + ROLE_LU[stem.role] + (stem.track.gain_db if stem.track else drums_db)
    if stem.track and stem.track.asked:
        wanted = max(wanted + ASKED_LU, bed_lufs + LEAST_ASKED_LU)
    return stem.samples * gain(wanted - heard)


def _power_db(samples: Sound) -> float:
    """Power of both sides where there is sound, in dB.

    K-weighting hardly hears the lowest octave; a sub-bass levelled by it alone would take all the headroom.
    """
    power = np.square(samples, dtype=np.float64).sum(axis=0)
    heard = power[power > 1e-3 * power.max(initial=0.0)]
    return 10 * float(np.log10(heard.mean())) if heard.size else float("-inf")


def placed(samples: Sound, place: float) -> Sound:
    """The sound moved between the speakers at constant power, `[2, N]` → `[2, N]`; 0 leaves it alone."""
    if not place:
        return samples
    angle = (place + 1) * np.pi / 4
    sides = np.array([[np.cos(angle)], [np.sin(angle)]], np.float32) * np.float32(2**0.5)
    return samples * sides

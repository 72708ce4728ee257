"""What the difference between new and old song shows: a switch where a fade should be, time that slips."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.region import Frames
    from punchin.seam.hearing import Curve
    from punchin.song import Samples

ONSET_S = 0.005
"""The first so many seconds of the difference are what shows a switch."""
AROUND_S = 0.05
"""How much of the song on both sides it is compared with."""
NOTHING = 1e-8
"""Differences this far below the song's power (-80 dB) have not begun yet."""

LONGEST_BEAT_S, SHORTEST_BEAT_S = 6.0, 1.5
"""How much of the new part is compared in time; less than the shortest has no beat."""
LARGEST_LAG_S = 0.35
"""Half a beat at 86 bpm; larger shifts are the same as smaller ones the other way, or a whole beat."""
IN_COMMON = 0.25
"""Least correlation of onsets at which new and old have a beat in common at all."""
CLEARLY = 0.1
"""By how much a lag must correlate better than none."""


def switch_db(old: Samples, new: Samples, seam: Frames, rate_hz: int, *, into: bool) -> float | None:
    """Power of the difference in its first 5 ms against the song's around, dB; None if there is none.

    A fade lets the difference grow from nothing and stays far below; a hard cut to unrelated sound of the
    same level is at +3 dB, because the difference of two unrelated sounds has the power of both.

    Args:
        old, new: the stretch, `[C, N]`.
        seam: where.
        rate_hz: of both.
        into: whether the difference begins here; else it ends here, and is heard backwards.
    """
    around = round(AROUND_S * rate_hz)
    near = seam.widen(around, around, old.shape[1])
    before, after = old[:, near.start : near.end], new[:, near.start : near.end]
    if not into:
        before, after = before[:, ::-1], after[:, ::-1]
    power = np.square(after - before).mean(axis=0, dtype=np.float64)
    song = max(float(np.square(before).mean()), float(np.square(after).mean()))
    begun = np.flatnonzero(power > max(NOTHING * song, 1e-18))
    if not begun.size:
        return None
    first = power[begun[0] : begun[0] + max(1, round(ONSET_S * rate_hz))]
    return float(np.clip(10 * np.log10(first.mean() / song), -100.0, 100.0))


def beat_lag_ms(old: Curve, new: Curve, step_s: float) -> float | None:
    """How late onsets of the new part come against the original's, ms; 0 if no other lag fits better.

    Args:
        old, new: onset strength over the same time in some bands, `[I, G]`; each counts the same, so that a
            busy hi-hat does not hide where kick and snare are.
        step_s: from one value to the next.

    Returns:
        The lag within ±`LARGEST_LAG_S` where the two correlate best; None if they have no beat in common.
    """
    if len(old) * step_s < SHORTEST_BEAT_S:
        return None
    most, reach = round(LONGEST_BEAT_S / step_s), round(LARGEST_LAG_S / step_s)
    found = np.zeros(2 * reach + 1)
    for before, after in zip(_centred(old[:most]), _centred(new[:most]), strict=True):
        energy = np.sqrt(float(before @ before) * float(after @ after))
        if energy > 0:
            middle = len(before) - 1
            found += np.correlate(after, before, "full")[middle - reach : middle + reach + 1] / energy
    found /= old.shape[1]
    best = int(np.argmax(found))
    if found[best] < IN_COMMON:
        return None
    unmoved = float(found[reach - 1 : reach + 2].max())
    if found[best] - unmoved < CLEARLY:
        return 0.0
    return float((best - reach) * step_s * 1000)


def _centred(curve: Curve) -> NDArray[np.float64]:
    """Bands `[G, I]` without their means, softened a little: neighbouring steps are the same time."""
    padded = np.pad(curve.astype(np.float64), ((1, 1), (0, 0)), mode="edge")
    soft = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    return (soft - soft.mean(axis=0)).T

"""The statistics of a seam, each as a curve: its value for a seam at every place of a stretch of song.

So one and the same function says what the new song does at its seam, what the original did there, and what
the original does everywhere else. A place is where a seam of a given length would begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.seam.hearing import ALL, BANDS, FLOOR, HIGH, LEFT, LOUD, MID, RIGHT, SIDE

if TYPE_CHECKING:
    from punchin.seam.hearing import Curve, Ear, Heard

SHORT_S, LONG_S = 0.4, 3.0
"""How far level, tone, width and mean are heard on each side (momentary and short-term, EBU Tech 3341)."""
CLICK_SIDE_S = 0.008
"""How far on each side of a click the errors are heard that it is compared with: short, because what tells it
from a drum is that it stands alone."""
GAP_SIDE_S = 0.03
"""How far on each side of a gap the sound must go on."""
GAP_BLOCKS = 3
"""Length of the shortest gap that counts."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A seam's shape, whatever its place.

    Attributes:
        frames: its length.
        before, after: how much sound there is on both sides of it; nothing is heard beyond.
    """

    frames: int
    before: int
    after: int


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """A curve: `values[k]` belongs to a seam that begins at frame `(first + k) * step`."""

    values: Curve
    first: int
    step: int

    def at(self, frame: int) -> float | None:
        """The value for a seam that begins at `frame`; None where the song does not reach so far."""
        if not self.values.size:
            return None
        place = min(max(frame // self.step - self.first, 0), self.values.size - 1)
        return float(self.values[place])


def click(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Largest prediction error against the mean on its louder side, dB."""
    around = max(4, round(CLICK_SIDE_S * ear.rate_hz / ear.block))
    local = _sides(heard.error_power, around, 2, louder=True)
    floor = _floor(heard.error_power, 1e-5)
    return _worst(10 * np.log10((heard.error_peak + floor) / (local + floor)).max(axis=0), ear, shape)


def dip(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """How far the prediction error falls below the quieter side's for `GAP_BLOCKS`, dB."""
    around = max(4, round(GAP_SIDE_S * ear.rate_hz / ear.block))
    power = heard.error_power.mean(axis=0, keepdims=True)
    local = _sides(power, around, 2 + GAP_BLOCKS, louder=False)
    short = _boxed(power, GAP_BLOCKS)
    floor = _floor(power, 1e-5)
    return _worst(10 * np.log10((local + floor) / (short + floor))[0], ear, shape)


def flux(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Largest change of a spectrum against the one before that does not overlap it, dB a band."""
    bands = _log_bands(heard)
    if len(bands) < 3:
        return Places(np.zeros(0), 0, ear.hop)
    change = np.abs(bands[2:] - bands[:-2]).mean(axis=1)
    width = shape.frames // ear.hop + 4
    if change.size < width:
        return Places(np.zeros(0), 0, ear.hop)
    # Change i lies between steps i and i + 4; the first that touches a seam in step k is i = k - 3.
    return Places(np.lib.stride_tricks.sliding_window_view(change, width).max(axis=1), 3, ear.hop)


def level(heard: Heard, ear: Ear, shape: Shape, reach_s: float) -> Places:
    """Loudness after minus before, dB. What is in the side only is added to the mid's by its power."""
    power = heard.power[:, LOUD] * (
        1 + heard.energy[:-1, SIDE] / (heard.energy[:-1, MID] + _floor(heard.energy, FLOOR))
    )
    before, after, first = _two_sides(power[:, None], ear, shape, reach_s)
    floor = _floor(power, 1e-6)
    return Places(10 * np.log10((after[:, 0] + floor) / (before[:, 0] + floor)), first, ear.hop)


def timbre(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Change of the log-mel spectrum over `SHORT_S`, its own mean taken off, dB a band."""
    before, after, first = _two_sides(_log_bands(heard), ear, shape, SHORT_S)
    change = after - before
    change -= change.mean(axis=1, keepdims=True)
    return Places(np.abs(change).mean(axis=1), first, ear.hop)


def high(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Share of energy above 10 kHz, after against before, dB."""
    before, after, first = _two_sides(heard.power[:, [HIGH, ALL]], ear, shape, SHORT_S)
    shares = [(side[:, 0] + 1e-7 * side[:, 1] + 1e-20) / (side[:, 1] + 1e-13) for side in (before, after)]
    return Places(np.abs(10 * np.log10(shares[1] / shares[0])), first, ear.hop)


def stereo(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Largest change of side against mid and of left against right over `SHORT_S`, dB; within ±30 dB each."""
    before, after, first = _two_sides(heard.energy, ear, shape, SHORT_S)
    floor = _floor(heard.energy, 1e-5)

    def ratio(side: Curve, one: int, other: int) -> Curve:
        found = 10 * np.log10((side[:, one] + floor) / (side[:, other] + floor))
        return np.clip(found, -30.0, 30.0)

    changes = [np.abs(ratio(after, *pair) - ratio(before, *pair)) for pair in ((SIDE, MID), (LEFT, RIGHT))]
    return Places(np.maximum(*changes), first, ear.hop)


def dc(heard: Heard, ear: Ear, shape: Shape) -> Places:
    """Change of the mean over `SHORT_S`, largest of the channels, full scale 1."""
    before, after, first = _two_sides(heard.mean, ear, shape, SHORT_S)
    return Places(np.abs(after - before).max(axis=1), first, ear.hop)


def onsets(heard: Heard, groups: int = 4) -> Curve:
    """How much begins in each step: rise of the log-mel spectrum in groups of bands, `[I - 2, groups]`."""
    bands = _log_bands(heard)
    rise = np.maximum(np.diff(bands, axis=0), 0.0)
    return rise.reshape(len(rise), groups, -1).mean(axis=2)


def _log_bands(heard: Heard) -> Curve:
    """Mel bands in dB over a floor that belongs to the song, `[I - 1, BANDS]`."""
    bands = heard.power[:, :BANDS]
    return 10 * np.log10(bands + _floor(bands, 1e-6))


def _floor(power: Curve, below: float) -> float:
    """A power so far below the mean that it is silence; never zero."""
    return below * float(power.mean()) + 1e-14 if power.size else 1e-14


def _two_sides(curve: Curve, ear: Ear, shape: Shape, reach_s: float) -> tuple[Curve, Curve, int]:
    """Means of `curve` `[I, B]` before and after a seam at every step, and the first step that has both."""
    reach = round(reach_s * ear.rate_hz)
    before, after = (max(1, min(reach, side) // ear.hop) for side in (shape.before, shape.after))
    # A spectrum is two steps long: the last before a seam begins two steps before it.
    seam = -(-shape.frames // ear.hop) + 2
    total = np.concatenate([np.zeros((1, curve.shape[1])), np.cumsum(curve, axis=0, dtype=np.float64)])
    count = len(curve) - before - seam - after + 1
    if count < 1:
        return np.zeros((0, curve.shape[1])), np.zeros((0, curve.shape[1])), 0
    starts = np.arange(count)
    first = (total[starts + before] - total[starts]) / before
    last = starts + before + seam
    second = (total[last + after] - total[last]) / after
    return (
        np.maximum(first, 0) if curve.min() >= 0 else first,
        np.maximum(second, 0) if curve.min() >= 0 else second,
        before + 1,
    )


def _boxed(curve: Curve, width: int) -> Curve:
    """Mean of `width` values around each, `[C, J]`; the ends are repeated."""
    left = width // 2
    padded = np.pad(curve, ((0, 0), (left + 1, width - 1 - left)), mode="edge")
    total = np.cumsum(padded, axis=1, dtype=np.float64)
    return np.maximum(total[:, width:] - total[:, :-width], 0.0) / width


def _sides(curve: Curve, width: int, spare: int, *, louder: bool) -> Curve:
    """Mean of the `width` values that begin `spare` away from each, on its louder or on its quieter side."""
    reach = width + spare
    padded = np.pad(curve, ((0, 0), (reach + 1, reach)), mode="edge")
    total = np.cumsum(padded, axis=1, dtype=np.float64)
    n = curve.shape[1]
    centre = np.arange(n) + reach + 1  # total[i] sums padded[..i]
    before = total[:, centre - spare - 1] - total[:, centre - spare - 1 - width]
    after = total[:, centre + spare + width] - total[:, centre + spare]
    chosen = np.maximum(before, after) if louder else np.minimum(before, after)
    return np.maximum(chosen, 0.0) / width


def _worst(curve: Curve, ear: Ear, shape: Shape) -> Places:
    """The largest value of `curve` `[J]` within a seam at every block."""
    width = shape.frames // ear.block + 1
    if curve.size < width:
        return Places(np.zeros(0), 0, ear.block)
    covered = 1
    while covered < width:
        step = min(covered, width - covered)
        curve = np.maximum(curve[:-step], curve[step:])
        covered += step
    return Places(curve, 0, ear.block)

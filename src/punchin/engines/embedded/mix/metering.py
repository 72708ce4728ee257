"""Loudness in blocks of 50 ms: measured once, asked often.

The same measure as `punchin.loudness` (BS.1770-4), in single precision and without keeping weighted samples:
a mix asks for the loudness of some ten sounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.effects.filters import filtered
from punchin.loudness import (
    ABSOLUTE_GATE_LUFS,
    OFFSET_LUFS,
    RELATIVE_GATE_LU,
    channel_weights,
    k_response,
    lufs,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.effects.filters import Sound

BLOCK_S = 0.05

GATED_BLOCKS, GATED_STEP = 8, 2
"""Gates look at 400 ms, every 100 ms."""

NEAR_S = 1.0
"""At an edge, near sound counts more by e^-t/NEAR_S: the same as where the core matches levels."""

PIECE_S = 20.0
"""So much is filtered at once: keeps memory small."""


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """K-weighted power of a sound in blocks of `BLOCK_S`, channels weighted and summed, `[B]`."""

    powers: NDArray[np.float64]

    def between(self, start_s: float, end_s: float) -> Levels:
        """Only the blocks from one time to another."""
        return Levels(self.powers[max(0, round(start_s / BLOCK_S)) : max(0, round(end_s / BLOCK_S))])

    def changed(self, gains_db: NDArray[np.floating] | float) -> Levels:
        """As if each block had been made louder by so much."""
        return Levels(self.powers * 10 ** (np.asarray(gains_db) / 10))

    def and_then(self, others: Levels) -> Levels:
        """Two sounds as one."""
        return Levels(np.concatenate([self.powers, others.powers]))

    def reversed(self) -> Levels:
        """From the end to the start."""
        return Levels(self.powers[::-1])

    @property
    def gated_lufs(self) -> float:
        """Loudness of where there is sound (equations 3 to 7); -inf for silence."""
        if not self.powers.size:
            return float("-inf")
        count = min(GATED_BLOCKS, self.powers.size)
        total = np.concatenate([[0.0], np.cumsum(self.powers)])
        long = np.maximum((total[count:] - total[:-count])[::GATED_STEP], 0.0) / count
        loud = long[long > _power(ABSOLUTE_GATE_LUFS)]
        if not loud.size:
            return float("-inf")
        return lufs(float(loud[loud > loud.mean() * 10 ** (RELATIVE_GATE_LU / 10)].mean()))

    @property
    def near_lufs(self) -> float:
        """Loudness without gates, what comes first counting most; -inf for silence or nothing."""
        if not self.powers.size:
            return float("-inf")
        weight = np.exp(np.arange(self.powers.size) * (-BLOCK_S / NEAR_S))
        return lufs(float(weight @ self.powers / weight.sum()))


def measure(samples: Sound, rate_hz: int) -> Levels:
    """Listen to a sound `[C, N]`; a last block that is not whole counts as it is."""
    frames = samples.shape[1]
    marks = block_starts(frames, rate_hz)
    if not frames:
        return Levels(np.zeros(0))
    weights = channel_weights(samples.shape[0]).astype(np.float32)
    count = max(1, round(PIECE_S / BLOCK_S))
    powers: list[NDArray[np.float64]] = []
    for first in range(0, marks.size, count):
        starts = marks[first : first + count]
        stop = frames if first + count >= marks.size else int(marks[first + count])
        # What came before still rings in the filter.
        early = max(0, int(starts[0]) - round(0.15 * rate_hz))
        heard = filtered(samples[:, early:stop], rate_hz, _weighting)[:, starts[0] - early :]
        sums = np.add.reduceat(weights @ np.square(heard, out=heard), starts - starts[0])
        powers.append(sums / np.diff(np.append(starts, stop)))
    return Levels(np.concatenate(powers))


def loudness(samples: Sound, rate_hz: int) -> float:
    """Gated loudness of a sound `[C, N]` in LUFS; -inf for silence."""
    return measure(samples, rate_hz).gated_lufs


def block_starts(frames: int, rate_hz: int) -> NDArray[np.intp]:
    """Where each block of a sound begins, in frames, `[B]`."""
    count = max(1, int(frames / rate_hz / BLOCK_S)) if frames else 0
    return np.round(np.arange(count) * BLOCK_S * rate_hz).astype(np.intp)


def _weighting(frequency_hz: NDArray[np.floating]) -> NDArray[np.complexfloating]:
    return k_response(np.asarray(frequency_hz, np.float64))


def _power(level_lufs: float) -> float:
    return 10 ** ((level_lufs - OFFSET_LUFS) / 10)

"""How much of old and new sound there is at each frame: crossfades whose law follows how alike they are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.join.align import Meeting
    from punchin.region import Frames

SILENCE_FADE_S = 0.003
"""Length of a fade from or to silence at the very start or end of a song."""
STEP = 0.003
"""A first sample of this size (-50 dBFS) is no click, whatever the original began with."""


@dataclass(frozen=True, slots=True, eq=False)
class Fade:
    """One passage between old and new, in frames of the hole.

    Attributes:
        start: its first frame.
        new: weights of the new sound, `[L]`; rising at punch-in, falling at punch-out.
        old: weights of the old sound, `[L]`.
        alike: correlation of the two over the passage that the law was chosen by, 0..1.
    """

    start: int
    new: NDArray[np.float64]
    old: NDArray[np.float64]
    alike: float = 0.0

    @property
    def end(self) -> int:
        """The first frame after it."""
        return self.start + self.new.size


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """The two passages of a hole: old before the first, new between them, old after the second."""

    punch_in: Fade
    punch_out: Fade

    def of(self, frames: Frames) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Weights of new and old sound, `[len(frames)]` each; exactly 0 and 1 outside the fades."""
        place = np.arange(frames.start, frames.end)
        inside = (self.punch_in.start <= place) & (place < self.punch_out.end)
        new, old = inside.astype(np.float64), (~inside).astype(np.float64)
        for fade in (self.punch_in, self.punch_out):
            first, last = max(frames.start, fade.start), min(frames.end, fade.end)
            if first < last:
                here, there = (
                    slice(first - frames.start, last - frames.start),
                    slice(first - fade.start, last - fade.start),
                )
                new[here], old[here] = fade.new[there], fade.old[there]
        return new, old


def alike(meeting: Meeting) -> float:
    """Correlation of old and new over all channels, 0..1; opposite phases count as unrelated, silence too.

    Equal samples are 1 exactly, so that fading between equals changes nothing.
    """
    old, new = meeting.old.astype(np.float64), meeting.new.astype(np.float64)
    energy = float(np.sum(old * old)) * float(np.sum(new * new))
    if energy == 0:
        return 0.0
    return float(np.clip(np.sum(old * new) / np.sqrt(energy), 0.0, 1.0))


def rising(frames: int, likeness: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights of what comes and of what goes, `[frames]` each, that keep the power of the sum.

    Sine and cosine, both divided by √(a² + b² + 2ρab): for two sounds of equal power and correlation ρ the
    sum then has that power at every frame. ρ = 0 is the equal-power law, ρ = 1 adds up to 1 (compare
    M. Fink, M. Holters, U. Zölzer, "Signal-matched power-complementary cross-fading and dry-wet mixing",
    DAFx 2016). The angle follows a raised cosine, so that slope and difference begin and end at zero.
    """
    turn = np.pi / 4 * (1 - np.cos(np.pi * (np.arange(frames) + 0.5) / max(frames, 1)))
    comes, goes = np.sin(turn), np.cos(turn)
    power = np.sqrt(1 + 2 * likeness * comes * goes)
    comes, goes = comes / power, goes / power
    # Equals add up to 1 to the last bit.
    return (comes, 1 - comes) if likeness == 1 else (comes, goes)


def fade_in(start: int, frames: int, meeting: Meeting) -> Fade:
    """The passage from old to new at frame `start` of the hole; `meeting` is old and new over its frames."""
    likeness = alike(meeting)
    comes, goes = rising(frames, likeness)
    return Fade(start, comes, goes, likeness)


def fade_out(start: int, frames: int, meeting: Meeting) -> Fade:
    """The passage from new to old."""
    likeness = alike(meeting)
    comes, goes = rising(frames, likeness)
    return Fade(start, comes[::-1], goes[::-1], likeness)


def from_silence(first_old: float, first_new: float, frames: int) -> NDArray[np.float64]:
    """Weights of new sound at the very start of a song, `[<= frames]`; reversed they serve its end.

    A song may begin in the middle of a sound, and then the new one may too. It is faded from silence only
    where its first sample would be a larger step than the original's was.

    Args:
        first_old, first_new: size of the first frame, largest of the channels.
        frames: the most that a fade may take.
    """
    if first_new <= max(first_old, STEP):
        return np.zeros(0)
    return 0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(frames, 1))

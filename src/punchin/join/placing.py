"""Where in the hole the new sound begins and ends, and how it comes and goes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.join.align import Meeting, best_place, best_shift
from punchin.join.fades import SILENCE_FADE_S, Fade, Weights, fade_in, fade_out, from_silence
from punchin.region import Frames

if TYPE_CHECKING:
    from punchin.join.settings import JoinSettings
    from punchin.song import Song

SHORTEST_ALIGN_S = 0.02
"""Less sound than this beside an edge does not tell in which phase it is."""


@dataclass(frozen=True, slots=True)
class Ends:
    """How much room there is at each end of a hole; an end that is the song's has none.

    A quarter of the hole each for the search and for the crossfade, on both sides, is all of it at most.
    """

    has_in: bool
    has_out: bool
    settings: JoinSettings
    rate_hz: int
    frames: int

    def quarter(self, length_s: float) -> int:
        """So many seconds in frames, a quarter of the hole at most."""
        return min(self.frames // 4, round(length_s * self.rate_hz))

    @property
    def fade_in(self) -> int:
        """Length of the crossfade at punch-in, in frames."""
        return self.quarter(self.settings.fade_in_s) if self.has_in else 0

    @property
    def fade_out(self) -> int:
        """Length of the crossfade at punch-out, in frames."""
        return self.quarter(self.settings.fade_out_s) if self.has_out else 0

    @property
    def search(self) -> int:
        """How far from an edge its crossfade may begin, in frames."""
        return self.quarter(self.settings.search_s)

    @property
    def lags(self) -> range:
        """How far the new sound may move: what it then lacks at one end must lie where the original stays."""
        most = min(self.frames // 8, round(self.settings.align_s * self.rate_hz))
        return range(-most if self.has_out else 0, (most if self.has_in else 0) + 1)


def find_shift(old: Song, new: Song, ends: Ends) -> int:
    """How much later the new sound has to be."""
    meetings: list[Meeting] = []
    shortest = round(SHORTEST_ALIGN_S * old.rate_hz)
    reach = max(shortest, ends.search + max(ends.fade_in, ends.fade_out))
    if 2 * reach > ends.frames:
        return 0
    if ends.has_in:
        meetings.append(Meeting(old.samples[:, :reach], new.samples[:, :reach]))
    if ends.has_out:
        meetings.append(Meeting(old.samples[:, -reach:], new.samples[:, -reach:]))
    return best_shift(meetings, ends.lags)


def find_weights(old: Song, new: Song, ends: Ends, shift: int) -> Weights:
    """Find the places of both crossfades and the law of each."""
    frames = ends.frames
    if ends.has_in:
        lacking = max(0, shift)  # the new sound begins only here
        near = Frames(lacking, max(lacking, ends.search) + ends.fade_in)
        start = near.start + best_place(_meeting(old, new, near), ends.fade_in)
        punch_in = fade_in(start, ends.fade_in, _meeting(old, new, Frames(start, start + ends.fade_in)))
    else:
        comes = from_silence(*_first(old, new, 0), ends.quarter(SILENCE_FADE_S))
        punch_in = Fade(0, comes, np.zeros(comes.size))
    if ends.has_out:
        lacking = max(0, -shift)
        near = Frames(frames - max(lacking, ends.search) - ends.fade_out, frames - lacking)
        # Heard backwards, so that of equal places the one nearest to the edge is taken here too.
        end = near.end - best_place(_reversed(_meeting(old, new, near)), ends.fade_out)
        start = end - ends.fade_out
        punch_out = fade_out(start, ends.fade_out, _meeting(old, new, Frames(start, end)))
    else:
        goes = from_silence(*_first(old, new, -1), ends.quarter(SILENCE_FADE_S))[::-1]
        punch_out = Fade(frames - goes.size, goes, np.zeros(goes.size))
    return Weights(punch_in, punch_out)


def _meeting(old: Song, new: Song, frames: Frames) -> Meeting:
    return Meeting(old.cut(frames).samples, new.cut(frames).samples)


def _reversed(meeting: Meeting) -> Meeting:
    return Meeting(meeting.old[:, ::-1], meeting.new[:, ::-1])


def _first(old: Song, new: Song, frame: int) -> tuple[float, float]:
    if not old.frames:
        return 0.0, 0.0
    return float(np.abs(old.samples[:, frame]).max()), float(np.abs(new.samples[:, frame]).max())

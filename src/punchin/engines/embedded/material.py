"""What every stage after the analysis works with: the window as heard, the wish as understood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.embedded.arrangement import Ground, lay_ground
from punchin.engines.embedded.mix import Surroundings, listen_around
from punchin.engines.embedded.tags import ParsedTags, Style
from punchin.region import Frames

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis import Analysis
    from punchin.engines.embedded.bed import Bed
    from punchin.song import Song


@dataclass(frozen=True, slots=True, eq=False)
class Heard:
    """A window with what was found in it, shared by all takes of one edit.

    Attributes:
        window: the song around the hole, finite.
        hole: where in `window`.
        analysis: of the whole window.
        surroundings: how loud it is around the hole.
    """

    window: Song
    hole: Frames
    analysis: Analysis
    surroundings: Surroundings

    @classmethod
    def of(cls, window: Song, hole: Frames, analysis: Analysis) -> Heard:
        """The window with its analysis."""
        return cls(window, hole, analysis, listen_around(window, hole))

    def before(self, seconds: float) -> Song:
        """The song just before the hole, that long or as long as there is."""
        start = max(0, self.hole.start - round(seconds * self.window.rate_hz))
        return self.window.cut(Frames(start, self.hole.start))

    def ground(self, bed: Bed) -> Ground:
        """What an arrangement stands on: the grid of the hole, the chords of its donors."""
        rate_hz = self.window.rate_hz
        return lay_ground(self.analysis, self.hole.start / rate_hz, self.hole.end / rate_hz, bed.donors)


@dataclass(frozen=True, slots=True)
class Wish:
    """What an edit asks for, understood.

    Attributes:
        tags: what they mean.
        sings: there are words, and they are to be sung.
        no_vocals: nobody shall sing, not even the song's own singer.
    """

    tags: ParsedTags
    sings: bool
    no_vocals: bool

    @property
    def changes_nothing(self) -> bool:
        """The bed alone fulfils it."""
        return self.tags.style == Style() and not self.sings and not self.no_vocals

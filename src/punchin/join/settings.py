"""How new sound is joined to a song: everything a person may want to set, with units in the names."""

from __future__ import annotations

from dataclasses import dataclass

from punchin.errors import EditError

LONGEST_FADE_S = 10.0
LONGEST_SEARCH_S = 1.0
LONGEST_ALIGN_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinSettings:
    """Crossfades and matching. The defaults are those that `bench/seams.py` found best; see docs/seams.md.

    Attributes:
        fade_in_s, fade_out_s: length of the crossfade at punch-in and punch-out, inside the region; a quarter
            of the region at most. 0 is a hard cut.
        search_s: how far inside the region the place of a crossfade is searched; a quarter of the region at
            most. Until there the original stays.
        align_s: how far the new sound may be moved as a whole so that its phase meets the song's; only used
            where the two are alike.
        match_level: bring the level of the new sound to that of the music beside it, by 6 dB at most.
        match_tone: 0..1, how much of a difference in tone (beyond what the song itself has) is taken away.
        limit: keep new peaks below full scale and below what the song itself reaches.
        dither: add triangular dither to new samples of up to 24 bits.

    Raises:
        EditError: if a number is out of range.
    """

    fade_in_s: float = 0.05
    fade_out_s: float = 0.05
    search_s: float = 0.03
    align_s: float = 0.003
    match_level: bool = True
    match_tone: float = 0.5
    limit: bool = True
    dither: bool = True

    def __post_init__(self) -> None:
        limits = (
            ("fade_in_s", self.fade_in_s, LONGEST_FADE_S),
            ("fade_out_s", self.fade_out_s, LONGEST_FADE_S),
            ("search_s", self.search_s, LONGEST_SEARCH_S),
            ("align_s", self.align_s, LONGEST_ALIGN_S),
            ("match_tone", self.match_tone, 1.0),
        )
        for name, value, most in limits:
            if not 0 <= value <= most:  # also refuses NaN
                raise EditError(f"{name} is {value:g}; it goes from 0 to {most:g}")

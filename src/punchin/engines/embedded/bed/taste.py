"""How donors are chosen and joined: the numbers a listener would turn, in two settings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Taste:
    """Costs are in units of the typical distance between two beats of the song.

    Attributes:
        edge: cost of a donor whose surroundings differ from those of the hole's edge, per unit.
        jump: cost of any jump.
        jump_context: cost of a jump whose two sides differ, per unit.
        stutter: further cost of jumping back by two bars or less, which sounds like a hanging record.
        same_bar_place: donors must stand at the same place of the bar as what they replace.
        drift_s: how far a run may slip from the grid at a bar line before it is joined anew.
        drift_in_bar_s: the same at the other beats, where one more join is worse than a little slip.
        align_s: how far a join may be moved to meet in phase.
        fade_s: length of the crossfade at a join.
        lead_s: how long before the beat it begins; as long as the fade, so that only the new attack is heard.
    """

    edge: float = 2.0
    jump: float = 0.8
    jump_context: float = 2.0
    stutter: float = 0.6
    same_bar_place: bool = True
    drift_s: float = 0.005
    drift_in_bar_s: float = 0.012
    align_s: float = 0.004
    fade_s: float = 0.022
    lead_s: float = 0.022


ON_THE_GRID = Taste()
"""For music with a beat."""

LOOSE = Taste(
    edge=3.0,
    jump=3.0,
    jump_context=3.0,
    same_bar_place=False,
    drift_s=float("inf"),
    drift_in_bar_s=float("inf"),
    align_s=0.02,
    fade_s=0.08,
    lead_s=0.08,
)
"""Where no beat can be trusted: few long stretches, no bars, soft joins that look further for their phase."""

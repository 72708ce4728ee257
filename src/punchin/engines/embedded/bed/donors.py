"""Chooses the donors: which beat of the song is played in place of each beat of the hole.

The cheapest path over the song's beats, found by dynamic programming (Viterbi). A donor costs what it differs
from what it replaces; a jump costs what its two sides differ; the ends cost what they differ from the music
they join. Similarity graphs over a song for filling long gaps: Perraudin, Holighaus, Majdak, Balazs,
"Inpainting of long audio segments with similarity graphs", IEEE/ACM TASLP 26(6), 2018 (arXiv 1607.06667);
paths with bar constraints for retargeting music: Wenner, Bazin, Sorkine-Hornung, Kim, Gross, "Scalable music:
automatic music retargeting and synthesis", Computer Graphics Forum 32(2), 2013.

The seed adds Gumbel noise to the costs, so that the cheapest path becomes a sample of good paths (Papandreou
and Yuille, "Perturb-and-MAP random fields", ICCV 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.bed.likeness import Likeness, likeness

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis.model import BeatGrid, Form
    from punchin.engines.embedded.bed.model import Beats
    from punchin.engines.embedded.bed.taste import Taste

Costs = NDArray[np.float64]

FEWEST_DONORS = 8
"""With fewer free beats than this, or than a quarter of the hole's, the hole's own beats are used as well."""

MOST_SOURCES = 256
"""A jump is only considered from this many of the best beats: bounds the work on very long songs."""

TEMPO_COST = 12.0
"""Cost of a donor per octave that it is shorter or longer than its target: 5 % cost 0.85."""


OTHER_PART_COST = 1.0
"""Cost of a donor from another part of the song where the parts are sure: as much as a jump and a bit."""

PLAYING_COST = 0.1
"""Cost of each dB by which bass or cymbals are softer or louder than in what a donor replaces ..."""
SAME_PLAYING_DB = 3.0
"""... beyond so much, by which they also change while the same people play."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """How far from the original the donors may be, from the edit's variance 0..1.

    Attributes:
        content: cost of a donor that sounds unlike what it replaces, per unit of distance.
        temperature: scale of the Gumbel noise.
        part: cost of a donor from another part of the song, where the parts are sure.
        playing: cost of a donor in which bass or cymbals play otherwise, per dB.
    """

    content: float
    temperature: float
    part: float = 0.0
    playing: float = 0.0

    @classmethod
    def of(cls, variance: float) -> Freedom:
        """0 stays as near as the song allows, 1 takes whatever joins well."""
        return cls(
            content=1.2 * (1 - variance) ** 2 + 0.02,
            temperature=0.03 + 0.35 * variance,
            part=OTHER_PART_COST * (1 - variance),
            playing=PLAYING_COST * (1 - variance),
        )


@dataclass(frozen=True, slots=True)
class Path:
    """Donors for a hole.

    Attributes:
        donors: a beat of the grid for each beat of the hole.
        from_hole: beats of the hole itself were among the candidates, because there are few others.
        bar_place_kept: every donor stands at the same place of the bar as its target.
    """

    donors: tuple[int, ...]
    from_hole: bool
    bar_place_kept: bool


def choose_donors(
    grid: BeatGrid,
    features: NDArray[np.floating],
    hole: Beats,
    taste: Taste,
    freedom: Freedom,
    seed: int,
    form: Form | None = None,
    playing_db: NDArray[np.floating] | None = None,
) -> Path:
    """Find the donors of the beats `hole`.

    Args:
        grid: beats and bars of the window.
        features: `[K, F]`, one row a beat.
        hole: the beats to replace.
        taste: costs.
        freedom: how much likeness counts against chance.
        seed: draws the noise.
        form: the song's parts: a chorus is rather filled from a chorus; None where they are not known.
        playing_db: `[K, P]`, how much some instruments play around each beat; None where it is not known.
    """
    alike = likeness(features)
    places = grid.positions if taste.same_bar_place else np.zeros_like(grid.positions)
    allowed, from_hole, kept = _allowed(places, hole, max(1, grid.beats_per_bar))
    local = freedom.content * alike.alone[hole.first : hole.end].astype(np.float64)
    local += TEMPO_COST * _tempo_differences(grid, hole)
    if form:
        local += freedom.part * form.confidence * (form.parts[hole.first : hole.end, None] != form.parts)
    if playing_db is not None:
        local += freedom.playing * _other_playing(playing_db, hole)
    local += freedom.temperature * _noise(local.shape, hole, grid.beats_per_bar, seed)
    local[0] += taste.edge * _entry(alike, hole)
    local[-1] += taste.edge * _exit(alike, hole)
    jumps = _jumps(alike, taste, 2 * grid.beats_per_bar)
    donors = _cheapest(local, allowed, jumps)
    return Path(donors, from_hole, kept)


def _allowed(
    places: NDArray[np.integer], hole: Beats, beats_per_bar: int
) -> tuple[list[NDArray[np.intp]], bool, bool]:
    """The candidates of each beat; whether they come from the hole; whether all keep the bar place."""
    count = len(places)
    everywhere = np.arange(count)
    outside = (everywhere < hole.first) | (everywhere >= hole.end)
    from_hole = int(outside.sum()) < max(min(FEWEST_DONORS, 2 * beats_per_bar), len(hole) // 4)
    usable = np.ones(count, dtype=bool) if from_hole else outside
    allowed: list[NDArray[np.intp]] = []
    kept = True
    for target in range(hole.first, hole.end):
        itself = everywhere == target
        same_place = usable & (places == places[target])
        choices = (same_place & ~itself, usable & ~itself, usable)
        best = next(choice for choice in choices if choice.any())
        kept = kept and best is choices[0]
        allowed.append(np.flatnonzero(best))
    return allowed, from_hole, kept


def _tempo_differences(grid: BeatGrid, hole: Beats) -> Costs:
    """|log2| of donor length over target length, `[len(hole), K]`."""
    octaves = np.log2(np.maximum(np.diff(grid.times_s), 1e-3))
    return np.abs(octaves[hole.first : hole.end, None] - octaves[None, :])


def _other_playing(playing_db: NDArray[np.floating], hole: Beats) -> Costs:
    """By how many dB too much others play, `[len(hole), K]`."""
    apart = np.abs(playing_db[hole.first : hole.end, None] - playing_db[None, :])
    return np.maximum(apart - SAME_PLAYING_DB, 0.0).sum(axis=2)


def _noise(shape: tuple[int, ...], hole: Beats, beats_per_bar: int, seed: int) -> Costs:
    """Gumbel noise, the same along a run and inside a donor's bar, so that it chooses music, not beats."""
    rng = np.random.default_rng(seed)
    targets, count = shape
    by_shift = -rng.gumbel(size=2 * count)
    by_bar = -rng.gumbel(size=count)
    donors = np.arange(count)
    shifts = donors[None, :] - np.arange(hole.first, hole.first + targets)[:, None] + count
    return by_shift[shifts] + by_bar[donors // max(1, beats_per_bar)][None, :]


def _entry(alike: Likeness, hole: Beats) -> Costs:
    """How unlike the music before each donor is to the music before the hole, `[K]`."""
    return alike.before[hole.first].astype(np.float64) if hole.first > 0 else np.zeros(len(alike.alone))


def _exit(alike: Likeness, hole: Beats) -> Costs:
    """How unlike the music after each donor is to the music after the hole, `[K]`."""
    count = len(alike.alone)
    if hole.end >= count:
        return np.zeros(count)
    following = np.minimum(np.arange(count) + 1, count - 1)
    return alike.after[hole.end, following].astype(np.float64)


def _jumps(alike: Likeness, taste: Taste, stutter_beats: int) -> Costs:
    """Cost `[K, K]` of playing beat b after beat a; nothing if b follows a in the song anyway."""
    count = len(alike.alone)
    due = np.minimum(np.arange(count) + 1, count - 1)
    context = (alike.before[due] + alike.after[due]).astype(np.float64) / 2
    back = due[:, None] - np.arange(count)[None, :]
    costs = taste.jump + taste.jump_context * context
    costs += taste.stutter * ((back > 0) & (back <= stutter_beats))
    costs[np.arange(count - 1), np.arange(1, count)] = 0.0
    return costs


def _cheapest(local: Costs, allowed: list[NDArray[np.intp]], jumps: Costs) -> tuple[int, ...]:
    """The path that costs least in all: `local[t, b]` for each donor, `jumps[a, b]` for each step."""
    total = local[0, allowed[0]]
    came_from: list[NDArray[np.intp]] = []
    for step in range(1, len(allowed)):
        before, here = allowed[step - 1], allowed[step]
        sources = np.arange(len(before))
        if len(before) > MOST_SOURCES:
            sources = np.sort(np.argpartition(total, MOST_SOURCES)[:MOST_SOURCES])
        costs = total[sources, None] + jumps[np.ix_(before[sources], here)]
        best = np.argmin(costs, axis=0)
        came_from.append(sources[best])
        total = costs[best, np.arange(len(here))] + local[step, here]
    place = int(np.argmin(total))
    donors = [int(allowed[-1][place])]
    for step in range(len(allowed) - 1, 0, -1):
        place = int(came_from[step - 1][place])
        donors.append(int(allowed[step - 1][place]))
    return tuple(reversed(donors))

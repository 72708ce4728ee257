"""Which regions of one song are filled in one pass.

Regions share a pass if the engine can do that (`NearRegionsEngine`) and agrees, what it would hear for each
of them overlaps, and their wishes are the same in all but region and seed. They are made with one seed: of
two seeds that were asked for and differ, none is dropped, so such regions stay apart; a seed that Punchin
draws gives way to the one of the region before. All takes of such regions are chosen together.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from punchin.engine import NearRegionsEngine
from punchin.region import Frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.edits import Edit
    from punchin.engine import Engine
    from punchin.inpaint.checks import Planned
    from punchin.songfile import SongFile

Shared = frozenset[tuple[Frames, ...]]
"""Regions that shared passes, as receipts have them."""


def shared_passes(
    planned: Sequence[Planned], engine: Engine, source: SongFile, wanted: Shared | None = None
) -> list[list[Planned]]:
    """The regions pass by pass, in the order of the song.

    Args:
        planned: sorted.
        engine: ready to say what it wants to hear.
        source: the song.
        wanted: the regions that share passes, as a receipt has them; None decides by the rule above.
    """
    if not isinstance(engine, NearRegionsEngine):
        return [[one] for one in planned]
    groups: list[list[Planned]] = []
    for one in planned:
        joined = _joined(groups[-1], one, engine, source, wanted) if groups else None
        if joined:
            groups[-1] = joined
        else:
            groups.append([one])
    return groups


def _joined(
    group: list[Planned],
    one: Planned,
    engine: NearRegionsEngine,
    source: SongFile,
    wanted: Shared | None,
) -> list[Planned] | None:
    """The group with one more region, all with one seed; None if that does not go."""
    last = group[-1]
    if _wishes(last.edit) != _wishes(one.edit) or not (one.drawn or last.drawn or one.seed == last.seed):
        return None
    if wanted is None:
        heard = [engine.window(each.hole, source.frames, source.rate_hz, each.edit) for each in (last, one)]
        if not heard[0].overlaps(heard[1]):
            return None
    elif not any(last.region in together and one.region in together for together in wanted):
        return None
    seeding = one if last.drawn and not one.drawn else last
    together = [_seeded(each, seeding) for each in (*group, one)]
    holes, edits = [each.hole for each in together], [each.edit for each in together]
    window = engine.window_together(holes, source.frames, source.rate_hz, edits)
    return together if window else None


def _seeded(one: Planned, seeding: Planned) -> Planned:
    return replace(one, edit=replace(one.edit, seed=seeding.seed), drawn=seeding.drawn)


def _wishes(edit: Edit) -> tuple[object, ...]:
    return edit.tags, edit.lyrics, edit.variance, dict(edit.parameters)

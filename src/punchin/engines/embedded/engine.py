"""The embedded engine: what it listens to, and the stages that fill a hole."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import EngineSpec, Filling, Progress, Unused
from punchin.engines.embedded.analysis import analyse
from punchin.engines.embedded.gap import LONGEST_S as LONGEST_GAP_S
from punchin.engines.embedded.gap import is_gap, repair
from punchin.engines.embedded.material import Heard
from punchin.engines.embedded.production import part_of
from punchin.engines.embedded.rearranging import rearrange, understand
from punchin.engines.embedded.synthesis import Player
from punchin.song import Song

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.edits import Edit
    from punchin.region import Frames

LISTEN_S = 90.0
"""How much music is heard on each side of a hole; what one side lacks the other makes up."""

LISTEN_TO_GAP_S = 1.0
"""The same for a gap that is only repaired."""

LONGEST_S = 600.0
"""Longest hole: the window, and with it the memory, must stay bounded."""

NOTHING_TO_TAKE_FROM = "there is no music outside the region to take from: the original was kept"


class EmbeddedEngine:
    """Fills a hole with the song's own music from elsewhere, and plays on it what the tags ask for."""

    spec = EngineSpec(
        name="embedded",
        version="4",
        summary=(
            "Rearranges the song's own bars and plays what the tags ask for, on its beat and chords: "
            "seconds on a CPU, no weights, no network."
        ),
        longest_s=LONGEST_S,
        honours=frozenset({"tags", "lyrics", "variance", "language"}),
    )

    def __init__(self) -> None:
        self._player = Player()

    def load(self) -> None:
        """Nothing to load."""

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:  # noqa: ARG002
        """Ninety seconds on each side of the hole, more where the other side has less; 1 s for a gap."""
        if is_gap(hole, rate_hz):
            return hole.widen(round(LISTEN_TO_GAP_S * rate_hz), round(LISTEN_TO_GAP_S * rate_hz), total)
        listen = round(LISTEN_S * rate_hz)
        lacking_before = max(0, listen - hole.start)
        lacking_after = max(0, listen - (total - hole.end))
        return hole.widen(listen + lacking_after, listen + lacking_before, total)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """Repair a gap, or lay a bed of the song's own bars."""
        return self.fill_takes(window, hole, [edit], progress)[0]

    def fill_takes(
        self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
    ) -> list[Filling]:
        """Listen once, then fill once for each edit."""
        progress("listen", 0.0)
        window = _finite(window)
        if is_gap(hole, window.rate_hz):
            return [_repaired(window, hole, edit, progress) for edit in edits]
        for edit in edits:
            understand(edit, window)  # refuses tags that mean nothing before the slow part
        heard = Heard.of(window, hole, analyse(window, part_of(progress, 0.0, 0.5)))
        width = 0.5 / len(edits)
        try:
            return [
                rearrange(heard, edit, self._player, part_of(progress, 0.5 + take * width, width))
                for take, edit in enumerate(edits)
            ]
        finally:
            # What follows in the core needs memory, and the next edit may play other instruments.
            self._player.rest()


def _finite(window: Song) -> Song:
    """The window with zeros for what is not a number; the very same one, not a copy, where all are."""
    if np.isfinite(window.samples.sum(dtype=np.float64)):
        return window
    return Song(np.nan_to_num(window.samples, nan=0.0, posinf=0.0, neginf=0.0), window.rate_hz)


def _repaired(window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
    """A gap: predicted from both sides; nothing that was asked for can be heard in it."""
    progress("repair", 0.1)
    repaired = repair(window, hole)
    progress("repair", 1.0)
    why = f"a region under {LONGEST_GAP_S:g} s is repaired, not recorded anew"
    unused = [Unused(f"tag {tag!r}", why) for tag in edit.tags]
    if edit.lyrics.strip():
        unused.append(Unused("lyrics", why))
    if edit.variance is not None:
        unused.append(Unused("variance", why))
    unused.append(Unused("seed", why))
    length_ms = 1000 * len(hole) / window.rate_hz
    note = f"the region is only {length_ms:.0f} ms long: it was repaired from both sides, not recorded anew"
    return Filling(
        song=repaired or window.cut(hole),
        unused=tuple(unused),
        warnings=(note if repaired else NOTHING_TO_TAKE_FROM,),
        details={"method": "repair" if repaired else "original"},
        continues=repaired is not None,
    )

"""Steps 2 to 6: from an edit to a candidate patch, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import Filling, TakesEngine
from punchin.inpaint.checks import check_filling, not_honoured, take_seed
from punchin.join import Joined, JoinSettings, join
from punchin.region import Frames
from punchin.resample import conform, return_to
from punchin.seam import measure
from punchin.song import Song
from punchin.splice import Patch
from punchin.take import Candidate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engine import Engine, Progress
    from punchin.inpaint.checks import Planned
    from punchin.inpaint.stages import Stages
    from punchin.songfile import SongFile

RESAMPLER_EDGE_S = 0.05
"""Sound on both sides of the hole that goes through the resampler with it, so that its edges do not ring."""


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """The song around one hole, as the file has it and as the engine hears it.

    Attributes:
        song: the window in the song's own rate and channels.
        hole: where the new sound goes, in frames of `song`.
        window: the same in the engine's rate and channels; samples that are not numbers are zero.
        window_hole: the hole in frames of `window`.
    """

    song: Song
    hole: Frames
    window: Song
    window_hole: Frames


def record(
    source: SongFile, planned: Planned, engine: Engine, takes: int, joins: JoinSettings, stages: Stages
) -> list[Candidate]:
    """Let the engine make `takes` candidates for one edit, joined to the song and measured.

    Raises:
        EngineFailed: if what it gives back is not sound of exactly the hole.
    """
    with stages.stage("cut"):
        heard = _listen(source, planned, engine)
    edits = [replace(planned.edit, seed=take_seed(planned.edit.seed or 0, take)) for take in range(takes)]
    candidates: list[Candidate] = []
    for edit, filling in zip(edits, _fillings(heard, engine, edits, stages), strict=True):
        check_filling(filling, heard.window, heard.window_hole, engine.spec)
        with stages.stage("join"):
            candidates.append(_candidate(source, replace(planned, edit=edit), heard, filling, engine, joins))
        stages.next_round()
    return candidates


def _listen(source: SongFile, planned: Planned, engine: Engine) -> _Heard:
    """Steps 2 and 3: cut the window from the file and conform it to the engine."""
    wanted = engine.window(planned.hole, source.frames, source.rate_hz, planned.edit)
    if planned.hole not in wanted or wanted.end > source.frames:
        raise EngineFailed(f"engine {engine.spec.name!r} asks to hear {wanted} for the hole {planned.hole}")
    song = source.read(wanted)
    hole = planned.hole.within(wanted)
    clean = Song(np.nan_to_num(song.samples, nan=0.0, posinf=0.0, neginf=0.0), song.rate_hz)
    window = conform(clean, engine.spec.rate_hz, engine.spec.channels)
    scale = Fraction(window.rate_hz, song.rate_hz)
    window_hole = Frames(round(hole.start * scale), min(window.frames, round(hole.end * scale)))
    return _Heard(song, hole, window, window_hole)


def _fillings(heard: _Heard, engine: Engine, edits: Sequence[Edit], stages: Stages) -> Iterator[Filling]:
    """Step 4: one filling for each edit, all at once where the engine can."""
    if len(edits) > 1 and isinstance(engine, TakesEngine):
        with stages.stage("fill") as report:
            fillings = engine.fill_takes(heard.window, heard.window_hole, edits, report)
        yield from fillings
        return
    for edit in edits:
        with stages.stage("fill") as report:
            filling = engine.fill(heard.window, heard.window_hole, edit, report)
        yield filling


def _returned(heard: _Heard, filling: Filling) -> Song:
    """Step 5: the new sound of exactly the hole, in the song's rate and channels."""
    if filling.song.rate_hz == heard.song.rate_hz and filling.song.channels == heard.song.channels:
        return filling.song
    samples = heard.window.samples.copy()
    samples[:, heard.window_hole.start : heard.window_hole.end] = filling.song.samples
    edge = round(RESAMPLER_EDGE_S * heard.song.rate_hz)
    around = heard.hole.widen(edge, edge, heard.song.frames)
    scale = Fraction(heard.window.rate_hz, heard.song.rate_hz)
    part = Frames(round(around.start * scale), min(heard.window.frames, round(around.end * scale)))
    played = Song(samples, heard.window.rate_hz).cut(part)
    returned = return_to(played, heard.song.rate_hz, heard.song.channels, len(around))
    return returned.cut(heard.hole.within(around))

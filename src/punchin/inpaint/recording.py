"""Steps 2 to 6: from an edit to joined candidates, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import Filling, TakesEngine
from punchin.errors import EngineFailed
from punchin.inpaint.checks import check_filling, not_honoured, take_seed
from punchin.join import JoinSettings, join
from punchin.region import Frames
from punchin.resample import conform, return_part
from punchin.seam import measure
from punchin.song import Song
from punchin.splice import Patch
from punchin.take import Candidate

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punchin.edits import Edit
    from punchin.engine import Engine
    from punchin.inpaint.checks import Planned
    from punchin.inpaint.stages import Stages
    from punchin.songfile import Native, SongFile

LISTEN_S = 15.0
"""How much of the song on each side joins and seam measures hear, at least."""
CONTINUING_FADE_S = 0.001
"""Crossfade of sound that continues the song by itself (`Filling.continues`)."""


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """The song around one hole, as the file has it and as the engine hears it.

    Attributes:
        song: what joins and measures hear, in the song's own rate and channels; not-a-numbers are zero.
        hole: where the new sound goes, in frames of `song`.
        original: the hole's samples as the file has them, `[C, len(hole)]`.
        listened: the part of `song` that the engine hears, in frames of `song`.
        window: the same at the engine's rate and channels.
        window_hole: the hole in frames of `window`.
    """

    song: Song
    hole: Frames
    original: Native
    listened: Frames
    window: Song
    window_hole: Frames

    def returned(self, filling: Filling) -> Song:
        """Step 5: the new sound of exactly the hole, in the song's rate and channels."""
        new = filling.song
        if (new.rate_hz, new.channels) == (self.song.rate_hz, self.song.channels):
            return new
        played = self.window.samples.copy()
        played[:, self.window_hole.start : self.window_hole.end] = new.samples
        return return_part(
            Song(played, new.rate_hz), self.hole.within(self.listened), self.song.cut(self.listened)
        )


def record(
    source: SongFile, planned: Planned, engine: Engine, takes: int, joins: JoinSettings, stages: Stages
) -> list[Candidate]:
    """Let the engine make `takes` candidates for one edit, joined to the song and measured.

    Raises:
        EngineFailed: if what it gives back is not sound of exactly the hole.
    """
    with stages.stage("cut"):
        heard = _listen(source, planned, engine)
    edits = [replace(planned.edit, seed=take_seed(planned.seed, take)) for take in range(takes)]
    candidates: list[Candidate] = []
    for edit, filling in zip(edits, _fillings(heard, engine, edits, stages), strict=True):
        check_filling(filling, heard.window, heard.window_hole, engine.spec)
        with stages.stage("join"):
            candidates.append(_candidate(source, replace(planned, edit=edit), heard, filling, engine, joins))
        stages.next_round()
    return candidates


def _listen(source: SongFile, planned: Planned, engine: Engine) -> _Heard:
    """Steps 2 and 3: cut the window from the file and conform it to the engine."""
    hole, spec = planned.hole, engine.spec
    wanted = engine.window(hole, source.frames, source.rate_hz, planned.edit)
    if hole not in wanted or wanted.end > source.frames:
        raise EngineFailed(f"engine {spec.name!r} asks to hear {wanted} for the hole {hole}")
    listen = round(LISTEN_S * source.rate_hz)
    around = hole.widen(listen, listen, source.frames)
    whole = Frames(min(around.start, wanted.start), max(around.end, wanted.end))
    song = source.read(whole)
    clean = Song(np.nan_to_num(song.samples, nan=0.0, posinf=0.0, neginf=0.0), song.rate_hz)
    listened = wanted.within(whole)
    window = conform(clean.cut(listened), spec.rate_hz, spec.channels)
    scale = Fraction(window.rate_hz, song.rate_hz)
    inside = hole.within(wanted)
    end = min(window.frames, round(inside.end * scale))
    return _Heard(
        song=clean,
        hole=hole.within(whole),
        original=source.read_native(hole),
        listened=listened,
        window=window,
        # At least one frame, whatever the rates.
        window_hole=Frames(min(round(inside.start * scale), end - 1), end),
    )


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


def _continuing(joins: JoinSettings) -> JoinSettings:
    """How sound is joined that continues the song by itself: nothing is matched, and hardly faded."""
    fades = {
        "fade_in_s": min(joins.fade_in_s, CONTINUING_FADE_S),
        "fade_out_s": min(joins.fade_out_s, CONTINUING_FADE_S),
    }
    return replace(joins, **fades, search_s=0.0, align_s=0.0, match_level=False, match_tone=0.0)


def _candidate(
    source: SongFile, planned: Planned, heard: _Heard, filling: Filling, engine: Engine, joins: JoinSettings
) -> Candidate:
    """Steps 5 and 6: return the new sound to the song, join it, measure the seams."""
    joined = join(
        heard.song,
        heard.hole,
        heard.returned(filling),
        heard.original,
        source.sample_format,
        _continuing(joins) if filling.continues else joins,
        seed=planned.seed,
        at_song_start=planned.hole.start == 0,
        at_song_end=planned.hole.end == source.frames,
    )
    after = heard.song.samples.copy()
    after[:, heard.hole.start : heard.hole.end] = source.sample_format.to_float(joined.samples)
    seams = measure(heard.song, heard.hole, Song(after, source.rate_hz), joined.fade_in, joined.fade_out)
    unused = (*not_honoured(planned.edit, engine.spec), *filling.unused)
    return Candidate(
        edit=planned.edit,
        region=planned.region,
        patch=Patch(planned.hole, joined.samples),
        filling=replace(filling, unused=unused),
        joined=joined,
        seams=seams,
    )

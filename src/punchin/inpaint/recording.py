"""Steps 2 to 6: from an edit to joined candidates, without writing anything."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import Filling, NearRegionsEngine, TakesEngine
from punchin.errors import EngineFailed
from punchin.inpaint.checks import LOUDEST, check_filling, not_honoured, take_seed
from punchin.join import JoinSettings, join
from punchin.region import Frames, Mark, Region
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
    from punchin.song import Samples
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
    source: SongFile,
    together: Sequence[Planned],
    engine: Engine,
    takes: int,
    joins: JoinSettings,
    stages: Stages,
) -> list[list[Candidate]]:
    """Let the engine make `takes` candidates for regions that share a pass, joined to the song and measured.

    Args:
        source: the song.
        together: the regions, sorted, with one seed; mostly one region, see `sharing`.
        engine: loaded.
        takes: how many candidates for each.
        joins: how they are joined.
        stages: progress and times.

    Returns:
        For each region its candidates, in order of their seeds.

    Raises:
        EngineFailed: if what it gives back is not sound of exactly the hole.
    """
    with stages.stage("cut"):
        heard = _listen(source, together, engine)
    seeds = [take_seed(together[0].seed, take) for take in range(takes)]
    shared = tuple(one.region for one in together) if len(together) > 1 else ()
    candidates: list[list[Candidate]] = [[] for _ in together]
    for seed, fillings in zip(seeds, _fillings(heard, together, engine, seeds, stages), strict=True):
        for one, place, filling, made in zip(together, heard, fillings, candidates, strict=True):
            check_filling(filling, place.window, place.window_hole, engine.spec)
            taken = replace(one, edit=replace(one.edit, seed=seed))
            with stages.stage("join"):
                made.append(_candidate(source, taken, place, filling, engine, joins, shared))
            stages.next_round()
    return candidates


def _listen(source: SongFile, together: Sequence[Planned], engine: Engine) -> list[_Heard]:
    """Steps 2 and 3: cut the window from the file and conform it to the engine; for each hole its place."""
    spec, holes = engine.spec, [one.hole for one in together]
    wanted = _wanted(source, together, engine)
    for hole in holes:
        if hole not in wanted or wanted.end > source.frames:
            raise EngineFailed(f"engine {spec.name!r} asks to hear {wanted} for the hole {hole}")
    listen = round(LISTEN_S * source.rate_hz)
    around = Frames(holes[0].start, holes[-1].end).widen(listen, listen, source.frames)
    whole = Frames(min(around.start, wanted.start), max(around.end, wanted.end))
    song = source.read(whole)
    clean = Song(_audible(song.samples), song.rate_hz)
    listened = wanted.within(whole)
    window = conform(clean.cut(listened), spec.rate_hz, spec.channels)
    return [
        _Heard(
            song=clean,
            hole=hole.within(whole),
            original=source.read_native(hole),
            listened=listened,
            window=window,
            window_hole=_scaled(hole.within(wanted), Fraction(window.rate_hz, song.rate_hz), window.frames),
        )
        for hole in holes
    ]


def _audible(samples: Samples) -> Samples:
    """The samples as engines and measures may hear them: numbers, none so large that its square is none.

    What is written outside the region is the file's own all the same.
    """
    # A comparison with NaN is false.
    if samples.min(initial=0.0) >= -LOUDEST and samples.max(initial=0.0) <= LOUDEST:
        return samples
    finite = np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
    return np.clip(finite, -LOUDEST, LOUDEST, out=finite)


def _wanted(source: SongFile, together: Sequence[Planned], engine: Engine) -> Frames:
    total, rate_hz = source.frames, source.rate_hz
    if len(together) == 1 or not isinstance(engine, NearRegionsEngine):
        return engine.window(together[0].hole, total, rate_hz, together[0].edit)
    wanted = engine.window_together(
        [one.hole for one in together], total, rate_hz, [one.edit for one in together]
    )
    if wanted is None:
        raise EngineFailed(f"engine {engine.spec.name!r} first agreed to fill regions together, then not")
    return wanted


def _scaled(hole: Frames, scale: Fraction, most: int) -> Frames:
    """The hole at the engine's rate; at least one frame, whatever the rates."""
    end = max(1, min(most, round(hole.end * scale)))
    return Frames(min(round(hole.start * scale), end - 1), end)


def _fillings(
    heard: Sequence[_Heard],
    together: Sequence[Planned],
    engine: Engine,
    seeds: Sequence[int],
    stages: Stages,
) -> Iterator[Sequence[Filling]]:
    """Step 4: for each seed one filling of each hole, all at once where the engine can."""
    window, holes = heard[0].window, [place.window_hole for place in heard]
    edits = [replace(_placed(together[0], heard[0].song.rate_hz), seed=seed) for seed in seeds]
    if len(together) > 1 and isinstance(engine, NearRegionsEngine):
        with stages.stage("fill", len(seeds) * len(together)) as report:
            shared = engine.fill_together(window, holes, edits, report)
        if [len(fillings) for fillings in shared] != [len(holes)] * len(edits):
            raise EngineFailed(
                f"engine {engine.spec.name!r} was asked for {len(edits)} x {len(holes)} fillings and gave "
                f"{[len(fillings) for fillings in shared]}"
            )
        yield from shared
    elif len(seeds) > 1 and isinstance(engine, TakesEngine):
        with stages.stage("fill", len(seeds)) as report:
            fillings = engine.fill_takes(window, holes[0], edits, report)
        yield from ([filling] for filling in fillings)
    else:
        for edit in edits:
            with stages.stage("fill") as report:
                filling = engine.fill(window, holes[0], edit, report)
            yield [filling]


def _placed(one: Planned, rate_hz: int) -> Edit:
    """The edit as the engine gets it: its place in seconds from the start, however it was written.

    A replay writes places in samples; times in lyrics must mean the same to the engine then.
    """
    start, end = (Mark(Fraction(frame, rate_hz)) for frame in (one.region.start, one.region.end))
    return replace(one.edit, region=Region(start, end))


def _continuing(joins: JoinSettings) -> JoinSettings:
    """How sound is joined that continues the song by itself: nothing is matched, and hardly faded."""
    fades = {
        "fade_in_s": min(joins.fade_in_s, CONTINUING_FADE_S),
        "fade_out_s": min(joins.fade_out_s, CONTINUING_FADE_S),
    }
    return replace(joins, **fades, search_s=0.0, align_s=0.0, match_level=False, match_tone=0.0)


def _candidate(
    source: SongFile,
    planned: Planned,
    heard: _Heard,
    filling: Filling,
    engine: Engine,
    joins: JoinSettings,
    shared: tuple[Frames, ...],
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
    # An engine may hear minutes; a second copy of them all would only cost memory.
    listen = round(LISTEN_S * source.rate_hz)
    near = heard.hole.widen(listen, listen, heard.song.frames)
    before, hole = heard.song.cut(near), heard.hole.within(near)
    after = before.samples.copy()
    after[:, hole.start : hole.end] = source.sample_format.to_float(joined.samples)
    # An empty crossfade, a hard cut, is one too.
    fades = [None if fade is None else fade.within(near) for fade in (joined.fade_in, joined.fade_out)]
    seams = measure(before, hole, Song(after, source.rate_hz), *fades)
    unused = (*not_honoured(planned.edit, engine.spec), *filling.unused)
    return Candidate(
        edit=planned.edit,
        region=planned.region,
        patch=Patch(planned.hole, joined.samples),
        filling=replace(filling, unused=unused),
        joined=joined,
        seams=seams,
        shared=shared,
    )

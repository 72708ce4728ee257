"""One take of a region: the stages of the engine, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.engine import Filling, Unused
from punchin.engines.embedded.arrangement import USUAL_VARIANCE, Ground, arrange, lay_ground
from punchin.engines.embedded.arrangement.ground import STEADY
from punchin.engines.embedded.bed import lay_bed
from punchin.engines.embedded.effects import Pulse
from punchin.engines.embedded.mix import Moments, back_to, finish, listen_around, mix, to_stereo
from punchin.engines.embedded.singing import lines_of
from punchin.engines.embedded.tags import Circumstances, Style, parse_tags

if TYPE_CHECKING:
    from punchin.edits import Edit
    from punchin.engine import Progress
    from punchin.engines.embedded.analysis import Analysis
    from punchin.engines.embedded.bed import Bed
    from punchin.engines.embedded.mix import Surroundings
    from punchin.engines.embedded.score import Score
    from punchin.engines.embedded.synthesis import Player
    from punchin.engines.embedded.tags import ParsedTags
    from punchin.region import Frames
    from punchin.song import Song

USUAL_BED_VARIANCE = 0.3
"""How freely donors are chosen where nobody says."""

NOT_SUNG = "this engine does not sing yet"
SILENCE = "the song is silent here: there is no music to follow"
NO_DRUMS = (
    "no steady beat was found: no drums are played; ask for them by name, as in 'drums', to have them anyway"
)


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

    def ground(self, bed: Bed) -> Ground:
        """What an arrangement stands on: the grid of the hole, the chords of its donors."""
        rate_hz = self.window.rate_hz
        return lay_ground(self.analysis, self.hole.start / rate_hz, self.hole.end / rate_hz, bed.donors)


def understand(edit: Edit, window: Song, analysis: Analysis | None = None) -> ParsedTags:
    """What the tags of an edit mean for this song; before the analysis a steady beat is taken for granted.

    Raises:
        EditError: if there are tags and none of them is known.
    """
    steady = analysis is None or _is_steady(analysis)
    return parse_tags(edit.tags, Circumstances(words=False, stereo=window.channels > 1, beat=steady))


def rearrange(heard: Heard, edit: Edit, player: Player, progress: Progress) -> Filling:
    """Fill a hole: lay the bed, and if there are tags, play on it and mix both.

    Raises:
        EditError: if there are tags and none of them is known.
    """
    parsed = understand(edit, heard.window, heard.analysis)
    plain = parsed.style == Style()
    bed = lay_bed(
        heard.window,
        heard.hole,
        heard.analysis,
        seed=edit.seed or 0,
        variance=USUAL_BED_VARIANCE if edit.variance is None else edit.variance,
        progress=part_of(progress, 0.0, 1.0 if plain else 0.2),
    )
    unused = (*parsed.unused, *parsed.unknown, *(Unused(line, NOT_SUNG) for line in lines_of(edit.lyrics)))
    details = _heard_details(heard, bed)
    if plain:
        progress("done", 1.0)
        return Filling(song=bed.song, unused=unused, warnings=bed.warnings, details=details)
    if heard.surroundings.silent:
        progress("done", 1.0)
        nothing = (*(Unused(tag, SILENCE) for tag in parsed.used), *unused)
        return Filling(song=bed.song, unused=nothing, warnings=(*bed.warnings, SILENCE), details=details)
    produced = _produce(heard, bed, parsed.style, edit, player, part_of(progress, 0.2, 0.8))
    progress("done", 1.0)
    return Filling(
        song=produced.song,
        tags_used=parsed.used,
        unused=unused,
        warnings=(*bed.warnings, *_warnings(parsed.style, produced.score)),
        details={**details, **_style_details(parsed.style, produced)},
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Produced:
    """New sound of exactly the hole, and what was played in it."""

    song: Song
    score: Score
    ground: Ground


def _produce(
    heard: Heard, bed: Bed, style: Style, edit: Edit, player: Player, progress: Progress
) -> _Produced:
    """Arrange, play, mix, and bring to the level of the song."""
    seed = edit.seed or 0
    ground = heard.ground(bed)
    variance = USUAL_VARIANCE if edit.variance is None else edit.variance
    score = arrange(style, ground, seed=seed, variance=variance)
    progress("arrange", 0.05)
    stereo = to_stereo(bed.song)
    # Frames of the mix, not of the song, say how long it is: at another rate the two differ by a hair.
    score = replace(score, duration_s=stereo.duration_s)
    stems = player.play(score, stereo.rate_hz, seed=seed, progress=part_of(progress, 0.05, 0.45))
    mixed = mix(
        stereo.samples,
        stems,
        stereo.rate_hz,
        style,
        _moments(ground, score),
        song_lufs=heard.surroundings.song_lufs,
        seed=seed,
        progress=part_of(progress, 0.5, 0.4),
    )
    song = finish(
        back_to(mixed, stereo.rate_hz, bed.song),
        heard.surroundings,
        energy=style.energy,
        rises="build" in style.effects,
        falls="fade" in style.effects,
    )
    return _Produced(song, score, ground)


def _moments(ground: Ground, score: Score) -> Moments:
    """Beats and kicks for the effects that follow them."""
    downbeats = np.flatnonzero(ground.positions == 0)
    pulse = Pulse(
        tuple(map(float, ground.beats_s)), ground.beats_per_bar, int(downbeats[0]) if downbeats.size else 0
    )
    kicks = tuple(hit.start_s for hit in score.hits if hit.voice == "kick")
    return Moments(pulse, kicks or pulse.beats_s)


def _is_steady(analysis: Analysis) -> bool:
    return analysis.grid.confidence >= STEADY


def part_of(progress: Progress, start: float, width: float) -> Progress:
    """A progress that fills `width` of the whole, from `start` on."""

    def report(stage: str, fraction: float) -> None:
        progress(stage, min(1.0, start + width * fraction))

    return report


def _warnings(style: Style, score: Score) -> tuple[str, ...]:
    return (NO_DRUMS,) if (style.groove or style.percussion) and not score.hits else ()


def _heard_details(heard: Heard, bed: Bed) -> dict[str, Any]:
    """What was found and done, for the receipt. All times are seconds from the start of the hole."""
    grid, harmony = heard.analysis.grid, heard.analysis.harmony
    rate_hz, start = heard.window.rate_hz, heard.hole.start
    return {
        "method": "rearrange",
        "tempo_bpm": round(grid.tempo_bpm, 2),
        "tempo_confidence": round(grid.confidence, 3),
        "beats_per_bar": grid.beats_per_bar,
        "bar_confidence": round(grid.downbeat_confidence, 3),
        "key": str(harmony.key),
        "key_confidence": round(harmony.key_confidence, 3),
        "musicality": round(heard.analysis.musicality, 3),
        "donors": [
            [
                round((piece.target.start - start) / rate_hz, 3),
                round((piece.source - start) / rate_hz, 3),
                round(len(piece.target) / rate_hz, 3),
            ]
            for piece in bed.pieces
        ],
    }


def _style_details(style: Style, produced: _Produced) -> dict[str, Any]:
    """What the tags decided and what was played."""
    ground, score = produced.ground, produced.score
    return {
        "groove": style.groove if score.hits else None,
        "kit": score.kit if score.hits else None,
        "swing": style.swing,
        "bass": style.bass.instrument if style.bass else None,
        "instruments": [track.instrument for track in score.tracks if track.role != "bass"],
        "effects": [*style.effects, *style.textures, *style.transitions],
        "notes": sum(len(track.notes) for track in score.tracks),
        "strokes": len(score.hits),
        "chords": [
            [round(max(0.0, float(ground.beats_s[k])), 3), str(chord), round(float(ground.confidences[k]), 2)]
            for k, chord in enumerate(ground.chords)
            if (k == 0 or chord != ground.chords[k - 1]) and ground.beats_s[k] < ground.duration_s
        ],
    }

"""From a bed to a record: arrange, play, sing, mix, bring to the level of the song."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.engines.embedded.arrangement import USUAL_VARIANCE, Ground, arrange
from punchin.engines.embedded.effects import Pulse
from punchin.engines.embedded.mix import LEAD_IN_S, Moments, back_to, finish, mix, to_stereo, without_centre

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.edits import Edit
    from punchin.engine import Progress, Unused
    from punchin.engines.embedded.bed import Bed
    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.material import Heard, Wish
    from punchin.engines.embedded.score import Score
    from punchin.engines.embedded.synthesis import Player, Stem
    from punchin.engines.embedded.tags import Style
    from punchin.engines.embedded.voice import Sung
    from punchin.song import Song

BEHIND_VOICE_DB = -2.5
"""How much softer the song's own tones are where words are sung over them."""

NO_DRUMS = (
    "no steady beat was found: no drums are played; ask for them by name, as in 'drums', to have them anyway"
)
OLD_VOICE_SOFTER = "vocals that the song has in the region were made softer; they cannot be removed"
OLD_VOICE_STAYS = (
    "vocals that the song has in the region stay: both sides are alike, nothing tells them from the band"
)


def part_of(progress: Progress, start: float, width: float) -> Progress:
    """A progress that fills `width` of the whole, from `start` on."""

    def report(stage: str, fraction: float) -> None:
        progress(stage, min(1.0, start + width * fraction))

    return report


@dataclass(frozen=True, slots=True, eq=False)
class Produced:
    """New sound of exactly the hole, and what is to be said of it.

    Attributes:
        song: the sound.
        lyrics_used: lines that are sung.
        unused: lines that are not, each with the reason.
        warnings: sentences for the person.
        details: for the receipt.
    """

    song: Song
    lyrics_used: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    warnings: tuple[str, ...] = ()
    details: dict[str, Any] = field(default_factory=dict[str, Any])


class Production:
    """One take on its way through the studio."""

    def __init__(self, heard: Heard, bed: Bed, wish: Wish, edit: Edit, progress: Progress) -> None:
        self._heard = heard
        self._bed = bed
        self._wish = wish
        self._edit = edit
        self._progress = progress
        self._seed = edit.seed or 0
        self._warnings: list[str] = []

    def made(self, player: Player) -> Produced:
        """Everything in its order."""
        style, bed = self._wish.tags.style, self._bed.song
        ground = self._heard.ground(self._bed)
        stereo = to_stereo(bed)
        score = self._score(style, ground, stereo.duration_s)
        stems = self._played(score, player, stereo.rate_hz)
        sung = self._sung(style, ground, stereo.rate_hz)
        if sung and sung.sung:
            style = replace(style, harmonic_db=style.harmonic_db + BEHIND_VOICE_DB)
        lead_in = to_stereo(self._heard.before(LEAD_IN_S)).samples
        mixed = mix(
            self._without_old_voice(stereo, sung),
            lead_in,
            stems,
            stereo.rate_hz,
            style,
            _moments(ground, score),
            voice=_voice_of(sung, stereo.frames),
            song_lufs=self._heard.surroundings.song_lufs,
            seed=self._seed,
            progress=part_of(self._progress, 0.15, 0.8),
        )
        song = finish(
            back_to(mixed, stereo.rate_hz, bed),
            self._heard.surroundings,
            energy=style.energy,
            rises="build" in style.effects,
            falls="fade" in style.effects,
        )
        return Produced(
            song,
            lyrics_used=sung.sung if sung else (),
            unused=sung.dropped if sung else (),
            warnings=(*self._warnings, *(sung.warnings if sung else ())),
            details=_details(style, score, ground)
            | ({"language": sung.language} if sung and sung.sung else {}),
        )

    def _score(self, style: Style, ground: Ground, duration_s: float) -> Score:
        variance = USUAL_VARIANCE if self._edit.variance is None else self._edit.variance
        score = arrange(style, ground, seed=self._seed, variance=variance)
        if (style.groove or style.percussion) and not score.hits:
            self._warnings.append(NO_DRUMS)
        self._progress("arrange", 0.05)
        # Frames of the mix, not of the song, say how long it is: at another rate the two differ by a hair.
        return replace(score, duration_s=duration_s)

    def _played(self, score: Score, player: Player, rate_hz: int) -> Iterator[Stem]:
        """Stem after stem, so that only one has to be in memory."""
        whole = max(1, len(score.tracks) + bool(score.hits))
        for number, stem in enumerate(player.stems(score, rate_hz, seed=self._seed)):
            self._progress("play", 0.32 + 0.2 * number / whole)
            yield stem

    def _sung(self, style: Style, ground: Ground, rate_hz: int) -> Sung | None:
        """The words with a voice; None where there are none."""
        if not self._edit.lyrics.strip() or self._edit.wants_instrumental:
            return None
        # Words are rare and what sings them is large: it is loaded when it is needed.
        from punchin.engines.embedded.voice import sing

        progress = part_of(self._progress, 0.05, 0.1)
        language = self._edit.parameters.get("language")
        return sing(
            self._edit.lyrics,
            style.vocals,
            ground,
            rate_hz,
            seed=self._seed,
            language=None if language is None else str(language),
            progress=progress,
        )

    def _without_old_voice(self, bed: Song, sung: Sung | None) -> Sound:
        """The bed, its old vocals softer if nobody or somebody else shall sing."""
        if not (self._wish.no_vocals or (sung and sung.sung)):
            return bed.samples
        softer = without_centre(bed.samples, bed.rate_hz)
        self._warnings.append(OLD_VOICE_STAYS if softer is None else OLD_VOICE_SOFTER)
        return bed.samples if softer is None else softer


def _voice_of(sung: Sung | None, frames: int) -> Sound | None:
    """The voice as `[1 or 2, frames]`; None where nobody sings."""
    if sung is None or not sung.sung:
        return None
    voice = np.atleast_2d(sung.samples)[:, :frames]
    return np.pad(voice, ((0, 0), (0, frames - voice.shape[1])))


def _moments(ground: Ground, score: Score) -> Moments:
    """Beats and kicks for the effects that follow them."""
    downbeats = np.flatnonzero(ground.positions == 0)
    pulse = Pulse(
        tuple(map(float, ground.beats_s)), ground.beats_per_bar, int(downbeats[0]) if downbeats.size else 0
    )
    kicks = tuple(hit.start_s for hit in score.hits if hit.voice == "kick")
    return Moments(pulse, kicks or pulse.beats_s)


def _details(style: Style, score: Score, ground: Ground) -> dict[str, Any]:
    """What the tags decided and what was played. All times are seconds from the start of the hole."""
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

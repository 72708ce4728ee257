"""Plays a score: each track and the drums as a stereo stem of exactly the score's length."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import no_progress
from punchin.engines.embedded.synthesis.bank import Bank
from punchin.engines.embedded.synthesis.drummer import play_drums
from punchin.engines.embedded.synthesis.instruments import Instrument, instrument
from punchin.engines.embedded.synthesis.kits import kit
from punchin.engines.embedded.synthesis.voice import Sounding, Studio

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.engine import Progress
    from punchin.engines.embedded.score import Note, Score, Track
    from punchin.engines.embedded.synthesis.bank import Sound

END_FADE_S = 0.03
"""Over how long what still sounds at the end of a score goes to zero."""

MONO_RELEASE_S = 0.02
"""How long before the next note an instrument that plays one note at a time lets go of the one before."""


@dataclass(frozen=True, slots=True, eq=False)
class Stem:
    """The sound of one track, or of the drums.

    Attributes:
        samples: `[2, N]` float32; a medium velocity phrase is about -20 LUFS, before the track's gain.
        track: what was played; None for the drums.
    """

    samples: Sound
    track: Track | None

    @property
    def role(self) -> str:
        """The track's role, or "drums"."""
        return self.track.role if self.track else "drums"


class Player:
    """Plays scores. Opening it takes a moment, so make one and use it for every edit."""

    def __init__(self) -> None:
        self._bank = Bank()

    def rest(self) -> None:
        """Nothing is played for now: let go of the recordings that were decoded."""
        self._bank.rest()

    def play(
        self, score: Score, rate_hz: int, *, seed: int = 0, progress: Progress = no_progress
    ) -> tuple[Stem, ...]:
        """All stems of a score: one for each track that plays, in their order, then the drums, if any.

        Args:
            score: what to play.
            rate_hz: frames a second of the stems.
            seed: the same score, rate and seed give the same bits.
            progress: told after each stem.

        Raises:
            ValueError: if an instrument, kit or drum does not exist; names the nearest ones.
        """
        check(score)
        stems: list[Stem] = []
        whole = max(1, len(score.tracks) + bool(score.hits))
        for stem in self.stems(score, rate_hz, seed=seed):
            stems.append(stem)
            progress("play", min(1.0, len(stems) / whole))
        return tuple(stems)

    def stems(self, score: Score, rate_hz: int, *, seed: int = 0) -> Iterator[Stem]:
        """Like `play`, but one after the other, so that only one has to be in memory."""
        frames = round(score.duration_s * rate_hz)
        for number, track in enumerate(score.tracks):
            studio = Studio(rate_hz, self._bank, np.random.default_rng([seed, number]))
            samples = _play_track(track, instrument(track.instrument), frames, studio)
            yield Stem(_ended(samples, rate_hz), track)
        if score.hits:
            studio = Studio(rate_hz, self._bank, np.random.default_rng([seed, len(score.tracks)]))
            yield Stem(_ended(play_drums(score.hits, kit(score.kit), frames, studio), rate_hz), None)


def check(score: Score) -> None:
    """Refuse a score with names that do not exist, before anything is played.

    Raises:
        ValueError: names what is unknown and what is near it.
    """
    for track in score.tracks:
        instrument(track.instrument)
    if score.hits:
        kit(score.kit)


def _play_track(track: Track, played: Instrument, frames: int, studio: Studio) -> Sound:
    """One track, `[2, frames]`."""
    stem = np.zeros((2, frames), np.float32)
    trim = np.float32(10 ** (played.trim_db / 20))
    for note, sounding in _soundings(track.notes, mono=played.voice.mono, end_s=frames / studio.rate_hz):
        start = round(note.start_s * studio.rate_hz)
        if not 0 <= start < frames:
            continue
        sound = played.voice.play(sounding, studio)[:, : frames - start]
        stem[:, start : start + sound.shape[1]] += sound * trim
    return stem


def _soundings(notes: tuple[Note, ...], *, mono: bool, end_s: float) -> Iterator[tuple[Note, Sounding]]:
    """Each note as its voice plays it: with where it glides from, and let go in time.

    Glides start at the pitch of the latest note that began before, whether or not it still sounds.
    """
    starts = [note.start_s for note in notes]
    before: Note | None = None
    for number, note in enumerate(notes):
        duration_s = min(note.duration_s, end_s - note.start_s)
        if mono:
            following = next((s for s in starts[number + 1 :] if s > note.start_s), None)
            if following is not None:
                duration_s = min(duration_s, max(following - note.start_s - MONO_RELEASE_S, 0.01))
        slides = note.slide_s > 0 and before is not None and before.pitch != note.pitch
        yield (
            note,
            Sounding(
                pitch=note.pitch,
                duration_s=max(duration_s, 0.01),
                velocity=note.velocity,
                from_pitch=before.pitch if slides and before else note.pitch,
                slide_s=note.slide_s if slides else 0.0,
            ),
        )
        before = note


def _ended(stem: Sound, rate_hz: int) -> Sound:
    """The stem with a last sample of zero: what still rings fades out over `END_FADE_S`."""
    fade = min(stem.shape[1], round(END_FADE_S * rate_hz))
    if fade:
        x = (np.arange(fade, dtype=np.float32) + 1) / fade
        stem[:, -fade:] *= 0.5 + 0.5 * np.cos(np.float32(np.pi) * x)
    return stem

"""Joins new sound to a song: tone, level, phase, crossfades, limiter, and samples as the file keeps them.

Everything happens inside the hole. Where the weight of the new sound is exactly 0 the original samples are
handed back as they came, bit for bit, whatever their format.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.join.align import moved
from punchin.join.limit import ceiling, limiting_gain
from punchin.join.match import LevelMatch, match_level
from punchin.join.mixing import Mix, numbers
from punchin.join.placing import Ends, find_shift, find_weights
from punchin.join.tone import match_tone
from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.join.settings import JoinSettings
    from punchin.songfile import Native, SampleFormat

DITHER_STREAM = 0x6A6F696E
"""Keeps the dither's random numbers apart from an engine's that was given the same seed ("join")."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """New samples of exactly the hole, and what was done to them.

    Attributes:
        samples: `[C, len(hole)]` in the song's sample format.
        fade_in: where the crossfade from old to new lies, in frames of the window; before it the original
            stands. None where the hole begins with the song.
        fade_out: the crossfade back; None where the hole ends with the song.
        shift_frames: how much later (or earlier, if negative) the new sound was put to meet the old in phase.
        level: the gains that brought it to the level of the music beside it.
        tone_db: the largest gain of the equaliser; 0 if it was not needed.
        limited_db: by how much the limiter had to lower the new sound at most; 0 if it had nothing to do.
        alike_in, alike_out: correlation of old and new in the crossfades, 0..1, which chose their law.
    """

    samples: Native
    fade_in: Frames | None
    fade_out: Frames | None
    shift_frames: int
    level: LevelMatch
    tone_db: float
    limited_db: float
    alike_in: float
    alike_out: float


def join(
    window: Song,
    hole: Frames,
    new: Song,
    original: Native,
    fmt: SampleFormat,
    settings: JoinSettings,
    *,
    seed: int,
    at_song_start: bool,
    at_song_end: bool,
) -> Joined:
    """Make the samples that go into the hole.

    Args:
        window: the song around the hole with the original inside it, at its own rate and channels; some 15 s
            on both sides are listened to. Not-a-numbers count as silence.
        hole: where the new sound goes, in frames of `window`.
        new: the new sound of exactly the hole, same rate and channels; every sample a number.
        original: the hole's samples as the file has them, `[C, len(hole)]`.
        fmt: what `original` is kept in, and the answer will be.
        settings: lengths and limits.
        seed: of the dither; the same arguments give the same bits.
        at_song_start, at_song_end: the hole begins or ends with the song; there is no crossfade on that side.

    Raises:
        ValueError: if shapes or rates do not belong together.
    """
    _check(window, hole, new, original)
    heard = Song(numbers(window.samples), window.rate_hz)
    old = heard.cut(hole)
    ends = Ends(not at_song_start, not at_song_end, settings, window.rate_hz, len(hole))
    shift = find_shift(old, new, ends)
    sound = Song(moved(new.samples, shift), new.rate_hz)
    toned, tone_db = (
        match_tone(heard, hole, sound, settings.match_tone) if settings.match_tone else (sound.samples, 0.0)
    )
    sound = Song(toned.astype(new.samples.dtype, copy=False), new.rate_hz)
    level = LevelMatch(0.0, 0.0)
    if settings.match_level:
        level = match_level(heard, hole, sound, at_song_start=at_song_start, at_song_end=at_song_end)
    sound = Song(level.applied(sound.samples), new.rate_hz)
    weights = find_weights(old, sound, ends, shift)
    mix = Mix(sound.samples, original, fmt, weights)
    limited_db = 0.0
    if settings.limit:
        most = ceiling(heard.samples, fmt.full_scale, is_float=fmt.is_float)
        mix.gain, limited_db = limiting_gain(mix.parts, len(hole), window.rate_hz, most)
    dither = np.random.default_rng((DITHER_STREAM, seed)) if settings.dither else None
    punch_in, punch_out = weights.punch_in, weights.punch_out
    return Joined(
        samples=mix.native(dither),
        fade_in=None if at_song_start else Frames(hole.start + punch_in.start, hole.start + punch_in.end),
        fade_out=None if at_song_end else Frames(hole.start + punch_out.start, hole.start + punch_out.end),
        shift_frames=shift,
        level=level,
        tone_db=tone_db,
        limited_db=limited_db,
        alike_in=punch_in.alike,
        alike_out=punch_out.alike,
    )


def _check(window: Song, hole: Frames, new: Song, original: Native) -> None:
    shape = (window.channels, len(hole))
    if hole.end > window.frames:
        raise ValueError(f"the hole {hole} lies outside the window of {window.frames} frames")
    if new.rate_hz != window.rate_hz or new.samples.shape != shape or original.shape != shape:
        raise ValueError(
            f"new {new.samples.shape} at {new.rate_hz} Hz and original {original.shape} must be {shape} "
            f"at {window.rate_hz} Hz"
        )

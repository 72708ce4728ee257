"""Measures both seams of a punch-in against the song's own habits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.region import Frames
from punchin.seam import curves
from punchin.seam.curves import Places, Shape
from punchin.seam.difference import beat_lag_ms, switch_db
from punchin.seam.hearing import Ear, listen, two_channels
from punchin.seam.model import Edge, Reading, Seams
from punchin.seam.scoring import ABSOLUTE, RELATIVE, audible_in, score_of, word_for

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.seam.hearing import Heard
    from punchin.song import Samples, Song

CONTEXT_S = 8.0
"""How much of the song on each side of a seam says what is usual."""
MARGIN_S = 0.005
"""How much wider than its crossfade a seam is heard."""


def measure(
    window: Song, hole: Frames, joined: Song, fade_in: Frames | None, fade_out: Frames | None
) -> Seams:
    """Measure the seams of one new part.

    Args:
        window: the original around the hole, where the song has it 8 s or more on each side.
        hole: where the new part is, in frames of `window`.
        joined: the same window with the new part in it.
        fade_in: the crossfade at punch-in, in frames of `window`; empty for a hard cut; None if the new part
            begins with the song.
        fade_out: likewise at punch-out.

    Raises:
        ValueError: if the two songs are not of one shape and rate, or something lies outside the window.
    """
    if window.samples.shape != joined.samples.shape or window.rate_hz != joined.rate_hz:
        raise ValueError(
            f"window {window.samples.shape} at {window.rate_hz} Hz and joined {joined.samples.shape} "
            f"at {joined.rate_hz} Hz are not of one shape"
        )
    inside = Frames(0, window.frames)
    if any(part not in inside for part in (hole, fade_in, fade_out) if part is not None):
        raise ValueError(
            f"hole {hole} or its crossfades {fade_in}, {fade_out} lie outside {window.frames} frames"
        )
    punch_in = None if fade_in is None else _Seam(window, hole, joined, fade_in, into=True).edge()
    punch_out = None if fade_out is None else _Seam(window, hole, joined, fade_out, into=False).edge()
    score = min((edge.score for edge in (punch_in, punch_out) if edge), default=1.0)
    return Seams(word_for(score), score, punch_in, punch_out)


class _Seam:
    """One seam and the stretch of song around it.

    Attributes:
        old, new: the stretch, original and joined, `[<= 2, N]`.
        hole: the hole, in frames of the stretch.
        frames: the crossfade and a little more, in frames of the stretch.
        into: whether the new part comes after the seam (punch-in) or before it.
    """

    def __init__(self, window: Song, hole: Frames, joined: Song, fade: Frames, *, into: bool) -> None:
        around = round(CONTEXT_S * window.rate_hz)
        stretch = fade.widen(around, around, window.frames)
        self.rate_hz, self.into = window.rate_hz, into
        self.old, self.new = (two_channels(song.cut(stretch).samples) for song in (window, joined))
        margin = round(MARGIN_S * window.rate_hz)
        whole = Frames(max(hole.start, stretch.start), min(hole.end, stretch.end))
        self.hole = whole.within(stretch)
        self.frames = fade.widen(margin, margin, window.frames).within(stretch)

    def edge(self) -> Edge:
        """All readings of this seam, and what they come to."""
        ear = Ear.of(self.old, self.rate_hz)
        if self.old.shape[1] < 8 * ear.hop:
            self.old, self.new = (_lengthened(sound, 8 * ear.hop) for sound in (self.old, self.new))
        before = listen(ear, self.old)
        after = before.again(ear, self.new, self.hole)
        readings = self._against_the_song(before, after, ear)
        readings["switch"] = _absolute(
            "switch", switch_db(self.old, self.new, self.frames, self.rate_hz, into=self.into)
        )
        readings["beat_ms"] = _absolute("beat_ms", self._beat(before, after, ear))
        score, because = score_of({name: reading.audible for name, reading in readings.items()})
        return Edge(word=word_for(score), score=score, because=because, **readings)

    def _against_the_song(self, before: Heard, after: Heard, ear: Ear) -> dict[str, Reading]:
        """Readings that are ranked among the song's own at all places."""
        shape = Shape(len(self.frames), *self._sides())
        measures: dict[str, Callable[[Heard], Places]] = {
            "click": lambda heard: curves.click(heard, ear, shape),
            "dip": lambda heard: curves.dip(heard, ear, shape),
            "flux": lambda heard: curves.flux(heard, ear, shape),
            "level_short": lambda heard: curves.level(heard, ear, shape, curves.SHORT_S),
            "level_long": lambda heard: curves.level(heard, ear, shape, curves.LONG_S),
            "timbre": lambda heard: curves.timbre(heard, ear, shape),
            "high": lambda heard: curves.high(heard, ear, shape),
            "stereo": lambda heard: curves.stereo(heard, ear, shape),
            "dc": lambda heard: curves.dc(heard, ear, shape),
        }
        return {name: self._ranked(name, of(before), of(after)) for name, of in measures.items()}

    def _sides(self) -> tuple[int, int]:
        """How much sound of one kind there is before and after the seam: all outside, the hole inside."""
        if self.into:
            return self.frames.start, max(0, self.hole.end - self.frames.end)
        return max(0, self.frames.start - self.hole.start), self.old.shape[1] - self.frames.end

    def _ranked(self, name: str, original: Places, new: Places) -> Reading:
        value, own = new.at(self.frames.start), original.at(self.frames.start)
        if value is None or own is None:
            return Reading(None, None, None, 0.0)
        usual = np.abs(original.values)
        rank = float(np.mean(usual >= abs(value) - 1e-9))
        return Reading(
            _plain(value), _plain(own), round(rank, 4), audible_in(RELATIVE[name], value, own, usual)
        )

    def _beat(self, before: Heard, after: Heard, ear: Ear) -> float | None:
        """Lag of the new part's onsets against the original's in the same place."""
        first, last = self.hole.start // ear.hop + 1, self.hole.end // ear.hop - 2
        return beat_lag_ms(
            curves.onsets(before)[first:last], curves.onsets(after)[first:last], ear.hop / ear.rate_hz
        )


def _absolute(name: str, value: float | None) -> Reading:
    if value is None:
        return Reading(None, None, None, 0.0)
    return Reading(
        _plain(value), None, None, ABSOLUTE[name].audible(value if name == "switch" else abs(value))
    )


def _plain(value: float) -> float:
    """Three digits after the point: more would be noise in a receipt."""
    return round(value, 6) if abs(value) < 0.01 else round(value, 3)


def _lengthened(sound: Samples, frames: int) -> Samples:
    return np.pad(sound, ((0, 0), (0, max(0, frames - sound.shape[1]))))

"""Puts donors on the grid: runs stay runs, joined just before a beat, in phase, with short crossfades."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.bed.model import Beats, Piece
from punchin.region import Frames

if TYPE_CHECKING:
    from punchin.engines.embedded.analysis.model import BeatGrid
    from punchin.engines.embedded.bed.taste import Taste
    from punchin.song import Samples, Song

Floats = NDArray[np.float32]

STAY = 0.1
"""A join at the farthest shift must correlate by this much better than one that is not moved."""


@dataclass(frozen=True, slots=True, eq=False)
class Spliced:
    """The joined donors: sound `[C, len(hole)]` float32 and where each stretch came from."""

    samples: Floats
    pieces: tuple[Piece, ...]


def splice(
    window: Song, hole: Frames, grid: BeatGrid, beats: Beats, donors: tuple[int, ...], taste: Taste
) -> Spliced:
    """Play the donors in the hole.

    Args:
        window: the song around the hole, the original inside it.
        hole: where in `window`.
        grid: beats and bars of the window.
        beats: the beats that the hole touches.
        donors: the beat that is played in place of each of them.
        taste: lengths of fades and searches.
    """
    pieces = _plan(window, hole, grid, beats, donors, taste)
    fade = _frames(taste.fade_s, window)
    samples = np.zeros((window.channels, len(hole)), dtype=np.float32)
    for piece in pieces:
        overlap = fade if piece.target.start > hole.start else 0
        _lay(samples, window, piece, hole, overlap, fade)
    return Spliced(samples, tuple(pieces))


def beat_frames(grid: BeatGrid, rate_hz: int) -> NDArray[np.int64]:
    """`[K + 1]`, where the beats of the grid begin, in frames of the window."""
    return np.rint(np.asarray(grid.times_s, dtype=np.float64) * rate_hz).astype(np.int64)


def _frames(seconds: float, window: Song) -> int:
    return round(seconds * window.rate_hz)


def _plan(
    window: Song, hole: Frames, grid: BeatGrid, beats: Beats, donors: tuple[int, ...], taste: Taste
) -> list[Piece]:
    """Where each stretch begins and what it plays; it goes on until it jumps or has slipped too far."""
    lead, fade = _frames(taste.lead_s, window), _frames(taste.fade_s, window)
    begins = beat_frames(grid, window.rate_hz)
    starts: list[tuple[int, int]] = []
    for step, donor in enumerate(donors):
        target = int(begins[beats.first + step]) - lead
        source = int(begins[donor]) - lead
        if target < hole.start + fade:
            # The first beat, or one so near that a join of its own would not fit before it.
            source += hole.start - target
            starts = [(hole.start, _in_phase_with_original(window, hole, source, taste))]
            continue
        if target + fade > hole.end:
            break
        previous_target, previous_source = starts[-1]
        continued = previous_source + target - previous_target
        at_bar = grid.positions[beats.first + step] == 0
        allowed = (taste.drift_s if at_bar else taste.drift_in_bar_s) * window.rate_hz
        if donor == donors[step - 1] + 1 and abs(continued - source) <= allowed:
            continue
        starts.append((target, source + _shift(window, continued, source, taste)))
    ends = [target for target, _ in starts[1:]] + [hole.end]
    return [Piece(Frames(target, end), source) for (target, source), end in zip(starts, ends, strict=True)]


def _in_phase_with_original(window: Song, hole: Frames, source: int, taste: Taste) -> int:
    """At the hole's start the new sound goes on where the song is; at the song's start it is free."""
    return source if hole.start == 0 else source + _shift(window, hole.start, source, taste)


def _shift(window: Song, playing: int, source: int, taste: Taste) -> int:
    """By how many frames to move `source` so that it goes on in phase from what plays at `playing`.

    The largest normalised cross-correlation over two fades' length, near shifts preferred.
    """
    most, length = _frames(taste.align_s, window), 2 * _frames(taste.fade_s, window)
    reference = _mono(window, playing, length)
    searched = _mono(window, source - most, length + 2 * most)
    energy = np.cumsum(np.concatenate([[0.0], np.square(searched, dtype=np.float64)]))
    energies = energy[length:] - energy[:-length]
    scale = np.sqrt(np.maximum(energies, 0.0) * np.sum(np.square(reference, dtype=np.float64)))
    if most == 0 or scale.max() < 1e-9:
        return 0
    alike = np.correlate(searched, reference, "valid") / np.maximum(scale, 0.05 * scale.max())
    shifts = np.arange(-most, most + 1)
    return int(shifts[np.argmax(alike - STAY * np.abs(shifts) / most)])


def _mono(window: Song, start: int, frames: int) -> Floats:
    return _heard(window.samples, start, frames).mean(axis=0)


def _heard(samples: Samples, start: int, frames: int) -> Floats:
    """`frames` of the window from `start` on, `[C, frames]`; silence beyond its ends."""
    inside = Frames(min(max(start, 0), samples.shape[1]), min(max(start + frames, 0), samples.shape[1]))
    if len(inside) == frames:
        return samples[:, inside.start : inside.end].astype(np.float32, copy=False)
    heard = np.zeros((samples.shape[0], frames), dtype=np.float32)
    heard[:, inside.start - start : inside.end - start] = samples[:, inside.start : inside.end]
    return heard


def _lay(samples: Floats, window: Song, piece: Piece, hole: Frames, overlap: int, beyond: int) -> None:
    """Add one piece: cross over from what is there for `overlap`, play on for `beyond` for the next."""
    start = piece.target.start - hole.start
    length = min(len(piece.target) + beyond, len(hole) - start)
    heard = _heard(window.samples, piece.source, length)
    if overlap:
        old = samples[:, start : start + overlap]
        samples[:, start : start + overlap] = crossfade(old, heard[:, :overlap])
    samples[:, start + overlap : start + length] = heard[:, overlap:]


def crossfade(old: Samples, new: Samples) -> Floats:
    """From `old` to `new`, both `[C, N]`, at constant power whatever their correlation.

    With sine and cosine gains the power of two signals of correlation r is 1 + r·sin 2θ; dividing by its root
    gives equal power for strangers and equal gain for twins (Fink, Holters, Zölzer, "Signal-matched
    power-complementary cross-fading and dry-wet mixing", DAFx-16).
    """
    frames = old.shape[1]
    angle = (np.arange(frames, dtype=np.float32) + 0.5) / max(1, frames) * np.float32(np.pi / 2)
    powers = float(np.vdot(old, old)) * float(np.vdot(new, new))
    correlation = max(0.0, float(np.vdot(old, new)) / powers**0.5) if powers > 0 else 0.0
    norm = np.sqrt(1 + correlation * np.sin(2 * angle))
    return ((old * np.cos(angle) + new * np.sin(angle)) / norm).astype(np.float32)

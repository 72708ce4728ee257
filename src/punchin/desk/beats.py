"""Beats, bars, key and chords of a whole song, for the grid that the page snaps to."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from punchin.engines.embedded.analysis import analyse
from punchin.region import Frames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from punchin.desk.protocol import Answer
    from punchin.engines.embedded.analysis import Analysis
    from punchin.songfile import SongFile

LONGEST_S = 300
"""A longer song is heard in parts of this length: memory stays bounded."""
OVERLAP_S = 10
"""How much of the neighbouring parts each part hears, so that its first and last beats are right."""
FEWEST_S = 0.6
"""Of a beat: where two parts meet, a beat that follows sooner is the same one heard twice."""


def beats(song: SongFile, answer: Answer) -> None:
    """Give tempo, beats, downbeats, key and chords, in JSON; confidences are 0..1."""
    answer.give(msgspec.json.encode(grid_of(song)))


def grid_of(song: SongFile) -> dict[str, Any]:
    """The grid of a song; see `beats`."""
    times: list[float] = []
    downbeats: list[float] = []
    chords: list[dict[str, Any]] = []
    heard: list[tuple[float, Analysis]] = []
    for part, start, end in _parts(song):
        found = analyse(song.read(part))
        heard.append((end - start, found))
        offset = part.start / song.rate_hz
        beat_s = 60.0 / found.grid.tempo_bpm
        for k, at in enumerate(found.grid.times_s[:-1].tolist()):
            at_s = at + offset
            if not start <= at_s < end or (times and at_s - times[-1] < FEWEST_S * beat_s):
                continue
            times.append(at_s)
            if found.grid.positions[k] == 0:
                downbeats.append(at_s)
            name = str(found.harmony.chords[k])
            if not chords or chords[-1]["chord"] != name:
                chords.append({"at_s": round(at_s, 4), "chord": name})
    longest = max(heard, key=lambda one: one[0] * one[1].grid.confidence + 1e-9 * one[0])[1]
    weights = np.array([seconds for seconds, _ in heard])
    return {
        "tempo_bpm": round(longest.grid.tempo_bpm, 2),
        "confidence": _mean([each.grid.confidence for _, each in heard], weights),
        "downbeat_confidence": _mean([each.grid.downbeat_confidence for _, each in heard], weights),
        "beats_per_bar": longest.grid.beats_per_bar,
        "beats_s": [round(at, 4) for at in times],
        "downbeats_s": [round(at, 4) for at in downbeats],
        "key": str(longest.harmony.key),
        "key_confidence": round(float(longest.harmony.key_confidence), 3),
        "chords": chords,
    }


def _mean(values: list[float], weights: Any) -> float:
    return round(float(np.average(values, weights=weights)), 3)


def _parts(song: SongFile) -> Iterator[tuple[Frames, float, float]]:
    """Parts to hear, and of which seconds of the song each tells."""
    count = max(1, -(-song.frames // (LONGEST_S * song.rate_hz)))
    edges = [song.frames * number // count for number in range(count + 1)]
    around = OVERLAP_S * song.rate_hz
    for start, end in itertools.pairwise(edges):
        part = Frames(start, end).widen(around, around, song.frames)
        # Beats may begin a little before the song does: its first sound belongs to a beat.
        yield part, start / song.rate_hz, end / song.rate_hz

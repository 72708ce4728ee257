"""Which of several ways to tap along is the beat.

Every tempo candidate is tracked, and each track also counts moved by half a beat. What speaks for a way is
how people prefer to tap (van Noorden & Moelants, JNMR 1999), how strictly onsets lie on its beats and
subdivisions, which bands have theirs on the beat rather than between, whether harmony changes on it, and
whether kick and snare take turns. The weights were fitted on the made songs of
tests/support/labelled_songs.py (softmax over the ways, signs fixed); bass and snare were then moved by hand
towards what real songs need. Fitting all of them anew by style makes styles that were left out worse.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis import pitch
from punchin.engines.embedded.analysis.beats import Beats, track_beats
from punchin.engines.embedded.analysis.onsets import FRAMES_HZ, Envelope, Onsets, flux_at
from punchin.engines.embedded.analysis.spectra import between
from punchin.engines.embedded.analysis.tempo import PREFERRED_BPM, tempo_candidates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.analysis.pitch import Pitches

LOW_SHARE = 0.4
"""How much the lowest bands count once more in the strength that beats are tracked on: kicks mark beats."""

EVIDENCE: dict[str, float] = {
    "salience": 2.7,  # of its tempo, against the most salient
    "fast": -2.8,  # octaves above the preferred tempo, squared
    "halves": 0.8,  # how strictly onsets lie on beats and halves
    "quarters": 1.3,
    "kick on": 0.8,  # what of the lowest bands lies on the beat (1) or between (-1)
    "wires on": 2.1,  # the same from 2 to 5 kHz, where snares are
    "kick halves": 1.4,  # what of each band lies on beats and halves
    "body halves": 0.8,
    "wires halves": 0.6,
    "cymbal halves": 0.8,
    "bass on": 1.8,  # whether bass notes change on the beat (1) or between (-1)
    "bass beats": 1.5,  # whether beats differ in bass more (1) or less (-1) than what lies half a beat later
    "snare turns": 1.0,  # how unlike the snare is on odd and even beats
    "bar of four": 1.3,  # how alike onsets are four beats later
    "every other": -4.0,  # nothing begins on every other beat (1), or something does (0)
}
"""What is measured of each way to tap, and how much it counts."""

EMPTY = 0.1
"""Below this share of the other beats' onsets, every other beat begins to count as empty."""

WEIGHTS = np.array(list(EVIDENCE.values()))


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """One way to tap along: its beats, and the evidence for it in the order of `EVIDENCE`."""

    beats_s: Beats
    evidence: NDArray[np.float64]


def find_beats(onsets: Onsets, pitches: Pitches) -> Beats:
    """The beats of a window in seconds, not yet extended to its ends; may be empty."""
    ways = ways_to_tap(onsets, pitches)
    if not ways:
        return np.zeros(0)
    return max(ways, key=lambda way: float(way.evidence @ WEIGHTS)).beats_s


def ways_to_tap(onsets: Onsets, pitches: Pitches) -> list[Way]:
    """Every tempo candidate tracked, as it is and half a beat later."""
    strength = onsets.strength + LOW_SHARE * onsets.low
    if strength.size < 20 or not float(strength.max()) > 0.0:
        return []
    ways: list[Way] = []
    for bpm, salience in tempo_candidates(onsets.strength + 0.7 * onsets.low):
        track = track_beats(strength, bpm)
        if track.beats_s.size < 4:
            ways.append(Way(track.beats_s, np.zeros(len(EVIDENCE))))
            continue
        between_beats = (track.beats_s[:-1] + track.beats_s[1:]) / 2
        ways += [
            Way(beats, gathered(onsets, pitches, beats, salience)) for beats in (track.beats_s, between_beats)
        ]
    return ways


def gathered(onsets: Onsets, pitches: Pitches, beats_s: Beats, salience: float) -> NDArray[np.float64]:
    """The evidence for one way to tap, in the order of `EVIDENCE`."""
    turn = _turns(onsets.frames, beats_s)
    bands = np.column_stack([onsets.flux, onsets.strength])
    total = (bands * (np.abs(turn) > 0)[:, None]).sum(axis=0) + 1e-9
    once, twice = (turn @ bands) / total, (turn**2 @ bands) / total
    quarters = abs(turn**4 @ bands[:, 4]) / total[4]
    octaves = np.log2(60.0 / float(np.median(np.diff(beats_s))) / PREFERRED_BPM)
    snare_turns, bar_of_four, every_other = _taking_turns(onsets, beats_s)
    return np.array(
        [
            salience,
            max(octaves, 0.0) ** 2,
            abs(twice[4]),
            quarters,
            once[0].real,
            once[2].real,
            *twice[:4].real,
            *_bass_changes(pitches, beats_s),
            snare_turns,
            bar_of_four,
            every_other,
        ]
    )


def _turns(frames: int, beats_s: Beats) -> NDArray[np.complex128]:
    """A pointer that goes round once a beat and is at 1 on each, `[T]`; 0 outside the beats."""
    at = np.arange(frames) / FRAMES_HZ
    phase = np.interp(at, beats_s, np.arange(beats_s.size))
    return np.exp(2j * np.pi * phase) * ((at >= beats_s[0]) & (at <= beats_s[-1]))


def _bass_changes(pitches: Pitches, beats_s: Beats) -> tuple[float, float]:
    """Whether the bass changes its note on beats (up to 1) or between them (down to -1).

    From half beat to half beat, where the note begins; and from one whole beat to the next against the same
    half a beat later: a beat is what has one note, also where the notes come early (reggae).
    """
    halves = np.interp(np.arange(2 * beats_s.size - 1) / 2, np.arange(beats_s.size), beats_s)
    heard = np.maximum(between(pitches.bass_chroma, pitch.FRAMES_HZ, halves), 0.0)
    change = _change(heard)
    on, off = float(change[1::2].mean()), float(change[0::2].mean())
    begins = (on - off) / (on + off + 1e-3)
    wholes = heard[:-1] + heard[1:]
    if len(wholes) < 4:
        return begins, 0.0
    beats, later = (float(np.sqrt(np.mean(np.square(_change(wholes[k::2]))))) for k in (0, 1))
    return begins, (beats - later) / (beats + later + 1e-3)


def _change(heard: NDArray[np.float64]) -> NDArray[np.float64]:
    """How unlike each row is to the one before, 0..1, `[K, 12]` → `[K - 1]`."""
    notes = np.sqrt(heard)
    notes /= np.maximum(np.linalg.norm(notes, axis=1, keepdims=True), 1e-9)
    return 1.0 - (notes[1:] * notes[:-1]).sum(axis=1)


def _taking_turns(onsets: Onsets, beats_s: Beats) -> tuple[float, float, float]:
    """Snare on every other beat, onsets alike four beats later, every other beat empty; see `EVIDENCE`."""
    hits = flux_at(onsets.flux, beats_s)
    snare = hits[:, 1] + hits[:, 2]
    sign = 1.0 - 2.0 * (np.arange(snare.size) % 2)
    turns = abs(float((snare * sign).mean())) / (float(snare.mean()) + 1e-9)
    rows = hits / (hits.mean(axis=0) + 1e-9)
    rows -= rows.mean(axis=0)
    alike = (
        float((rows[4:] * rows[:-4]).sum()) / (float(np.square(rows).sum()) + 1e-9) if len(rows) > 8 else 0.0
    )
    fewer, more = sorted(float(hits[k::2].sum()) for k in (0, 1))
    return turns, alike, max(0.0, 1.0 - fewer / (EMPTY * more + 1e-9))


def coherence(envelope: Envelope, beats_s: Beats, times: int) -> float:
    """How strictly onsets lie on a subdivision of the beat: 0 anywhere, 1 all on it.

    Args:
        envelope: `[T]`.
        beats_s: at least two.
        times: 1 for beats, 2 for halves ...
    """
    turn = _turns(envelope.size, beats_s)
    weight = envelope * (np.abs(turn) > 0)
    return float(abs(np.sum(weight * turn**times)) / (weight.sum() + 1e-9))

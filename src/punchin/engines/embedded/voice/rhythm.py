"""On which part of which beat each syllable falls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.arrangement.timing import Clock, Swing
from punchin.engines.embedded.voice.layout import LEAD_S, TAIL_S

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from punchin.engines.embedded.arrangement import Ground
    from punchin.engines.embedded.voice.layout import Slot
    from punchin.engines.embedded.voice.phrase import Phrase

LIVELY = {"sing": 1.5, "rap": 3.8}
"""Syllables a second, the least within a line: it is followed by a rest rather than stretched."""

LEAST_VOWEL_S = 0.07
"""A vowel shorter than this is not heard as one."""

SQUEEZE = 0.7
"""How much consonants may be shortened."""

LONGEST_LEAD_S = 0.3
"""Consonants before a vowel last no longer."""

LONGEST_BEATS = 3.0
"""A held note is no longer."""

BREATH_S = 0.12
"""Between two lines."""

STRESS_NEEDS = {0: -0.2, 1: 1.6, 2: 0.6}
"""How much a syllable of each stress wants a strong place."""

UNEVEN = 0.45
"""What it costs when a gap is twice or half the usual one."""

CROWDED = 14.0
"""What it costs, a halving, when a gap is too short for its consonants."""

HELD_GAPS, UNHELD = 2.0, 0.9
"""How many usual gaps the last syllable of a sung line is held, and what each gap more or less costs."""

CHANCE = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Timing:
    """When each syllable of a line sounds.

    Attributes:
        onsets_s: `[S]`, where each vowel begins, seconds from the start of the hole.
        ends_s: `[S]`, where each syllable, its last consonants included, has ended at the latest.
        beats: `[S]`, the onsets in beats of the ground, before swing.
    """

    onsets_s: NDArray[np.floating]
    ends_s: NDArray[np.floating]
    beats: NDArray[np.floating]


def in_rhythm(
    phrase: Phrase, slot: Slot, after_s: float, ground: Ground, delivery: str, rng: np.random.Generator
) -> Timing | None:
    """Syllables on a grid by the cheapest path: stressed ones on strong places, gaps even and long enough.

    Args:
        phrase: what is sung.
        slot: the beats for it; an unstressed beginning may come before them.
        after_s: when the line before is over.
        ground: beats of the hole.
        delivery: "sing" or "rap".
        rng: chance.

    Returns:
        None if the syllables do not fit.
    """
    clock = Clock(np.asarray(ground.beats_s, dtype=float))
    swing = Swing.choose(None, ground.swing, 1.0)
    earliest_s = max(after_s, 0.0) + _first_lead_s(phrase)
    end_s = min(clock.seconds(slot.end), ground.duration_s - TAIL_S)
    last_s = end_s - LEAST_VOWEL_S - min(0.25, phrase.length_s(phrase.syllables[-1].tail))
    stresses = [syllable.stress for syllable in phrase.syllables]
    upbeats = next((k for k, stress in enumerate(stresses) if stress), 0)
    usual = _parts(len(stresses), slot.end - slot.first, delivery)
    lively = _end_of_words(slot, len(stresses), ground, delivery)
    # At ease if it can be; where the line before or the edge of the hole takes room, longer and then denser.
    for parts, until in ((usual, lively), (usual, float(slot.end)), (2 * usual, float(slot.end))):
        grid = np.arange(slot.first - min(1.0, upbeats / parts), until - 1e-6, 1 / parts)
        times = np.array([clock.seconds(swing.bend(float(beat))) for beat in grid])
        allowed = (times >= earliest_s) & (times <= last_s)
        grid, times = grid[allowed], times[allowed]
        places = _path(phrase, grid, times, ground, delivery, rng)
        if places is not None:
            onsets = times[places]
            beat_s = (clock.seconds(slot.end) - clock.seconds(slot.first)) / (slot.end - slot.first)
            ends = np.minimum(np.append(onsets[1:], end_s), onsets + LONGEST_BEATS * beat_s)
            return Timing(onsets, ends, grid[places])
    return None


def in_speech(phrase: Phrase, slot: Slot, after_s: float, ground: Ground) -> Timing | None:
    """Syllables as they were spoken, as fast as they must be; the first stressed one falls on the beat."""
    clock = Clock(np.asarray(ground.beats_s, dtype=float))
    natural = np.array([phrase.phones[syllable.vowel].start_s for syllable in phrase.syllables])
    earliest_s = max(after_s, 0.0) + _first_lead_s(phrase)
    end_s = min(clock.seconds(slot.end), ground.duration_s - TAIL_S)
    last_s = end_s - 0.2 - min(0.25, phrase.length_s(phrase.syllables[-1].tail))
    start_s = max(earliest_s, clock.seconds(slot.first))
    if last_s <= start_s:
        return None
    fast = max(1.0, float(natural[-1] - natural[0]) / (last_s - start_s))
    onsets = start_s + (natural - natural[0]) / fast
    final = phrase.phones[-1].end_s - natural[-1]
    ends = np.append(onsets[1:], min(end_s, onsets[-1] + final + 0.05))
    return Timing(onsets, ends, np.array([clock.beat(float(s)) for s in onsets]))


def _first_lead_s(phrase: Phrase) -> float:
    """The time that the consonants before the first vowel need."""
    return max(LEAD_S, 0.02 + min(phrase.length_s(phrase.syllables[0].lead), LONGEST_LEAD_S))


def _end_of_words(slot: Slot, syllables: int, ground: Ground, delivery: str) -> float:
    """Until which beat the syllables of a line may begin."""
    beats = max(1.0, syllables / LIVELY[delivery] * ground.tempo_bpm / 60)
    return min(slot.end, slot.first + float(np.ceil(2 * beats)) / 2)


def _parts(syllables: int, beats: int, delivery: str) -> int:
    """Into how many parts a beat is divided."""
    parts = 4 if delivery == "rap" else 2
    while syllables > 0.85 * beats * parts and parts < 8:
        parts *= 2
    return parts


def _path(
    phrase: Phrase,
    grid: NDArray[np.floating],
    times: NDArray[np.floating],
    ground: Ground,
    delivery: str,
    rng: np.random.Generator,
) -> NDArray[np.integer] | None:
    """Which place of the grid each syllable takes, `[S]`."""
    count, places = len(phrase.syllables), len(grid)
    if places < count:
        return None
    weak = 1 - _strength(grid, ground)
    needs = np.array([STRESS_NEEDS[syllable.stress] for syllable in phrase.syllables])
    local = needs[:, None] * weak[None] + CHANCE * rng.random((count, places))
    usual_s = (times[-1] - times[0] + 1e-6) / max(1, count - (delivery == "rap"))
    local[0] += 0.5 * (times - times[0]) / usual_s
    shortest = _shortest_gaps(phrase)
    gaps = times[None] - times[:, None]  # [from, to]
    later = gaps > 1e-6
    safe = np.where(later, gaps, 1.0)
    total, came = local[0], np.zeros((count, places), dtype=int)
    for k in range(1, count):
        # Words stay together: a gap inside a word is as short as it can be.
        inside = phrase.verse.word_of[k] == phrase.verse.word_of[k - 1]
        step = UNEVEN * np.abs(np.log2(safe / usual_s)) * np.where((safe > 1.5 * usual_s) & inside, 2.0, 1.0)
        step = step + CROWDED * np.maximum(0.0, np.log2(shortest[k] / safe))
        reached = np.where(later, total[:, None] + step, np.inf)
        came[k] = reached.argmin(axis=0)
        total = reached.min(axis=0) + local[k]
    # The last syllable leaves room to be held when it is sung.
    step_s = times[-1] - times[-2] if places > 1 else 0.0
    hold_s = usual_s if delivery == "rap" else HELD_GAPS * usual_s
    total = total + UNHELD * np.abs(times[-1] + step_s - hold_s - times) / usual_s
    at = int(np.argmin(total))
    if not np.isfinite(total[at]):
        return None
    path = [at]
    for k in range(count - 1, 0, -1):
        at = int(came[k, at])
        path.append(at)
    return np.array(path[::-1])


def _strength(grid: NDArray[np.floating], ground: Ground) -> NDArray[np.floating]:
    """How strong each place is in its bar, 0..1: the one, the middle, other beats, off-beats."""
    beats = np.clip(np.floor(grid + 1e-6).astype(int), 0, len(ground.positions) - 1)
    position = np.asarray(ground.positions)[beats]
    inside = grid - np.floor(grid + 1e-6)
    on_beat = np.abs(inside) < 1e-3
    bar = ground.beats_per_bar
    strong = np.where(position == 0, 1.0, np.where((bar % 2 == 0) & (position == bar // 2), 0.85, 0.7))
    return np.where(on_beat, strong, np.where(np.abs(inside - 0.5) < 1e-3, 0.35, 0.0))


def _shortest_gaps(phrase: Phrase) -> NDArray[np.floating]:
    """The least time from the vowel before to each syllable's own: consonants between, and a vowel."""
    between = [0.0]
    for before, syllable in zip(phrase.syllables, phrase.syllables[1:], strict=False):
        between.append(phrase.length_s(before.tail) + phrase.length_s(syllable.lead))
    return LEAST_VOWEL_S + SQUEEZE * np.array(between, dtype=float)

"""Speech laid on a rhythm: vowels stretch, consonants keep their length (Saitou, Goto, Unoki and Akagi 2007,
"Speech-to-singing synthesis", WASPAA), and each vowel begins on its beat.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.voice.rhythm import LONGEST_LEAD_S
from punchin.engines.embedded.voice.sounds import DIPHTHONGS, VOWELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engines.embedded.voice.phrase import Phrase, Syllable
    from punchin.engines.embedded.voice.rhythm import Timing

LEAST_VOWEL_S = 0.06
VOWEL_SHARE = 0.42
"""The share of a short gap that stays with the vowel when consonants crowd."""

REST_S = 0.12
"""Shorter gaps between syllables are sung through."""

HELD = {
    "AW": (0.2, 0.35), "AY": (0.2, 0.35), "OY": (0.2, 0.3), "EY": (0.3, 0.5), "OW": (0.25, 0.45),
    "aʊ": (0.2, 0.35), "aɪ": (0.2, 0.35), "ɔʏ": (0.2, 0.3),
}  # fmt: skip
"""Which part of a diphthong is held: singers stay on its first sound and glide at the very end."""

HELD_VOWEL = (0.45, 0.7)
LONGEST_GLIDE_S = 0.16


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of speech and where it is sung.

    Attributes:
        start_s, end_s: when it is sung.
        from_s, to_s: where it lies in the speech.
        vowel: it belongs to a vowel.
        syllable: which one.
    """

    start_s: float
    end_s: float
    from_s: float
    to_s: float
    vowel: bool
    syllable: int


def stretched(phrase: Phrase, timing: Timing, longest_vowel: float | None = None) -> list[Stretch]:
    """The pieces of a phrase in the order in which they are sung; what lies between them is silent.

    Args:
        phrase: the speech.
        timing: when its syllables sound.
        longest_vowel: how much longer than in speech a vowel may be; None holds it until the next sound.
    """
    pieces: list[Stretch] = []
    count = len(phrase.syllables)
    for k, syllable in enumerate(phrase.syllables):
        onset = float(timing.onsets_s[k])
        lead_s = _lead_s(phrase, timing, k)
        pieces += _laid(phrase, syllable.lead, onset - lead_s, onset, k)
        limit = float(timing.ends_s[k])
        if k + 1 < count:
            next_lead = float(timing.onsets_s[k + 1]) - _lead_s(phrase, timing, k + 1)
            limit = next_lead if next_lead - limit < REST_S else limit
        tail_s = phrase.length_s(syllable.tail)
        tail_s = min(tail_s, max(limit - onset - LEAST_VOWEL_S, 0.3 * (limit - onset)))
        natural = phrase.length_s(range(syllable.vowel, syllable.vowel + 1))
        end = limit - tail_s
        if longest_vowel is not None:
            end = min(end, onset + max(longest_vowel * natural, 0.09))
        pieces += _vowel(phrase, syllable, onset, end, k)
        pieces += _laid(phrase, syllable.tail, end, end + tail_s, k)
    return pieces


def _lead_s(phrase: Phrase, timing: Timing, k: int) -> float:
    """How long the consonants before a vowel last: as in speech, less where the vowel before needs room."""
    natural = min(phrase.length_s(phrase.syllables[k].lead), LONGEST_LEAD_S)
    if k == 0:
        return min(natural, max(0.0, float(timing.onsets_s[0]) - 0.01))
    gap = float(timing.onsets_s[k] - timing.onsets_s[k - 1])
    tail = phrase.length_s(phrase.syllables[k - 1].tail)
    room = max(gap - LEAST_VOWEL_S, 0.0) if gap > 0.3 else gap * (1 - VOWEL_SHARE)
    crowded = min(1.0, room / max(natural + tail, 1e-6))
    return natural * crowded


def _laid(phrase: Phrase, phones: range, start_s: float, end_s: float, k: int) -> list[Stretch]:
    """Consonants one after the other, each its share of the time."""
    natural = phrase.length_s(phones)
    if not natural or end_s - start_s < 1e-4:
        return []
    pieces: list[Stretch] = []
    at = start_s
    for index in phones:
        phone = phrase.phones[index]
        end = at + (phone.end_s - phone.start_s) * (end_s - start_s) / natural
        pieces.append(Stretch(at, end, phone.start_s, phone.end_s, phone.name in VOWELS, k))
        at = end
    return pieces


def _vowel(phrase: Phrase, syllable: Syllable, start_s: float, end_s: float, k: int) -> list[Stretch]:
    """Onset and glide as spoken, the middle as long as it must be."""
    phone = phrase.phones[syllable.vowel]
    a, b = phone.start_s, phone.end_s
    natural, wanted = b - a, end_s - start_s
    if wanted <= natural:
        return [Stretch(start_s, end_s, a, b, True, k)]
    first, last = HELD[phone.name] if phone.name in DIPHTHONGS else HELD_VOWEL
    onset, glide = first * natural, min((1 - last) * natural, LONGEST_GLIDE_S)
    held = start_s + onset, end_s - glide
    return [
        Stretch(start_s, held[0], a, a + onset, True, k),
        Stretch(*held, a + onset, a + last * natural, True, k),
        Stretch(held[1], end_s, a + last * natural, b, True, k),
    ]


def sources(
    pieces: Sequence[Stretch], times_s: NDArray[np.floating]
) -> tuple[NDArray[np.floating], NDArray[np.integer]]:
    """For each time: where in the speech it comes from, and which piece it lies in (-1: silence)."""
    starts = np.array([piece.start_s for piece in pieces])
    ends = np.array([piece.end_s for piece in pieces])
    begin = np.array([piece.from_s for piece in pieces])
    slope = (np.array([piece.to_s for piece in pieces]) - begin) / np.maximum(ends - starts, 1e-6)
    index = np.clip(np.searchsorted(starts, times_s, side="right") - 1, 0, len(pieces) - 1)
    inside = (times_s >= starts[index]) & (times_s < ends[index])
    source = begin[index] + slope[index] * (np.clip(times_s, starts[index], ends[index]) - starts[index])
    return source, np.where(inside, index, -1)

"""The key: which of 24 key profiles the pitch classes of the whole window resemble most.

Correlation with profiles is the method of Krumhansl & Schmuckler (Krumhansl, "Cognitive Foundations of
Musical Pitch", 1990, ch. 4); the profiles are the ones counted by Temperley ("Music and Probability", 2007,
fig. 6.7) averaged with Krumhansl & Kessler's ratings (Psychological Review 89, 1982).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.analysis.model import Chord, Key

if TYPE_CHECKING:
    from numpy.typing import NDArray

KRUMHANSL = {
    "maj": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "min": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}
TEMPERLEY = {
    "maj": (0.748, 0.060, 0.488, 0.082, 0.670, 0.460, 0.096, 0.715, 0.104, 0.366, 0.057, 0.400),
    "min": (0.712, 0.084, 0.474, 0.618, 0.049, 0.460, 0.105, 0.747, 0.404, 0.067, 0.133, 0.330),
}

BASS_SHARE = 0.3
"""How much the bass counts beside the rest: it prefers the tonic."""

CHORD_SHARE = 0.5
"""How much the chords count beside the pitch classes."""

CHORDS = {
    "maj": {
        (0, "maj"): 1.3,
        (2, "min"): 0.6,
        (4, "min"): 0.5,
        (5, "maj"): 0.8,
        (7, "maj"): 0.9,
        (9, "min"): 0.7,
    },
    "min": {
        (0, "min"): 1.3,
        (2, "min"): 0.2,
        (3, "maj"): 0.7,
        (5, "min"): 0.7,
        (7, "min"): 0.6,
        (7, "maj"): 0.7,
        (8, "maj"): 0.8,
        (10, "maj"): 0.7,
    },
}
"""How much a beat of each chord, by its root above the tonic, speaks for a key; others speak against it."""

FOREIGN_CHORD = -0.3

SHARPNESS = 14.0
"""Turns a difference of correlations into a ratio of probabilities."""


def find_key(
    chroma: NDArray[np.float64], bass_chroma: NDArray[np.float64], chords: tuple[Chord, ...]
) -> tuple[Key, float]:
    """The most probable key and its probability among the 24; 1/24 where nothing sounds.

    Args:
        chroma, bass_chroma: `[K, 12]`.
        chords: one a beat.
    """
    heard = chroma.mean(axis=0) + BASS_SHARE * bass_chroma.mean(axis=0)
    keys = [Key(tonic, mode) for mode in ("maj", "min") for tonic in range(12)]
    if heard.std() < 1e-9:
        return keys[0], 1 / 24
    fits = np.array([np.corrcoef(np.roll(_profile(key.mode), key.tonic), heard)[0, 1] for key in keys])
    fits += CHORD_SHARE * np.array([np.mean([_belongs(chord, key) for chord in chords]) for key in keys])
    odds = np.exp(SHARPNESS * (fits - fits.max()))
    return keys[int(fits.argmax())], float(odds.max() / odds.sum())


def _profile(mode: str) -> NDArray[np.float64]:
    krumhansl, temperley = np.array(KRUMHANSL[mode]), np.array(TEMPERLEY[mode])
    return 0.5 * krumhansl / krumhansl.max() + 0.5 * temperley


def _belongs(chord: Chord, key: Key) -> float:
    """What one beat of a chord says for a key."""
    return CHORDS[key.mode].get(((chord.root - key.tonic) % 12, chord.quality), FOREIGN_CHORD)

"""Which notes sound: tuning, note strengths, chroma and bass chroma.

After Mauch & Dixon, "Approximate note transcription for the improved identification of difficult chords"
(ISMIR 2010): a log-frequency spectrum in tune with the song, whitened over an octave, explained by notes with
decaying harmonics under non-negative least squares. The least squares are solved for all frames at once by
the multiplicative updates of Lee & Seung, "Algorithms for non-negative matrix factorization" (NIPS 2000).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.analysis.hearing import PITCH_RATE_HZ
from punchin.engines.embedded.analysis.spectra import between, frame_count, magnitudes

SIZE, HOP = 4096, 1024
"""370 ms and 93 ms: bins of 2.7 Hz tell semitones apart down to about 90 Hz."""

FRAMES_HZ = PITCH_RATE_HZ / HOP

LOWEST, HIGHEST = 28, 96
"""MIDI numbers of the notes looked for: the low E of a bass to five octaves and more above."""

PER_SEMITONE = 3

TOP_BIN = round(440.0 * 2.0 ** ((HIGHEST + 1.5 - 69) / 12) * SIZE / PITCH_RATE_HZ)
"""The first bin that no note needs."""

HARMONICS, DECAY = 8, 0.7
"""Each harmonic has this much of the one before (Mauch & Dixon take 0.6 to 0.9)."""

WHITENING_BINS = 18 * PER_SEMITONE // 3
"""Half an octave to both sides."""

SMOOTH, SILENCE = 0.25, 1e-5
"""What stands out by less than this share of its surroundings, or of silence, does not count."""

PRESENT = 60.0
"""Energy of a whitened spectrum in which there are notes: noise has some 35, music 55 and more."""

_STEPS = 30
_BASS_TOP, _BASS_FADE = 50.0, 4.0
"""Bass is what lies below about MIDI 50 (147 Hz), fading over a third."""

_TREBLE = (62.0, 14.0)
"""Centre and spread of the notes that make the chroma."""

Rows = NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True, eq=False)
class Pitches:
    """Notes over time, one row every 1 / `FRAMES_HZ` seconds.

    Attributes:
        chroma: `[T, 12]`, strength of each pitch class in the middle register, 0 is C.
        bass_chroma: `[T, 12]`, of the lowest notes.
        tuning_semitones: of the song against A = 440 Hz.
        tonality: `[T]`, 0..1, how much of each whitened spectrum the notes explain.
        presence: `[T]`, 0..1, how much stands out of each spectrum at all.
    """

    chroma: Rows
    bass_chroma: Rows
    tuning_semitones: float
    tonality: Rows
    presence: Rows


def find_pitches(pitch_wave: NDArray[np.float32]) -> Pitches:
    """Notes of a wave `[M]` at `PITCH_RATE_HZ`."""
    spectra = np.empty((frame_count(pitch_wave.size, HOP), TOP_BIN), np.float32)
    row = 0
    for block in magnitudes(pitch_wave, SIZE, HOP, TOP_BIN):
        spectra[row : row + len(block)] = block
        row += len(block)
    tuning = find_tuning(spectra)
    white = whitened(log_frequency(spectra, tuning))
    notes = explained_by_notes(white)
    energy = np.square(white).sum(axis=1)
    presence = np.minimum(energy / PRESENT, 1.0)
    return Pitches(*chroma_of(notes), tuning, _explained(white, notes, energy), presence)


def find_tuning(spectra: Rows) -> float:
    """How many semitones (-0.5..0.5) the spectral peaks lie above the tempered scale of A = 440 Hz.

    Peaks between 80 Hz and 2 kHz, placed between bins by a parabola through the logarithms; the direction of
    their mean on the circle of one semitone.
    """
    low, high = (round(hz * SIZE / PITCH_RATE_HZ) for hz in (80.0, 2_000.0))
    part = spectra[:, low - 1 : high + 1]
    middle = part[:, 1:-1]
    loudest = middle.max(axis=1, keepdims=True)
    is_peak = (middle > part[:, :-2]) & (middle >= part[:, 2:]) & (middle > 0.05 * loudest) & (middle > 1e-7)
    row, column = np.nonzero(is_peak)
    if not row.size:
        return 0.0
    left, peak, right = (np.log(part[row, column + k] + 1e-12) for k in range(3))
    bend = np.minimum(left - 2 * peak + right, -1e-9)
    place = column + low + np.clip(0.5 * (left - right) / bend, -0.5, 0.5)
    pitch = 12 * np.log2(place * (PITCH_RATE_HZ / SIZE) / 440.0)
    direction = np.sum(middle[row, column] * np.exp(2j * np.pi * pitch))
    return float(np.angle(direction) / (2 * np.pi))


def log_frequency(spectra: Rows, tuning_semitones: float) -> Rows:
    """Spectra on a scale of `PER_SEMITONE` bins a semitone, in tune with the song: `[K, bins]` → `[K, L]`.

    Bin 0 is a third of a semitone below the note `LOWEST`, so that each note has a bin in its middle.
    """
    count = (HIGHEST - LOWEST) * PER_SEMITONE
    pitch = LOWEST + (np.arange(count) - 1) / PER_SEMITONE + tuning_semitones
    place = 440.0 * 2.0 ** ((pitch - 69) / 12) * (SIZE / PITCH_RATE_HZ)
    width = np.maximum(1.0, place * (2.0 ** (1 / (12 * PER_SEMITONE)) - 1))
    x = np.arange(spectra.shape[1])[:, None]
    kernel = np.maximum(0.0, 1.0 - np.abs(x - place) / width)
    return spectra @ (kernel / np.sqrt(kernel.sum(axis=0))).astype(np.float32)


def whitened(rows: Rows) -> Rows:
    """What stands out from an octave around it, in units of its spread there; never negative, `[K, L]` → `[K,
    L]`.

    Takes off broad noise (drums) and makes loud and soft registers alike (Mauch & Dixon, section 2.1).
    """
    mean = _octave_mean(rows)
    spread = np.sqrt(np.maximum(_octave_mean(np.square(rows)) - np.square(mean), 0.0))
    return np.maximum(rows - mean, 0.0) / (spread + SMOOTH * mean + SILENCE)


def _octave_mean(rows: Rows) -> Rows:
    """Mean over `WHITENING_BINS` to both sides, over what there is at the ends."""
    total = np.concatenate([np.zeros((len(rows), 1)), np.cumsum(rows, axis=1)], axis=1)
    at = np.arange(rows.shape[1])
    start, end = np.maximum(at - WHITENING_BINS, 0), np.minimum(at + WHITENING_BINS + 1, rows.shape[1])
    return (total[:, end] - total[:, start]) / (end - start)


@cache
def note_shapes() -> Rows:
    """What each note looks like on the log-frequency scale, `[notes, L]` float32, each with energy 1."""
    notes = HIGHEST - LOWEST
    bins = np.arange(notes * PER_SEMITONE)
    shapes = np.zeros((notes, bins.size))
    for harmonic in range(1, HARMONICS + 1):
        place = np.arange(notes) * PER_SEMITONE + 1 + 12 * PER_SEMITONE * np.log2(harmonic)
        shapes += DECAY ** (harmonic - 1) * np.maximum(0.0, 1.0 - np.abs(bins - place[:, None]) / 1.5)
    return (shapes / np.linalg.norm(shapes, axis=1, keepdims=True)).astype(np.float32)


def explained_by_notes(white: Rows) -> Rows:
    """The strengths `[K, notes]` >= 0 whose sum of note shapes comes closest to each row `[K, L]`."""
    shapes = note_shapes()
    wanted = white @ shapes.T
    overlap = shapes @ shapes.T
    notes = wanted.copy()
    for _ in range(_STEPS):
        notes *= wanted / (notes @ overlap + 1e-9)
    return notes


def _explained(white: Rows, notes: Rows, energy: Rows) -> Rows:
    """Part of the energy of each row that the notes account for, `[T]`."""
    rest = np.square(white - notes @ note_shapes()).sum(axis=1)
    return np.where(energy > 1e-9, 1.0 - rest / np.maximum(energy, 1e-9), 0.0).clip(0.0, 1.0)


def chroma_of(notes: Rows) -> tuple[Rows, Rows]:
    """Notes folded into pitch classes: those in the middle, and the lowest; each `[T, 12]`."""
    pitch = np.arange(LOWEST, HIGHEST)
    treble = np.exp(-0.5 * np.square((pitch - _TREBLE[0]) / _TREBLE[1]))
    bass = 1.0 / (1.0 + np.exp((pitch - _BASS_TOP) / (_BASS_FADE / 2)))
    fold = pitch[:, None] % 12 == np.arange(12)
    return notes @ (fold * treble[:, None]).astype(np.float32), notes @ (fold * bass[:, None]).astype(
        np.float32
    )


def beat_chroma(
    pitches: Pitches, beats_s: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Chroma and bass chroma of each beat, `[K, 12]`, the strongest pitch class of each beat 1 (all 0 in
    silence).
    """
    chroma, bass = (between(rows, FRAMES_HZ, beats_s) for rows in (pitches.chroma, pitches.bass_chroma))
    return _peak_one(chroma), _peak_one(bass)


def _peak_one(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    # Differences of running sums may dip below zero by rounding.
    rows = np.maximum(rows, 0.0)
    return rows / np.maximum(rows.max(axis=1, keepdims=True), 1e-9)

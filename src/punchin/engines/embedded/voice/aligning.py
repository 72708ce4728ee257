"""Where each phoneme of a spoken phrase lies: forced alignment with small hidden Markov models.

Each phoneme has three states with one diagonal Gaussian over 13 mel cepstra and their slopes (Rabiner 1989,
"A tutorial on hidden Markov models", Proc. IEEE 77(2); features as in Davis and Mermelstein 1980). One voice
is all they know, so 20 KB a language are enough: `phones.en.npz` and so on, made by
`scripts/train_aligner.py` from that voice alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.voice.speaking import SPEECH_HZ

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Floats = NDArray[np.floating]

STEP = 80
"""Frames between feature rows: 5 ms."""

STEP_S = STEP / SPEECH_HZ
WINDOW = 400
BANDS = 26
CEPSTRA = 13
STATES = 3
SILENCE = "SIL"
PAUSE_ODDS = -6.0
"""Log odds of a pause between two words; phrases are said in one breath."""


@dataclass(frozen=True, slots=True)
class Phone:
    """A phoneme in speech.

    Attributes:
        name: a sound without stress, or "SIL".
        start_s, end_s: where.
        word: which word of the phrase, -1 for silence.
    """

    name: str
    start_s: float
    end_s: float
    word: int


@dataclass(frozen=True, slots=True, eq=False)
class PhoneModel:
    """Three states, left to right.

    Attributes:
        means, variances: `[3, 26]`.
        lengths: `[3]`, how many rows each state lasts on average.
    """

    means: Floats
    variances: Floats
    lengths: Floats


@cache
def models_of(language: str) -> Mapping[str, PhoneModel]:
    """The models of the package: "en" and the like."""
    path = resources.files("punchin.engines.embedded.voice").joinpath(f"phones.{language}.npz")
    with path.open("rb") as file:
        return unpacked(np.load(file))


def unpacked(arrays: Mapping[str, Floats]) -> dict[str, PhoneModel]:
    """From one row of numbers a phoneme: means, variances, lengths."""
    size = STATES * 2 * CEPSTRA
    models: dict[str, PhoneModel] = {}
    for name, packed in arrays.items():
        row = np.asarray(packed, dtype=np.float64)
        means, variances = row[: 2 * size].reshape(2, STATES, 2 * CEPSTRA)
        models[name] = PhoneModel(means, variances, row[2 * size :])
    return models


def features(speech: Floats) -> Floats:
    """Mel cepstra and their slopes, a row every 5 ms: `[N]` → `[T, 26]`."""
    padded = np.pad(speech, WINDOW // 2)
    window = np.hanning(WINDOW + 1)[:-1]
    framed = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
    power = np.abs(np.fft.rfft(framed * window)) ** 2
    cepstra = np.log(power @ _mel_bank().T + 1e-7) @ _cosines().T
    cepstra[:, 0] *= 0.5  # loudness says less than timbre
    slopes = np.zeros_like(cepstra)
    slopes[2:-2] = (2 * (cepstra[4:] - cepstra[:-4]) + cepstra[3:-1] - cepstra[1:-3]) / 10
    return np.concatenate([cepstra, 2 * slopes], axis=1)


@cache
def _mel_bank() -> Floats:
    """Triangles, each of sum 1, even on the mel scale from 60 to 7,800 Hz, `[26, 201]`."""
    low_mel, high_mel = 2595 * np.log10(1 + np.array([60.0, 7800.0]) / 700)
    edges = 700 * (10 ** (np.linspace(low_mel, high_mel, BANDS + 2) / 2595) - 1)
    f = np.fft.rfftfreq(WINDOW, 1 / SPEECH_HZ)[None]
    low, middle, high = (edges[k : k + BANDS, None] for k in range(3))
    bank = np.maximum(0, np.minimum((f - low) / (middle - low), (high - f) / (high - middle)))
    return bank / np.maximum(bank.sum(axis=1, keepdims=True), 1e-9)


@cache
def _cosines() -> Floats:
    """Orthonormal DCT-II, `[13, 26]`."""
    k, n = np.arange(CEPSTRA)[:, None], np.arange(BANDS)[None]
    return np.cos(np.pi * k * (n + 0.5) / BANDS) * np.sqrt(np.where(k == 0, 1, 2) / BANDS)


def align(
    speech: Floats, words: Sequence[Sequence[str]], models: Mapping[str, PhoneModel]
) -> tuple[Phone, ...]:
    """Lay phonemes on speech by the most likely path; pauses between words are optional.

    Args:
        speech: `[N]` at 16 kHz.
        words: the phonemes of each word.
        models: of every phoneme in them, and of silence.
    """
    chain: list[tuple[str, int]] = [(SILENCE, -1)]
    for number, phones in enumerate(words):
        chain.extend((phone, number) for phone in phones)
        chain.append((SILENCE, -1))
    path = _likeliest(features(speech), chain, models)
    starts = np.flatnonzero(np.diff(path, prepend=-1))
    ends = [*starts[1:], len(path)]
    return tuple(
        Phone(chain[path[a]][0], float(a * STEP_S), float(b * STEP_S), chain[path[a]][1])
        for a, b in zip(starts, ends, strict=True)
    )


def _likeliest(
    rows: Floats, chain: Sequence[tuple[str, int]], models: Mapping[str, PhoneModel]
) -> NDArray[np.integer]:
    """Viterbi over all states of the chain in a row: which link each row belongs to, `[T]`."""
    means, variances, lengths = (
        np.concatenate([getattr(models[name], part) for name, _ in chain])
        for part in ("means", "variances", "lengths")
    )
    emit = -0.5 * (
        rows**2 @ (1 / variances).T
        - 2 * rows @ (means / variances).T
        + (means**2 / variances + np.log(2 * np.pi * variances)).sum(axis=1)
    )
    leave = np.log(1 / np.maximum(1.2, lengths))
    stay = np.log(1 - 1 / np.maximum(1.2, lengths))
    # A pause between words may be skipped: from the state before it to the one after it.
    inner = [k for k, (name, _) in enumerate(chain) if name == SILENCE and 0 < k < len(chain) - 1]
    after = np.array([STATES * (k + 1) for k in inner], dtype=int)
    states = len(means)
    best = np.full(states, -np.inf)
    best[[0, STATES]] = emit[0, [0, STATES]]
    came = np.zeros((len(rows), states), np.int8)
    entering = np.zeros(states)
    entering[[STATES * k for k in inner]] = PAUSE_ODDS
    for t in range(1, len(rows)):
        moved = best + leave
        choice = np.full((3, states), -np.inf)
        choice[0] = best + stay
        choice[1, 1:] = moved[:-1] + entering[1:]
        choice[2, after] = moved[after - STATES - 1]
        came[t] = choice.argmax(axis=0)
        best = choice.max(axis=0) + emit[t]
    at = states - 1 if best[states - 1] >= best[states - 1 - STATES] else states - 1 - STATES
    path = np.empty(len(rows), dtype=int)
    back = (0, 1, STATES + 1)
    for t in range(len(rows) - 1, -1, -1):
        path[t] = at
        at -= back[came[t, at]]
    return path // STATES

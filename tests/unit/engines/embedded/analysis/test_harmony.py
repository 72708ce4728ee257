"""Chords and key from chroma that is given."""

from __future__ import annotations

import numpy as np
import pytest

from punchin.engines.embedded.analysis.chords import (
    TRIADS,
    _best_sequence,
    _posteriors,
    chord_scores,
    find_chords,
)
from punchin.engines.embedded.analysis.keys import find_key
from punchin.engines.embedded.analysis.model import Chord


def chroma_of(chords: list[Chord], noise: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    chroma, bass = rng.uniform(0, noise, (len(chords), 12)), rng.uniform(0, noise, (len(chords), 12))
    for k, chord in enumerate(chords):
        chroma[k, list(chord.pitch_classes)] += 1.0
        bass[k, chord.root] += 1.0
    return chroma, bass


@pytest.mark.parametrize("chord", TRIADS, ids=str)
def test_every_triad_is_recognised(chord: Chord) -> None:
    scores = chord_scores(*chroma_of([chord]))
    assert TRIADS[int(scores.argmax())] == chord
    assert np.exp(scores).sum() == pytest.approx(1.0)


def test_turning_the_chroma_turns_the_chord() -> None:
    chroma, bass = np.random.default_rng(1).uniform(0, 1, (2, 1, 12))
    first, turned = chord_scores(chroma, bass)[0], chord_scores(np.roll(chroma, 5, 1), np.roll(bass, 5, 1))[0]
    np.testing.assert_allclose(np.roll(first.reshape(2, 12), 5, axis=1).ravel(), turned)


def test_one_unclear_beat_does_not_change_the_chord() -> None:
    chords = [Chord(0, "maj")] * 8
    chroma, bass = chroma_of(chords)
    chroma[5] = 1.0
    bass[5] = 1.0
    found, sure = find_chords(chroma, bass, np.arange(8) % 4, 4)
    assert found == tuple(chords)
    assert sure.min() > 0.5


def test_viterbi_and_posteriors_agree_with_all_paths() -> None:
    rng = np.random.default_rng(2)
    scores, cost = np.log(rng.dirichlet(np.ones(3), 5)), rng.uniform(0.5, 3, 5)
    paths = np.stack(np.meshgrid(*[range(3)] * 5, indexing="ij"), -1).reshape(-1, 5)
    steps = np.arange(1, 5)

    def total(path: np.ndarray, change: np.ndarray, stay: np.ndarray) -> float:
        moved = path[1:] != path[:-1]
        return scores[np.arange(5), path].sum() + np.where(moved, change[steps], stay[steps]).sum()

    best = max(paths, key=lambda path: total(path, -cost, np.zeros(5)))
    np.testing.assert_array_equal(_best_sequence(scores, cost), best)
    odds = np.array([np.exp(total(p, -cost - np.log(2), np.log(1 - np.exp(-cost)))) for p in paths])
    exact = np.array([[odds[paths[:, k] == c].sum() for c in range(3)] for k in range(5)]) / odds.sum()
    np.testing.assert_allclose(_posteriors(scores, cost), exact, rtol=1e-6)


@pytest.mark.parametrize("tonic", range(12))
def test_key_of_its_own_cadence(tonic: int) -> None:
    chords = [Chord((tonic + d) % 12, "maj") for d in (0, 5, 7, 0)]
    key, sure = find_key(*chroma_of(chords), tuple(chords))
    assert (key.tonic, key.mode) == (tonic, "maj")
    assert sure > 0.3


def test_nothing_has_no_key() -> None:
    _, sure = find_key(np.zeros((4, 12)), np.zeros((4, 12)), (Chord(0, "maj"),) * 4)
    assert sure < 0.05

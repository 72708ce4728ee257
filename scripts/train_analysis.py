"""Fits the linear models of the embedded engine's analysis on made songs and writes its `weights.json`.

    python scripts/train_analysis.py [--seeds 8] [--folds 4]

Downbeats, places in the bar and chords are multinomial logistic regressions on the true beats of
tests/support/labelled_songs.py, with a penalty on large weights, by Adam over all beats at once. Before the
last fit on everything, styles are held out in turn, and what is right on them is printed. Takes a few
minutes.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from punchin.engines.embedded.analysis.bars import beat_evidence
from punchin.engines.embedded.analysis.hearing import hear
from punchin.engines.embedded.analysis.onsets import find_onsets
from punchin.engines.embedded.analysis.pitch import beat_chroma, find_pitches
from support.labelled_songs import STYLES, LabelledSong, labelled_song

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Rows = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
OUTPUT = ROOT / "src/punchin/engines/embedded/analysis/weights.json"

REACH = 2
"""Neighbours on both sides of a beat that are looked at."""

BAR_PENALTY, CHORD_PENALTY = 0.02, 0.001


@dataclass(frozen=True)
class Lesson:
    """The true beats of one song with what is heard at them."""

    style: str
    around: Rows
    positions: NDArray[np.int64]
    beats_per_bar: int
    heard: Rows
    chords: NDArray[np.int64]


def lesson(made: LabelledSong) -> Lesson:
    """What the analysis hears at the labelled beats."""
    heard = hear(made.song)
    onsets, pitches = find_onsets(heard.wave), find_pitches(heard.pitch_wave)
    chroma, bass = beat_chroma(pitches, made.beats_s)
    evidence = np.pad(
        np.clip(beat_evidence(onsets, made.beats_s, chroma, bass), -3, 3), ((REACH, REACH), (0, 0))
    )
    count = len(made.positions)
    around = np.concatenate([evidence[k : k + count] for k in range(2 * REACH + 1)], axis=1)
    unit = [rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9) for rows in (chroma, bass)]
    chords = np.array([root + 12 * (quality == "min") for root, quality in made.chords])
    return Lesson(made.style, around, made.positions, made.beats_per_bar, np.stack(unit, axis=1), chords)


def fitted(gradient: Callable[[Rows], Rows], shape: tuple[int, ...], steps: int, rate: float) -> Rows:
    """Adam (Kingma & Ba 2015) on a convex loss, from zero, with a rate that falls to zero."""
    w, mean, square = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for step in range(steps):
        g = gradient(w)
        mean, square = 0.9 * mean + 0.1 * g, 0.99 * square + 0.01 * g * g
        w = w - rate * mean / (np.sqrt(square) + 1e-8) * (1 - step / steps)
    return w


def softmax(rows: Rows) -> Rows:
    """Probabilities of rows of log-odds."""
    odds = np.exp(rows - rows.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def fit_classes(x: Rows, y: NDArray[np.int64], counts: Rows, classes: int, penalty: float) -> Rows:
    """Multinomial logistic regression, `[F + 1, classes]`, the last row is the bias."""
    x = np.pad(x, ((0, 0), (0, 1)), constant_values=1.0).astype(np.float32)
    wanted, share = np.eye(classes)[y], (counts / counts.sum())[:, None]

    def gradient(w: Rows) -> Rows:
        g = x.T @ ((softmax(x @ w.astype(np.float32)) - wanted) * share)
        g[:-1] += penalty * w[:-1]
        return g

    return fitted(gradient, (x.shape[1], classes), 250, 0.05)


def fit_chords(lessons: list[Lesson]) -> Rows:
    """Weights of major and minor turned to every root, `[24, 2]`."""
    heard = np.concatenate([item.heard for item in lessons])
    turned = np.stack([np.roll(heard, -root, axis=2).reshape(-1, 24) for root in range(12)], axis=1)
    flat = turned.reshape(-1, 24).astype(np.float32)
    chord = np.concatenate([item.chords for item in lessons])
    wanted = np.zeros((len(chord), 12, 2))
    wanted[np.arange(len(chord)), chord % 12, chord // 12] = 1

    def gradient(w: Rows) -> Rows:
        guess = softmax((flat @ w.astype(np.float32)).reshape(len(chord), 24))
        return flat.T @ (guess.reshape(-1, 2) - wanted.reshape(-1, 2)) / len(chord) + CHORD_PENALTY * w

    return fitted(gradient, (24, 2), 300, 0.1)


def fit_all(lessons: list[Lesson]) -> dict[str, object]:
    """Everything that `weights.json` holds."""
    around = np.concatenate([item.around for item in lessons])
    positions = np.concatenate([item.positions for item in lessons])
    metre = np.concatenate([np.full(len(item.positions), item.beats_per_bar) for item in lessons])
    # Two styles of twenty-one are in three: they count twice.
    downbeat = fit_classes(
        around, (positions == 0).astype(int), np.where(metre == 3, 2.0, 1.0), 2, BAR_PENALTY
    )
    rest = (metre == 4) & (positions > 0)
    place = fit_classes(around[rest], positions[rest] - 1, np.ones(int(rest.sum())), 3, BAR_PENALTY)
    chords = fit_chords(lessons[::2])
    downbeat = downbeat[:, 1] - downbeat[:, 0]
    return {
        "downbeat": np.round(downbeat[:-1], 3).tolist(),
        "downbeat_bias": round(float(downbeat[-1]), 3),
        "place": np.round(place[:-1], 3).tolist(),
        "place_bias": np.round(place[-1], 3).tolist(),
        "chords": {"maj": np.round(chords[:, 0], 2).tolist(), "min": np.round(chords[:, 1], 2).tolist()},
    }


def right(lessons: list[Lesson], kept: dict[str, object]) -> tuple[float, float]:
    """Share of beats judged rightly one by one, without their sequence: downbeat or not, and chord."""
    downbeats, chords = [], []
    templates = np.array([kept["chords"]["maj"], kept["chords"]["min"]]).T  # type: ignore[index]
    for item in lessons:
        logit = item.around @ np.array(kept["downbeat"]) + kept["downbeat_bias"]
        downbeats.append(np.mean((logit > 0) == (item.positions == 0)))
        turned = np.stack([np.roll(item.heard, -root, axis=2).reshape(-1, 24) for root in range(12)], axis=1)
        scores = turned @ templates
        guess = np.concatenate([scores[..., 0], scores[..., 1]], axis=1).argmax(axis=1)
        chords.append(np.mean(guess == item.chords))
    return float(np.mean(downbeats)), float(np.mean(chords))


def main() -> None:
    """Fit with styles held out, then on all, and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=8, help="songs of each style")
    parser.add_argument("--folds", type=int, default=4, help="0 skips the check on held-out styles")
    given = parser.parse_args()
    lessons = [
        lesson(labelled_song(style, seed, (20.0, 30.0, 45.0)[seed % 3]))
        for style in STYLES
        for seed in range(given.seeds)
    ]
    order = np.random.default_rng(0).permutation(sorted(STYLES))
    for fold in range(given.folds):
        held = set(map(str, order[fold :: given.folds]))
        kept = fit_all([item for item in lessons if item.style not in held])
        downbeats, chords = right([item for item in lessons if item.style in held], kept)
        print(f"held out {sorted(held)}: single beats {downbeats:.3f}, chords {chords:.3f}")
    OUTPUT.write_text(json.dumps(fit_all(lessons), indent=1) + "\n", "utf-8")
    print("wrote", OUTPUT.relative_to(ROOT))


if __name__ == "__main__":
    main()

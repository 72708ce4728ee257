"""Train the phoneme models of the singer's voice from that voice alone.

    pip install '.[voice]'
    python scripts/train_aligner.py

Sentences of dictionary words are spoken by py-nanotts and laid out by the shipped dictionary; the models
start flat (each sentence cut evenly) and learn by aligning and averaging in turns, the "flat start" of the
HTK book (Young et al. 2006). No recording, no label and no other model is used. The same versions of
py-nanotts and of the dictionary give the same models.
"""

from __future__ import annotations

import argparse
import io
import random
from pathlib import Path

import numpy as np

from punchin.engines.embedded.voice import aligning
from punchin.engines.embedded.voice.aligning import SILENCE, STATES, PhoneModel, features
from punchin.engines.embedded.voice.pronouncing import dictionary, pronounce, rules
from punchin.engines.embedded.voice.speaking import speak

MODELS = Path(__file__).parents[1] / "src/punchin/engines/embedded/voice/phones.npz"

TOGETHER = 50
"""Sentences spoken in one go."""

COMMON = """
night heart light fire dance music baby girl boy street money rain river moon star sky dream hand
eyes home road world feel tonight forever never always again love time day way life mind soul city
sun sea summer winter shadow gold silver diamond whisper calling burning walking falling running
breathing holding waiting dancing shining morning evening people nothing something everything little
over under water mother father brother sister young beautiful wonderful measure pleasure vision
casual treasure usual joy voice noise choice boy enjoy thought thing both breath this that those
them there whether together yes you year use music future picture nature church watch judge page
bridge general good could book look full house out about sound down ground clear here near year fear
""".split()  # noqa: SIM905 (a list of a hundred words in quotes is not easier to read)


def sentences(count: int, rng: random.Random) -> list[list[str]]:
    """Word lists to speak: common words, function words and a few rare ones from the dictionary."""
    known = dictionary()
    lines = known._text.decode().splitlines()
    rare = [w for w in (line.split(" ", 1)[0] for line in lines) if w.isalpha() and 3 <= len(w) <= 9]
    function = sorted(w for w in rules().function_words if w.isalpha())
    return [
        [
            w
            for _ in range(3)
            for w in (
                rng.choice(COMMON),
                rng.choice(function),
                rng.choice(COMMON if rng.random() < 0.7 else rare),
            )
        ]
        for _ in range(count)
    ]


def even(rows: np.ndarray, speech: np.ndarray, phones: list[str]) -> list[tuple[str, int, int]]:
    """A first guess: silence where it is quiet at both ends, phonemes of equal length between."""
    loud = np.flatnonzero(np.abs(speech) > 0.02 * np.abs(speech).max()) / aligning.STEP
    start, end = int(loud[0]), int(loud[-1]) + 1
    edges = np.linspace(start, end, len(phones) + 1).round().astype(int)
    inner = [(p, int(a), int(b)) for p, a, b in zip(phones, edges, edges[1:], strict=False)]
    return [(SILENCE, 0, start), *inner, (SILENCE, end, len(rows))]


def average(cut: list[tuple[np.ndarray, list[tuple[str, int, int]]]]) -> dict[str, PhoneModel]:
    """Each state's mean, variance and length over all its rows."""
    heaps: dict[str, list[list[np.ndarray]]] = {}
    for rows, parts in cut:
        for name, start, end in parts:
            if end - start >= STATES:
                for k, piece in enumerate(np.array_split(rows[start:end], STATES)):
                    heaps.setdefault(name, [[] for _ in range(STATES)])[k].append(piece)
    floor = 0.05 * np.concatenate([rows for rows, _ in cut]).var(axis=0)
    models: dict[str, PhoneModel] = {}
    for name, states in heaps.items():
        stacked = [np.concatenate(pieces) for pieces in states]
        models[name] = PhoneModel(
            np.stack([s.mean(axis=0) for s in stacked]),
            np.stack([np.maximum(s.var(axis=0), floor) for s in stacked]),
            np.array([np.mean([len(p) for p in pieces]) for pieces in states]),
        )
    return models


def train(count: int, rounds: int, seed: int) -> dict[str, PhoneModel]:
    rng = random.Random(seed)
    spoken = []
    texts = sentences(count, rng)
    speeches = (speech for k in range(0, count, TOGETHER) for speech in speak(texts[k : k + TOGETHER]))
    for words, speech in zip(texts, speeches, strict=True):
        spoken.append((speech, features(speech), [list(pronounce(w).phones) for w in words]))
    cut = [(rows, even(rows, speech, [p for w in words for p in w])) for speech, rows, words in spoken]
    models = average(cut)
    for number in range(rounds):
        cut = []
        for speech, rows, words in spoken:
            found = aligning.align(speech, words, models)
            cut.append(
                (
                    rows,
                    [
                        (p.name, round(p.start_s / aligning.STEP_S), round(p.end_s / aligning.STEP_S))
                        for p in found
                    ],
                )
            )
        models = average(cut)
        print(f"round {number + 1} of {rounds}")
    return models


def save(models: dict[str, PhoneModel], path: Path) -> None:
    """As float16, 20 KB; no times in the archive, so that the same models are the same bytes."""
    rows = {
        name: np.concatenate([m.means.ravel(), m.variances.ravel(), m.lengths]).astype(np.float16)
        for name, m in sorted(models.items())
    }
    held = io.BytesIO()
    np.savez_compressed(held, **rows)
    path.write_bytes(held.getvalue())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=MODELS)
    options = parser.parse_args()
    models = train(options.sentences, options.rounds, options.seed)
    save(models, options.output)
    print(f"{options.output.name}: {len(models)} phonemes, {options.output.stat().st_size / 1e3:.1f} KB")


if __name__ == "__main__":
    main()

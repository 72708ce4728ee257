"""Train the phoneme models of the singer's voice from that voice alone.

    pip install '.[voice]'
    python scripts/train_aligner.py [es it ...]

Sentences of common words are spoken by py-nanotts and laid out by the shipped dictionary or spelling rules;
the models start flat (each sentence cut evenly) and learn by aligning and averaging in turns, the "flat
start" of the HTK book (Young et al. 2006). No recording, no label and no other model is used. The same
versions of py-nanotts and of the rules give the same models. After a change of rules, train anew.
"""

from __future__ import annotations

import argparse
import io
import random
from pathlib import Path

import numpy as np

from punchin.engines.embedded.voice import aligning
from punchin.engines.embedded.voice.aligning import SILENCE, STATES, PhoneModel, features
from punchin.engines.embedded.voice.languages import ENGLISH, LANGUAGES, NOT_UNDERSTOOD, Language
from punchin.engines.embedded.voice.pronouncing import dictionary, rules
from punchin.engines.embedded.voice.speaking import speak
from punchin.engines.embedded.voice.spelling import read_sections, spelling_of

MODELS = Path(__file__).parents[1] / "src/punchin/engines/embedded/voice"

WORDS = Path(__file__).with_name("aligner_words.txt")
"""What is spoken: common words of each language, so that every sound occurs often."""

TOGETHER = 50
"""Sentences spoken in one go."""


def sentences(language: Language, count: int, rng: random.Random) -> list[list[str]]:
    """Word lists to speak: common words, function words and a few rare ones from the dictionary."""
    lines = read_sections(WORDS.read_text("utf-8"))[language.code]
    common = [word for line in lines for word in line.split()]
    if language is ENGLISH:
        rare = [w for w in dictionary().words() if w.isalpha() and 3 <= len(w) <= 9]
        function = sorted(w for w in rules().function_words if w.isalpha())
    else:
        spelling = spelling_of(language.name.lower())
        rare = sorted(w for w in (*spelling.known, *spelling.telling_words) if w.isalpha())
        function = sorted(w for w in spelling.function_words if w.isalpha())
    return [
        [
            w
            for _ in range(3)
            for w in (
                rng.choice(common),
                rng.choice(function),
                rng.choice(common if rng.random() < 0.7 else rare),
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


def train(language: Language, count: int, rounds: int, seed: int) -> dict[str, PhoneModel]:
    rng = random.Random(seed)
    spoken = []
    texts = sentences(language, count, rng)
    speeches = (
        speech for k in range(0, count, TOGETHER) for speech in speak(texts[k : k + TOGETHER], language.voice)
    )
    for words, speech in zip(texts, speeches, strict=True):
        spoken.append((speech, features(speech), [list(word.phones) for word in language.pronounced(words)]))
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
    parser.add_argument("languages", nargs="*", help="es, it ...; all if none is named")
    parser.add_argument("--sentences", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, default=MODELS, help="a folder")
    options = parser.parse_args()
    known = {**LANGUAGES, **NOT_UNDERSTOOD}
    for code in options.languages or known:
        models = train(known[code], options.sentences, options.rounds, options.seed)
        path = options.output / f"phones.{code}.npz"
        save(models, path)
        print(f"{path.name}: {len(models)} phonemes, {path.stat().st_size / 1e3:.1f} KB")


if __name__ == "__main__":
    main()

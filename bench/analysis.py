"""How well the analysis hears: beats, bars, chords, key and confidences, song by song.

    python bench/analysis.py [--seeds 2] [--songs DIR] [--immich DIR] [--labels DIR]

Judged on songs made by tests/support/labelled_songs.py (exact labels), on the tracks of PyPI's
immich-memories-music (tempo and key that were asked of the model that made them), and on a folder of real
songs. `--labels` names a folder of NAME.json with {"offset": s, "dur": s, "beats": [[s, place in bar from 1],
...], "chords": [[start s, end s, "C:maj"], ...]}: labels of people or of another program for those songs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from punchin.engines.embedded.analysis import Analysis, analyse
from punchin.song import Song
from support.labelled_songs import STYLES, LabelledSong, labelled_song

TOLERANCE_S = 0.07
"""Of a beat that counts as found, as in MIREX and mir_eval."""

PROTOTYPE = "prototype, 28 clips, another tracker as judge: beats 0.68, downbeats 0.56, chords 0.63, key 50 %"

Times = NDArray[np.float64]
Spans = list[tuple[float, float, str]]


@dataclass
class Row:
    """What is printed of one song; None where there is no label."""

    name: str
    bpm: float
    beats: float | None = None
    downbeats: float | None = None
    chords: float | None = None
    key: str = ""
    key_right: float | None = None
    swing: float = 0.5
    trust: tuple[float, ...] = ()
    cpu_s: float = 0.0
    remark: str = ""
    also: dict[str, float] = field(default_factory=dict)


def f_measure(found: Times, true: Times, tolerance_s: float = TOLERANCE_S) -> float:
    """F-measure of times matched one to one within the tolerance (Davies et al. 2009, section 2.1)."""
    if not found.size or not true.size:
        return 0.0
    matched, i, j = 0, 0, 0
    while i < found.size and j < true.size:
        if abs(found[i] - true[j]) <= tolerance_s:
            matched, i, j = matched + 1, i + 1, j + 1
        elif found[i] < true[j]:
            i += 1
        else:
            j += 1
    return 2 * matched / (found.size + true.size)


def chord_overlap(found: Spans, true: Spans, step_s: float = 0.02) -> float:
    """Share of the labelled time with the same triad; time without a major or minor label does not count."""
    known = [(a, b, name) for a, b, name in true if name != "N"]
    if not known:
        return float("nan")
    at = np.arange(min(a for a, _, _ in known), max(b for _, b, _ in known), step_s)
    names = [_names_at(spans, at) for spans in (found, known)]
    counts = names[1] != ""
    return float((names[0] == names[1])[counts].mean())


def _names_at(spans: Spans, at: Times) -> NDArray[np.str_]:
    names = np.full(at.size, "", dtype="U8")
    for start, end, name in spans:
        names[(at >= start) & (at < end)] = name
    return names


def chord_spans(analysis: Analysis) -> Spans:
    t = analysis.grid.times_s
    return [(t[k], t[k + 1], f"{c.root}:{c.quality}") for k, c in enumerate(analysis.harmony.chords)]


def key_score(found: tuple[int, str], true: tuple[int, str]) -> float:
    """1 right, 0.5 a fifth off, 0.3 relative, 0.2 parallel, else 0 (MIREX audio key detection)."""
    if found == true:
        return 1.0
    if found[1] == true[1]:
        return 0.5 if (found[0] - true[0]) % 12 in (5, 7) else 0.0
    relative = (true[0] + 9) % 12 if true[1] == "maj" else (true[0] + 3) % 12
    return 0.3 if found[0] == relative else 0.2 if found[0] == true[0] else 0.0


def judged(name: str, song: Song) -> tuple[Row, Analysis]:
    start = time.process_time()
    analysis = analyse(song)
    row = Row(name, analysis.grid.tempo_bpm, cpu_s=time.process_time() - start)
    harmony = analysis.harmony
    row.key, row.swing = str(harmony.key), analysis.grid.swing
    row.trust = (
        analysis.grid.confidence,
        analysis.grid.downbeat_confidence,
        float(np.mean(harmony.confidences)),
        harmony.key_confidence,
        analysis.musicality,
    )
    return row, analysis


def compare(
    row: Row, analysis: Analysis, beats_s: Times, positions: NDArray[np.int64], start_s: float, end_s: float
) -> None:
    """Fill in the F-measures over `[start_s, end_s)`."""
    grid = analysis.grid
    found = grid.times_s[:-1]
    inside, true = (found >= start_s) & (found < end_s), (beats_s >= start_s) & (beats_s < end_s)
    row.beats = f_measure(found[inside], beats_s[true])
    row.downbeats = f_measure(found[inside & (grid.positions == 0)], beats_s[true & (positions == 0)])
    double = np.sort(np.concatenate([beats_s, (beats_s[:-1] + beats_s[1:]) / 2]))
    row.also["any level"] = max(
        row.beats,
        f_measure(found[inside], double[(double >= start_s) & (double < end_s)]),
        *(f_measure(found[inside], beats_s[k::2][true[k::2]]) for k in (0, 1)),
    )


def judge_labelled(made: LabelledSong, name: str) -> Row:
    row, analysis = judged(name, made.song)
    compare(row, analysis, made.beats_s[:-1], made.positions, 0.0, made.song.duration_s)
    true = [(made.beats_s[k], made.beats_s[k + 1], f"{r}:{q}") for k, (r, q) in enumerate(made.chords)]
    row.chords = chord_overlap(chord_spans(analysis), true)
    row.key_right = key_score((analysis.harmony.key.tonic, analysis.harmony.key.mode), made.key)
    row.remark = f"{made.bpm:.0f} bpm {made.beats_per_bar}/4" + (
        "" if made.beats_per_bar == analysis.grid.beats_per_bar else " metre wrong"
    )
    return row


def read_song(path: Path, longest_s: float = 180.0) -> Song:
    rate = soundfile.info(path).samplerate
    samples, _ = soundfile.read(path, dtype="float32", always_2d=True, frames=int(longest_s * rate))
    return Song(np.ascontiguousarray(samples.T), rate)


PITCHES = {
    name: k
    for k, names in enumerate(
        ["C", "C# Db", "D", "D# Eb", "E", "F", "F# Gb", "G", "G# Ab", "A", "A# Bb", "B"]
    )
    for name in names.split()
}


def judge_file(path: Path, labels: Path | None) -> Row:
    song = read_song(path)
    row, analysis = judged(path.name, song)
    file = labels / f"{path.name}.json" if labels else None
    if file and file.exists():
        label = json.loads(file.read_text())
        beats = np.array(label["beats"]).reshape(-1, 2)
        offset = label["offset"]
        compare(
            row, analysis, beats[:, 0] + offset, beats[:, 1].astype(int) - 1, offset, offset + label["dur"]
        )
        spans = [(a + offset, b + offset, _plain(name)) for a, b, name in label["chords"]]
        row.chords = chord_overlap(chord_spans(analysis), spans)
    return row


def _plain(name: str) -> str:
    root, _, quality = name.partition(":")
    return f"{PITCHES[root]}:{quality}" if quality in {"maj", "min"} else "N"


def prompts(folder: Path) -> dict[str, tuple[float, tuple[int, str]]]:
    """Tempo and key that the tracks of immich-memories-music were made with, from its licence file."""
    text = next(folder.rglob("LICENSE-MUSIC")).read_text()
    rows = re.findall(r"(\S+\.opus)\s+(\d+) bpm\s+(\S+) (major|minor)", text)
    return {name: (float(bpm), (PITCHES[tonic], mode[:3])) for name, bpm, tonic, mode in rows}


def judge_immich(folder: Path, labels: Path | None) -> list[Row]:
    asked, rows = prompts(folder), []
    for path in sorted(folder.rglob("*.opus")):
        bpm, key = asked[path.name]
        row = judge_file(path, labels)
        tonic, mode = row.key.split()
        row.key_right = key_score((PITCHES[tonic], mode[:3]), key)
        ratio = row.bpm / bpm
        row.also["tempo"] = float(abs(np.log2(ratio)) < 0.06)
        row.also["tempo octave"] = float(
            min(abs(np.log2(ratio * k)) for k in (1, 2, 0.5, 3, 1 / 3, 1.5, 2 / 3)) < 0.06
        )
        row.remark = f"asked {bpm:.0f} bpm, {key[0]}:{key[1]}"
        rows.append(row)
    return rows


def show(title: str, rows: list[Row], *, each: bool = True) -> None:
    print(f"\n{title}\n{'':28s} {'bpm':>5s} beats  down chord   key {'name':>9s} swing |", end="")
    print(" beat down chord key music | cpu s")
    for row in rows if each else []:
        scores = " ".join(
            "  -  " if v is None else f"{v:5.2f}"
            for v in (row.beats, row.downbeats, row.chords, row.key_right)
        )
        trust = " ".join(f"{v:.2f}" for v in row.trust)
        print(f"{row.name[:28]:28s} {row.bpm:5.1f} {scores} {row.key:>9s} {row.swing:.2f}", end="")
        print(f" | {trust} | {row.cpu_s:.2f} {row.remark}")
    columns = {
        "beats": [r.beats for r in rows],
        "downbeats": [r.downbeats for r in rows],
        "chords": [r.chords for r in rows],
        "key": [r.key_right for r in rows],
        "cpu_s": [r.cpu_s for r in rows],
    } | {k: [r.also.get(k) for r in rows] for k in ("any level", "tempo", "tempo octave")}
    means = {
        k: np.nanmean([v for v in values if v is not None])
        for k, values in columns.items()
        if any(v is not None for v in values)
    }
    print("mean:", ", ".join(f"{k} {v:.3f}" for k, v in means.items()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2, help="labelled songs of each style")
    parser.add_argument("--songs", type=Path, help="folder of real songs")
    parser.add_argument("--immich", type=Path, help="folder with the unpacked wheel of immich-memories-music")
    parser.add_argument("--labels", type=Path, help="folder of label files for real songs")
    given = parser.parse_args()
    rows = [
        judge_labelled(labelled_song(s, 1000 + k), f"{s} {k}") for s in STYLES for k in range(given.seeds)
    ]
    show("Made songs, exact labels", rows)
    if given.immich:
        show("immich-memories-music, tempo and key as asked", judge_immich(given.immich, given.labels))
    if given.songs:
        paths = [
            p for p in sorted(given.songs.iterdir()) if p.suffix in {".ogg", ".mp3", ".wav", ".flac", ".opus"}
        ]
        show("Real songs", [judge_file(p, given.labels) for p in paths])
    print("\n" + PROTOTYPE)


if __name__ == "__main__":
    main()

"""What tags do to real songs: cost, beat, chords, loudness, joins, and what is heard, edit by edit.

    python bench/styles.py [SONG ...]

Part of `bench/embedded.py`, which says what the columns mean; further here:

    chroma    how well the added parts agree with the song's own sound there: mean cosine of chroma
    moved     the same with the parts transposed by 1 to 11 semitones: what agreement by chance would be
    hits/s    strokes a second
    roll-off  below which 95 % of the power lies
    mel       1 - cosine of mean log-mel spectra, against the same edit without tags
    takes     largest correlation of the waveforms of two of four seeds; 1 would be the same take
"""

from __future__ import annotations

import itertools
import sys
import time
from pathlib import Path

import numpy as np
import soundfile

import hearing
from punchin.edits import Edit
from punchin.engine import no_progress
from punchin.engines.embedded import EmbeddedEngine
from punchin.engines.embedded.analysis import analyse
from punchin.engines.embedded.arrangement import arrange, lay_ground
from punchin.engines.embedded.bed import lay_bed
from punchin.engines.embedded.synthesis import Player
from punchin.engines.embedded.tags import parse_tags
from punchin.loudness import loudness_lufs
from punchin.region import Region
from punchin.song import Song

TAG_SETS = (
    "lofi, chill piano", "hip hop", "trap, dark", "house", "dnb", "techno", "rock", "metal",
    "jazz, saxophone", "bossa nova", "reggae", "funk", "ambient", "orchestral", "acoustic guitar",
    "chiptune", "no drums", "muffled",
)  # fmt: skip
"""Eighteen takes on one song: genres, instruments, something left out, an effect."""

LENGTH_S = 10.0

PROTOTYPE = """prototype: chroma .69 to .91, transposed .42 to .68; hits 0.4/s (ambient) to 4.3/s (dnb);
roll-off 560 Hz (ambient) to 3.5 kHz (jazz sax); mel .17 to .79; takes .02 to .33"""


def main() -> None:
    report([Path(name) for name in sys.argv[1:]])


def report(songs: list[Path]) -> None:
    """Print a table for the first song with every tag set, and one row a song with tag sets in turn."""
    print(
        f"\n{'song':22s} {'tags':20s} {'CPU s':>6s} {'LU':>5s} {'chroma':>6s} {'moved':>6s} {'hits/s':>6s} "
        f"{'roll-off':>8s} {'mel':>5s} {'width':>5s} {'takes':>5s}"
    )
    for number, path in enumerate(songs):
        room = _Room(path)
        for tags in TAG_SETS if number == 0 else TAG_SETS[number % 5 :: 5]:
            room.row(tags, seeds=(1, 2, 3, 4) if number == 0 else (1, 2))
    print(PROTOTYPE)


class _Room:
    """One song with one hole, and its edit without tags to compare with."""

    def __init__(self, path: Path) -> None:
        samples, self.rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        self.name = path.stem
        self.engine = EmbeddedEngine()
        start_s = min(60.0, 0.4 * len(samples) / self.rate_hz)
        end_s = min(start_s + LENGTH_S, len(samples) / self.rate_hz)
        self.region = Region.parse(round(start_s, 3), round(end_s, 3))
        hole = self.region.frames(self.rate_hz, len(samples))
        window = self.engine.window(hole, len(samples), self.rate_hz, self.edit("", 1))
        self.song = Song(np.ascontiguousarray(samples[window.start : window.end].T), self.rate_hz)
        self.hole = hole.within(window)
        self.analysis = analyse(self.song)
        self.plain = self.filled("", 1)

    def edit(self, tags: str, seed: int) -> Edit:
        return Edit(region=self.region, tags=(tags,) if tags else (), seed=seed)

    def filled(self, tags: str, seed: int) -> np.ndarray:
        return self.engine.fill(self.song, self.hole, self.edit(tags, seed), no_progress).song.samples

    def row(self, tags: str, seeds: tuple[int, ...]) -> None:
        began = time.process_time()
        made = self.filled(tags, seeds[0])
        cpu_s = time.process_time() - began
        takes = [made, *(self.filled(tags, seed) for seed in seeds[1:])]
        alike = max(abs(_correlation(a, b)) for a, b in itertools.combinations(takes, 2))
        chords, moved = self.agreement(tags)
        rate_hz = self.rate_hz
        print(
            f"{self.name[:22]:22s} {tags:20s} {cpu_s:6.2f} {self.louder(made):+5.1f} "
            f"{chords:6.2f} {moved:6.2f} "
            f"{hearing.onset_rate(made, rate_hz):6.1f} {hearing.roll_off_hz(made, rate_hz):8.0f} "
            f"{hearing.mel_distance(made, self.plain, rate_hz):5.2f} {hearing.width(made):5.2f} {alike:5.2f}",
            flush=True,
        )

    def louder(self, made: np.ndarray) -> float:
        """LU of the new part against ten seconds on each side."""
        side = 10 * self.rate_hz
        before = self.song.samples[:, max(0, self.hole.start - side) : self.hole.start]
        after = self.song.samples[:, self.hole.end : self.hole.end + side]
        around = Song(np.concatenate([before, after], axis=1), self.rate_hz)
        return loudness_lufs(Song(made, self.rate_hz)) - loudness_lufs(around)

    def agreement(self, tags: str) -> tuple[float, float]:
        """Chroma of what is played against that of the bed it is played on."""
        bed = lay_bed(self.song, self.hole, self.analysis, seed=1, variance=0.3)
        start_s, end_s = self.hole.start / self.rate_hz, self.hole.end / self.rate_hz
        ground = lay_ground(self.analysis, start_s, end_s, bed.donors)
        score = arrange(parse_tags([tags]).style, ground, seed=1)
        pitched = [stem.samples for stem in Player().stems(score, self.rate_hz, seed=1) if stem.track]
        if not pitched:
            return float("nan"), float("nan")
        tuning = ground.tuning_semitones
        own = hearing.chroma(bed.song.samples, self.rate_hz, tuning)
        return hearing.agreement(own, hearing.chroma(np.sum(pitched, axis=0), self.rate_hz, tuning))


def _correlation(one: np.ndarray, other: np.ndarray) -> float:
    a, b = one.ravel(), other.ravel()
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b) + 1e-12))


if __name__ == "__main__":
    main()

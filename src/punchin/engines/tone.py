"""The simplest true engine: fills the hole with one held note in the song's level.

It is instant and depends on nothing but the seed and the level around the hole, so everything else (files,
joins, splicing, proofs, jobs) can be tested fast and honestly with it. It is also the shortest example of how
an engine is written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engine import EngineSpec, Filling, Progress
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.edits import Edit
    from punchin.region import Frames

LISTEN_S = 2.0
"""How much music on each side sets the level of the note."""

PENTATONIC_HZ = tuple(220.0 * 2 ** (semitones / 12) for semitones in (0, 3, 5, 7, 10, 12, 15, 17, 19, 22))
"""A minor pentatonic over two octaves from A3, equal temperament."""


class ToneEngine:
    """Fills a hole with a note; the seed chooses pitch and phase."""

    spec = EngineSpec(
        name="tone",
        version="1",
        summary="One held note in the song's level: instant, for tests and as an example of an engine.",
    )

    def load(self) -> None:
        """Nothing to load."""

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:  # noqa: ARG002
        """The hole and two seconds on each side."""
        listen = round(LISTEN_S * rate_hz)
        return hole.widen(listen, listen, total)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """A sine of the pitch that the seed chooses, each channel as loud (RMS) as the music around it."""
        progress("play", 0.0)
        rng = np.random.default_rng(edit.seed)
        pitch_hz = PENTATONIC_HZ[int(rng.integers(len(PENTATONIC_HZ)))]
        time_s = np.arange(len(hole)) / window.rate_hz
        note = np.sin(2 * np.pi * (pitch_hz * time_s + rng.random())) * np.sqrt(2.0)
        samples = _level_around(window, hole)[:, None] * note[None, :]
        progress("play", 1.0)
        return Filling(
            song=Song(samples.astype(np.float32), window.rate_hz), details={"pitch_hz": round(pitch_hz, 2)}
        )


def _level_around(window: Song, hole: Frames) -> np.ndarray:
    """RMS of each channel `[C]` outside the hole; of the whole window where there is no outside."""
    sides = np.concatenate([window.samples[:, : hole.start], window.samples[:, hole.end :]], axis=1)
    heard = np.nan_to_num(sides if sides.shape[1] else window.samples, nan=0.0, posinf=0.0, neginf=0.0)
    # A sine of RMS r peaks at r·√2; 0.7 keeps it inside full scale whatever the music.
    return np.minimum(np.sqrt(np.mean(np.square(heard, dtype=np.float64), axis=1)), 0.7)

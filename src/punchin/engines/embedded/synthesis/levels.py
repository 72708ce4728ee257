"""Measures how loud every instrument is and prints the trims that `instruments` should hold.

python -m punchin.engines.embedded.synthesis.levels
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from punchin.engines.embedded.score import Note, Score, Track
from punchin.engines.embedded.synthesis.instruments import INSTRUMENTS
from punchin.engines.embedded.synthesis.player import Player
from punchin.engines.embedded.synthesis.voice import MEDIUM_VELOCITY
from punchin.loudness import k_power, lufs
from punchin.song import Song

if TYPE_CHECKING:
    from punchin.engines.embedded.synthesis.instruments import Instrument

TARGET_LUFS = -20.0

EASED_DB = {"kalimba": -3.0, "xylophone": -3.0}
"""Instruments that are gone at once are heard by their peaks; these would be too loud at an equal mean."""

RATE_HZ = 44_100

BEAT_S = 0.5

PHRASE = (0, 4, 7, 12, 7, 4, 2, 0)
"""Semitones from about the middle of the compass, one every beat at 120 a minute."""


def phrase(played: Instrument) -> Score:
    """A short melody of medium velocity where the instrument sounds best."""
    start = (played.low + played.high) // 2 - 6
    notes = tuple(
        Note(beat * BEAT_S, 0.9 * BEAT_S, start + step, MEDIUM_VELOCITY) for beat, step in enumerate(PHRASE)
    )
    return Score(len(PHRASE) * BEAT_S, (Track(played.name, "lead", notes),))


def phrase_lufs(played: Instrument, player: Player) -> float:
    """Loudness of that phrase, without gates."""
    (stem,) = player.play(phrase(played), RATE_HZ)
    return lufs(float(np.mean(k_power(Song(stem.samples, RATE_HZ)))))


def target_lufs(name: str) -> float:
    """How loud an instrument's phrase is to be."""
    return TARGET_LUFS + EASED_DB.get(name, 0.0)


def main() -> None:
    """Print name, trim as it is and as it should be."""
    player = Player()
    for name, played in INSTRUMENTS.items():
        wanted = played.trim_db + target_lufs(name) - phrase_lufs(played, player)
        print(f"{name} {played.trim_db:g} {wanted:.1f}")  # noqa: T201, the user reads it


if __name__ == "__main__":
    main()

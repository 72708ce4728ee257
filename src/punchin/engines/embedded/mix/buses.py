"""The buses of the desk: what belongs together, and which effect acts on which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from punchin.engines.embedded.effects.filters import Sound

FOR_MUSIC = frozenset(
    {
        "autopan", "chorus", "delay", "dub_delay", "flanger", "gate", "phaser", "slapback", "smear",
        "tremolo",
    }
)  # fmt: skip
"""Effects that would smear drums and bass; they act on everything else. The others act on the whole mix."""


@dataclass(slots=True)
class Buses:
    """Four sounds `[2, N]` that are mixed into one.

    Attributes:
        bed: the song's own tones.
        parts: what is played on them.
        bass: the new bass.
        drums: the new drums and what is left of the song's own.
    """

    bed: Sound
    parts: Sound
    bass: Sound
    drums: Sound

    @classmethod
    def of(cls, bed: Sound, drums: Sound | None = None) -> Self:
        """The song's own sound on its buses, the others silent."""
        silence = np.zeros_like(bed)
        return cls(bed, silence, silence.copy(), silence.copy() if drums is None else drums)

    def add(self, role: str, samples: Sound) -> None:
        """Put a stem on the bus of its role; a shorter one ends where the bus does."""
        samples = np.pad(samples, ((0, 0), (self.bed.shape[1] - samples.shape[1], 0)))
        if role == "drums":
            self.drums = self.drums + samples
        elif role == "bass":
            self.bass = self.bass + samples
        else:
            self.parts = self.parts + samples

    def change(self, effect: Callable[[Sound], Sound]) -> None:
        """Let an effect act on all but drums and bass."""
        self.bed, self.parts = effect(self.bed), effect(self.parts)

    def sum(self) -> Sound:
        """All of them together."""
        return self.bed + self.parts + self.bass + self.drums


def split_effects(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The effects for the music and those for the whole mix, each in the order in which they were asked."""
    return [name for name in names if name in FOR_MUSIC], [name for name in names if name not in FOR_MUSIC]

"""What comes back: the new samples, and the take that they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from punchin.region import Frames
    from punchin.songfile import Native


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """New samples for a run of frames of one song.

    Attributes:
        frames: where they go, in frames of the song.
        samples: `[C, len(frames)]` in the song's native sample format; nothing outside `frames` is to change.
    """

    frames: Frames
    samples: Native

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.samples.shape[1] != len(self.frames):
            raise ValueError(f"samples {self.samples.shape} do not fill {self.frames}")

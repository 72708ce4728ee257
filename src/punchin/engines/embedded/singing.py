"""What the voice stage owes to the mix: a stem, and an account of every line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from punchin.engine import Progress, Unused
    from punchin.engines.embedded.arrangement import Ground
    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.tags import Style

_SECTION = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True, slots=True, eq=False)
class Sung:
    """What came of the words.

    Attributes:
        samples: the voice, `[2, N]`, exactly as long as the hole; None where nothing is sung.
        lines: those that are sung, in order.
        unused: those that are not, each with the reason.
        warnings: sentences for the person.
    """

    samples: Sound | None = None
    lines: tuple[str, ...] = ()
    unused: tuple[Unused, ...] = ()
    warnings: tuple[str, ...] = ()


class Singer(Protocol):
    """Sings, raps or speaks lines on the beats and chords of a hole."""

    def __call__(
        self,
        lines: tuple[str, ...],
        style: Style,
        ground: Ground,
        rate_hz: int,
        seed: int,
        progress: Progress,
    ) -> Sung:
        """Give the words a voice.

        Args:
            lines: what to sing, without section marks and empty lines; at least one.
            style: how: `style.vocals`.
            ground: beats, bars and chords of the hole, and how long it is.
            rate_hz: frames a second of the stem.
            seed: another one gives another melody.
            progress: told how far it is, 0..1; may raise `Cancelled`.
        """
        ...


def lines_of(lyrics: str) -> tuple[str, ...]:
    """The lines that are to be sung: section marks like `[chorus]` and empty lines left out."""
    bare = (" ".join(_SECTION.sub(" ", line).split()) for line in lyrics.splitlines())
    return tuple(line for line in bare if line)

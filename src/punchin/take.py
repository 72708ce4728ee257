"""What comes back: new samples for a region, and the take that was written with them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from punchin.edits import Edit
    from punchin.engine import Filling
    from punchin.join import Joined
    from punchin.receipt import Receipt
    from punchin.region import Frames
    from punchin.seam import Seams
    from punchin.splice.model import Patch


@dataclass(frozen=True, slots=True, eq=False)
class Candidate:
    """One answer of an engine to one edit, joined to the song but not written yet.

    Attributes:
        edit: what was asked, with the seed that was used.
        region: the edit's region in frames of the song.
        patch: the new samples, ready to be spliced.
        filling: what the engine said about it.
        joined: how the new sound was brought to the song.
        seams: how the joins measure; the judge between several candidates.
        shared: the regions that were filled in the same pass, this one among them; empty if it was alone.
    """

    edit: Edit
    region: Frames
    patch: Patch
    filling: Filling
    joined: Joined
    seams: Seams
    shared: tuple[Frames, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Punch:
    """One region as it stands in a take: the candidate that was chosen, among those that were made."""

    chosen: Candidate
    candidates: tuple[Candidate, ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class Take:
    """A finished edit: the file, how it was made, and the proof that the rest is untouched.

    Attributes:
        path: the output.
        receipt: everything about it; `receipt.proof` is the promise kept.
        receipt_path: where the receipt was written, or None if it was not.
        punches: what was recorded, region by region.
    """

    path: Path
    receipt: Receipt
    receipt_path: Path | None
    punches: tuple[Punch, ...]

    @property
    def seams(self) -> tuple[Seams, ...]:
        """How the seams measure, region by region."""
        return tuple(punch.chosen.seams for punch in self.punches)

    @property
    def untouched(self) -> bool:
        """Whether everything outside the regions was compared and found identical."""
        return self.receipt.proof.identical

"""The bed: the hole filled with the song's own beats from elsewhere, on the song's own grid."""

from punchin.engines.embedded.bed.laying import lay_bed
from punchin.engines.embedded.bed.model import Bed, Piece
from punchin.engines.embedded.bed.taste import LOOSE, ON_THE_GRID, Taste

__all__ = ["LOOSE", "ON_THE_GRID", "Bed", "Piece", "Taste", "lay_bed"]

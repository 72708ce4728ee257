"""How the seams of a new part measure, against what the song itself does at any other place."""

from punchin.seam.measuring import measure
from punchin.seam.model import Edge, Reading, Seams

__all__ = ["Edge", "Reading", "Seams", "measure"]

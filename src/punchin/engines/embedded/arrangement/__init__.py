"""The arrangement: from a style and the chords and beats of a hole to a score."""

from punchin.engines.embedded.arrangement.arranging import USUAL_VARIANCE, arrange
from punchin.engines.embedded.arrangement.ground import Ground, beats_of, lay_ground
from punchin.engines.embedded.arrangement.instruments import RANGES
from punchin.engines.embedded.arrangement.library import library

__all__ = ["RANGES", "USUAL_VARIANCE", "Ground", "arrange", "beats_of", "lay_ground", "library"]

"""The mix: the bed, what is played on it, effects and space, as loud as the music around the hole."""

from punchin.engines.embedded.mix.finishing import finish
from punchin.engines.embedded.mix.mixing import LEAD_IN_S, Moments, mix
from punchin.engines.embedded.mix.separation import Layers, split
from punchin.engines.embedded.mix.surroundings import Surroundings, listen_around
from punchin.engines.embedded.mix.voices import without_centre
from punchin.engines.embedded.mix.working import back_to, to_stereo

__all__ = [
    "LEAD_IN_S",
    "Layers",
    "Moments",
    "Surroundings",
    "back_to",
    "finish",
    "listen_around",
    "mix",
    "split",
    "to_stereo",
    "without_centre",
]

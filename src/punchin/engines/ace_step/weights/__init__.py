"""Weights on this machine: fetched, checked, removed; none of it needs torch. See docs/ace-step.md.

packages   where each model is published, which files of it are needed, at which revision
hub        the door to huggingface_hub
downloads  one file, whole or gone on with
manifest   what a model folder holds, written when all of it was verified
folders    what is on the shelf, and taking it off
checks     what is wrong with which file
pulling    from the hub to the shelf
adopting   from a folder of this machine to the shelf
"""

from punchin.engines.ace_step.weights.adopting import adopt
from punchin.engines.ace_step.weights.checks import Fault, check
from punchin.engines.ace_step.weights.folders import Shelved, find_model, look, missing_packages, remove
from punchin.engines.ace_step.weights.packages import PACKAGES, Package
from punchin.engines.ace_step.weights.pulling import Pulled, pull

__all__ = [
    "PACKAGES",
    "Fault",
    "Package",
    "Pulled",
    "Shelved",
    "adopt",
    "check",
    "find_model",
    "look",
    "missing_packages",
    "pull",
    "remove",
]

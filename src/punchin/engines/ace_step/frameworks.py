"""The one door to torch: importing this module imports it, so it is imported by `AceStepEngine.load` only.

torch is an extra, and the type checker runs without it, so it is `Any` here and `Tensor` is a name for the
reader. Shapes stand in brackets: `B` takes, `T` latents, `L` text tokens, `D` latent channels (64 in the
published models), `H` width of the conditions, `C` sound channels, `N` frames.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

torch: Any = import_module("torch")

Tensor = Any
"""A `torch.Tensor`."""

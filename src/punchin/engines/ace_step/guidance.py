"""From two answers of the model, with and without the conditions, to the velocity that is followed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.ace_step.frameworks import Tensor, torch

if TYPE_CHECKING:
    from punchin.engines.ace_step.recipe import Guidance

MOMENTUM = -0.75
LARGEST_NORM = 2.5
"""Momentum β and radius r of APG as ACE-Step uses it (acestep/apg_guidance.py)."""


class Guide:
    """Guidance over one run of the denoiser; APG remembers earlier steps. `[B, T, D]` in and out."""

    def __init__(self, guidance: Guidance) -> None:
        self._kind = guidance.kind
        self._average: Tensor = 0.0

    def __call__(self, with_conditions: Tensor, without: Tensor, scale: float, step: int) -> Tensor:
        """The velocity to follow at a step, with this scale."""
        if self._kind == "cfg":
            return without + scale * (with_conditions - without)
        if self._kind == "cfg_star":
            return _zero_star(with_conditions, without, scale, step)
        return self._projected(with_conditions, without, scale)

    def _projected(self, with_conditions: Tensor, without: Tensor, scale: float) -> Tensor:
        """APG (Sadat et al., arXiv 2410.02416, algorithm 1, η = 0), norms over time."""
        self._average = (with_conditions - without) + MOMENTUM * self._average
        norm = self._average.norm(p=2, dim=1, keepdim=True)
        update = self._average * torch.clamp(LARGEST_NORM / norm, max=1.0)
        # In double precision, which MPS does not have.
        home, dtype = update.device, update.dtype
        away = "cpu" if home.type == "mps" else home
        wide, along = update.to(away).double(), with_conditions.to(away).double()
        along = torch.nn.functional.normalize(along, dim=1)
        parallel = (wide * along).sum(dim=1, keepdim=True) * along
        return with_conditions + (scale - 1.0) * (wide - parallel).to(device=home, dtype=dtype)


def _zero_star(with_conditions: Tensor, without: Tensor, scale: float, step: int) -> Tensor:
    """CFG-Zero* (Fan et al., arXiv 2503.18886): the unconditional answer at its best; step 0 rests."""
    if step == 0:
        return torch.zeros_like(with_conditions)
    flat, other = with_conditions.flatten(1), without.flatten(1)
    best = (flat * other).sum(dim=1) / (other.square().sum(dim=1) + 1e-8)
    base = without * best[:, None, None]
    return base + scale * (with_conditions - base)

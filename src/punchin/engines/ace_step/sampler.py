"""The repaint loop: from noise to music inside the mask, with the song held fast outside of it.

Flow matching: x_σ = (1-σ)·music + σ·noise, and the model answers the velocity noise - music (Lipman et al.,
arXiv 2210.02747; σ = 1 is noise). After every step the latents outside the mask are put back to exactly what
they are at that noise level, so the model always hears the true song around the hole. diffusers' pipeline and
ACE-Step's default let them drift.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.guidance import Guide

if TYPE_CHECKING:
    from collections.abc import Callable

    from punchin.engines.ace_step.recipe import Guidance
    from punchin.engines.ace_step.schedule import Schedule

    Velocity = Callable[[Tensor, float, bool], Tensor]
    """(latents `[B, T, D]`, noise level, whether the unconditional answer is wanted too) → velocities
    `[B, T, D]`, or `[2B, T, D]` with the unconditional ones behind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaint:
    """What is repainted.

    Attributes:
        source: the music `[B, T, D]`, float32.
        noise: `[B, T, D]`, float32.
        mask: `[B, T]`, true where music is made anew.
        hold: put the song back outside the mask after every step; False is what the reference does.
    """

    source: Tensor
    noise: Tensor
    mask: Tensor
    hold: bool = True

    def at(self, sigma: float) -> Tensor:
        """The music at a noise level."""
        return sigma * self.noise + (1.0 - sigma) * self.source

    def held(self, latents: Tensor, sigma: float) -> Tensor:
        """The latents with the song outside the mask as it is at this noise level."""
        return torch.where(self.mask[..., None], latents, self.at(sigma)) if self.hold else latents


def seeded_noise(seed: int, length: int, channels: int, hole_start: int) -> Tensor:
    """Noise of one take `[length, channels]`, float32, drawn on the CPU so that every device starts alike.

    Drawn from the hole outward, so that the hole gets the same noise however much music is heard around it.
    """
    generator = torch.Generator("cpu").manual_seed(seed)
    on = torch.randn(length - hole_start, channels, generator=generator, dtype=torch.float32)
    back = torch.randn(hole_start, channels, generator=generator, dtype=torch.float32)
    return torch.cat([back.flip(0), on])


def repaint(
    velocity: Velocity,
    what: Repaint,
    plan: Schedule,
    *,
    guidance: Guidance,
    solver: str = "euler",
    on_step: Callable[[int], None],
) -> Tensor:
    """Run the loop.

    Args:
        velocity: the model.
        what: music, noise and mask.
        plan: noise levels; the first may be below 1, which keeps some of the original.
        guidance: none for turbo.
        solver: "euler", or "heun" (the mean of the velocities at both ends of a step; the last is Euler's).
        on_step: called before each step with its number; may raise `Cancelled`.

    Returns:
        Latents `[B, T, D]`; outside the mask they are the source, if it is held.
    """
    guide, scales = Guide(guidance), guidance.scales(plan.whole)
    skipped = plan.whole - len(plan.sigmas)

    def guided(latents: Tensor, sigma: float, step: int) -> Tensor:
        scale = scales[skipped + step]
        if scale == 1.0:
            return velocity(latents, sigma, False)
        read, unread = velocity(latents, sigma, True).chunk(2)
        return guide(read, unread, scale, skipped + step)

    latents = what.at(plan.sigmas[0]) if plan.sigmas else what.source
    for step, (sigma, following) in enumerate(plan.steps):
        on_step(step)
        slope = guided(latents, sigma, step)
        moved = what.held(latents + (following - sigma) * slope, following)
        if solver == "heun" and following > 0:
            slope = (slope + guided(moved, following, step)) / 2
            moved = what.held(latents + (following - sigma) * slope, following)
        latents = moved
    return latents

"""The noise levels that the denoiser goes through."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor


@dataclass(frozen=True, slots=True)
class Schedule:
    """Noise levels from the first to 0.

    Attributes:
        sigmas: falling, in (0, 1]; the model is asked once at each, and the last step leads to 0.
        whole: how many levels the full schedule has; more than `sigmas` where the original is kept in part.
    """

    sigmas: tuple[float, ...]
    whole: int

    @property
    def steps(self) -> tuple[tuple[float, float], ...]:
        """(level, next level) of every step."""
        return tuple(zip(self.sigmas, (*self.sigmas[1:], 0.0), strict=True))


def schedule(steps: int, shift: float, variance: float | None) -> Schedule:
    """The shifted schedule of flow matching, cut at the start where the original is to shine through.

    σ_k = s·t_k / (1 + (s-1)·t_k) with t_k = 1 - k/steps (diffusers `AceStepPipeline._get_timestep_schedule`;
    the shift is eq. 23 of Esser et al., arXiv 2403.03206). The distilled models know 8 levels of this formula
    and no others, so a variance below 1 starts at one of the levels, never between.

    Args:
        steps: of the whole schedule, 1 or more.
        shift: s, above 0; larger spends more steps at high noise.
        variance: 0..1; None is 1. The last round(variance·steps) levels are run, halves up, one at least: 1
            runs all and starts from pure noise; 0 alone runs none and gives the original back.
    """
    share = Fraction(1) if variance is None else Fraction(str(variance))
    run = max(1, floor(share * steps + Fraction(1, 2))) if share else 0
    levels = [1.0 - step / steps for step in range(steps)]
    shifted = [shift * t / (1 + (shift - 1) * t) for t in levels]
    return Schedule(tuple(shifted[steps - run :]), steps)

"""What one call of the engine is to do, worked out before anything slow happens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.ace_step.lyrics import Place, Sheet, build_sheet, split_sheet
from punchin.engines.ace_step.recipe import Recipe, read_recipe
from punchin.engines.ace_step.schedule import Schedule, schedule
from punchin.engines.ace_step.window import LATENTS_PER_S, RATE_HZ, Pass, passes
from punchin.region import Frames

if TYPE_CHECKING:
    from punchin.edits import Edit
    from punchin.engines.ace_step.catalogue import Model
    from punchin.song import Song


@dataclass(frozen=True, slots=True)
class Job:
    """One call.

    Attributes:
        window: the music that was given, 48 kHz stereo.
        holes: what to fill, in its frames, sorted.
        edits: one for each take; they differ in their seeds only.
        recipe, plan: how.
        passes: the runs of the denoiser over the window.
        sheets: the lyrics of each pass.
    """

    window: Song
    holes: tuple[Frames, ...]
    edits: tuple[Edit, ...]
    recipe: Recipe
    plan: Schedule
    passes: tuple[Pass, ...]
    sheets: tuple[Sheet, ...]

    @property
    def heard(self) -> Frames:
        """The latents that any pass hears."""
        return Frames(min(p.window.start for p in self.passes), max(p.window.end for p in self.passes))

    @property
    def longest_window_s(self) -> float:
        """Of the longest pass."""
        return max(len(p.window) for p in self.passes) / LATENTS_PER_S

    @property
    def longest_mask_s(self) -> float:
        """The most that one pass makes anew."""
        return max(sum(map(len, p.masks)) for p in self.passes) / LATENTS_PER_S

    @property
    def calls(self) -> int:
        """How often the transformer is called for one pass, counting a guided step twice."""
        skipped = self.plan.whole - len(self.plan.sigmas)
        scales = self.recipe.guidance.scales(self.plan.whole)[skipped:]
        once = sum(1 if scale == 1.0 else 2 for scale in scales)
        return once * (2 if self.recipe.solver == "heun" else 1)


def plan_job(
    window: Song, holes: tuple[Frames, ...], edits: tuple[Edit, ...], model: Model, buckets_s: tuple[int, ...]
) -> Job:
    """Work everything out.

    Raises:
        EditError: if the edit asks for what cannot be done.
    """
    recipe = read_recipe(edits[0], model, buckets_s)
    found = passes(holes, window.frames, recipe.rule)
    sheet = build_sheet(edits[0].lyrics, _place(found, edits[0], holes))
    return Job(
        window=window,
        holes=holes,
        edits=edits,
        recipe=recipe,
        plan=schedule(recipe.steps, recipe.shift, recipe.variance),
        passes=tuple(found),
        sheets=tuple(split_sheet(sheet, len(found))),
    )


def _place(found: list[Pass], edit: Edit, holes: tuple[Frames, ...]) -> Place:
    first, last = found[0], found[-1]
    start, end = holes[0].start / RATE_HZ, holes[-1].end / RATE_HZ
    mark = edit.region.start
    return Place(
        before_s=start - first.window.start / LATENTS_PER_S,
        region_s=end - start,
        after_s=last.window.end / LATENTS_PER_S - end,
        region_start_s=None if mark.from_end or mark.in_samples else float(mark.offset),
    )

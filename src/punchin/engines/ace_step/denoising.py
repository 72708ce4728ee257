"""Takes through the denoiser, several at once: of one edit with several seeds, or of different songs.

All takes of a batch have passes of the same lengths and the same schedule. What they read may differ in
length; the shorter ones are padded and the padding is masked.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.sampler import Repaint, seeded_noise

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engines.ace_step.rig import Rig
    from punchin.engines.ace_step.run import Run

PASS_SEEDS = 1 << 31
"""Between the seeds of two passes: seeds of edits are smaller, so no two passes share noise."""


@dataclass(slots=True, eq=False)
class Take:
    """One row of a batch.

    Attributes:
        run: whose take it is; prepared.
        seed: of its noise.
        made: latents of the run's music `[T, D]`, with new music in the masks when it is done.
    """

    run: Run
    seed: int
    made: Tensor


def denoise(rig: Rig, takes: Sequence[Take], batch: int) -> None:
    """Make the new latents of all takes, `batch` at a time.

    Args:
        rig: the model.
        takes: with equal `Run.shape`.
        batch: how many fit.

    Raises:
        PunchinError: if all that is in a batch was cancelled.
    """
    for start in range(0, len(takes), batch):
        _denoise(rig, takes[start : start + batch])


def _denoise(rig: Rig, takes: Sequence[Take]) -> None:
    runs = list(dict.fromkeys(take.run for take in takes))
    job = runs[0].job
    steps = len(job.plan.sigmas) * len(job.passes)
    with ExitStack() as stages:
        reports = [stages.enter_context(run.denoising(_count(takes, run))) for run in runs]
        for number in range(len(job.passes)):

            def on_step(step: int, number: int = number) -> None:
                for report in reports:
                    report((number * len(job.plan.sigmas) + step) / steps)
                if all(run.stopped for run in runs):
                    raise next(run.stopped for run in runs if run.stopped)

            what = _stacked([_repaint(take, number) for take in takes])
            read = [take.run.conditions[number] for take in takes]
            new = rig.repaint(what, job.plan, read, job.recipe, on_step)
            for take, latents in zip(takes, new, strict=True):
                _kept(take, number, latents)


def _count(takes: Sequence[Take], run: Run) -> int:
    return sum(take.run is run for take in takes)


def _repaint(take: Take, number: int) -> Repaint:
    """What one take is in one pass, without the axis of the batch."""
    each = take.run.job.passes[number]
    mask = torch.zeros(len(each.window), dtype=torch.bool)
    for part in each.masks:
        inside = part.within(each.window)
        mask[inside.start : inside.end] = True
    start = each.masks[0].start - each.window.start
    noise = seeded_noise(take.seed + number * PASS_SEEDS, len(each.window), take.made.shape[1], start)
    return Repaint(source=take.made[each.window.start : each.window.end], noise=noise, mask=mask)


def _stacked(each: Sequence[Repaint]) -> Repaint:
    return Repaint(
        source=torch.stack([one.source for one in each]),
        noise=torch.stack([one.noise for one in each]),
        mask=torch.stack([one.mask for one in each]),
    )


def _kept(take: Take, number: int, latents: Tensor) -> None:
    each = take.run.job.passes[number]
    for part in each.keep:
        inside = part.within(each.window)
        take.made[part.start : part.end] = latents[inside.start : inside.end]

"""One job through the model: encode, read the texts, denoise, decode."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.engine import Filling
from punchin.engines.ace_step.frameworks import Tensor, torch
from punchin.engines.ace_step.levels import LevelBias, level_bias
from punchin.engines.ace_step.meter import (
    CONDITIONS_TFLOP,
    DECODE_TFLOP_PER_S,
    ENCODE_TFLOP_PER_S,
    Meter,
    step_tflop,
)
from punchin.engines.ace_step.prompts import Prompt, prompt_of
from punchin.engines.ace_step.sampler import Repaint, seeded_noise
from punchin.engines.ace_step.tiles import ENCODE_TILE, tiles
from punchin.engines.ace_step.window import FRAMES_PER_LATENT, LATENTS_PER_S, RATE_HZ, to_latents
from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.engine import Progress
    from punchin.engines.ace_step.job import Job
    from punchin.engines.ace_step.rig import Rig
    from punchin.engines.ace_step.window import Pass
    from punchin.song import Samples

LISTEN = LATENTS_PER_S // 2
"""How much music beside a mask is decoded to hear the autoencoder's own level: half a second ..."""
REACH = 9
"""... beyond the latents in which the new ones can be heard."""
PASS_SEEDS = 1 << 31
"""Between the seeds of two passes: seeds of edits are smaller, so no two passes share noise."""


class Run:
    """A job and the model that does it.

    Args:
        rig: the model.
        job: what to do.
        progress: told how far everything is.
        batch: how many takes the denoiser makes at once.
    """

    def __init__(self, rig: Rig, job: Job, progress: Progress, batch: int) -> None:
        self._rig = rig
        self._job = job
        self._batch = batch
        self._runs = _needed(job)
        self._meter = Meter(progress, self._cost())

    def fillings(self) -> list[list[Filling]]:
        """By take and hole."""
        source = self._source()
        prompts = [self._prompt(number) for number in range(len(self._job.passes))]
        conditions = self._conditions(prompts, source)
        takes: list[Tensor] = []
        seeds = [edit.seed or 0 for edit in self._job.edits]
        for start in range(0, len(seeds), self._batch):
            takes += self._repainted(source, conditions, seeds[start : start + self._batch])
        return [[self._filling(take, hole, prompts) for hole in self._job.holes] for take in takes]

    def _cost(self) -> float:
        encode = sum(map(len, self._runs)) / LATENTS_PER_S * ENCODE_TFLOP_PER_S
        return encode + CONDITIONS_TFLOP + len(self._job.edits) * (self._denoise_cost() + self._decode_cost())

    def _denoise_cost(self) -> float:
        return sum(self._job.calls * step_tflop(len(p.window) / LATENTS_PER_S) for p in self._job.passes)

    def _decode_cost(self) -> float:
        return sum(map(len, self._job.holes)) / RATE_HZ * DECODE_TFLOP_PER_S

    def _source(self) -> Tensor:
        """Latents of the music `[T, D]`; zero where nobody will look."""
        job = self._job
        total = -(-job.window.frames // FRAMES_PER_LATENT)
        source = torch.zeros(total, self._rig.channels)
        cost = sum(map(len, self._runs)) / LATENTS_PER_S * ENCODE_TFLOP_PER_S
        with self._meter.stage("encode", cost) as report:
            for run, latents in self._rig.encode(job.window.samples, self._runs, report).items():
                source[run.start : run.end] = latents
        return source

    def _prompt(self, number: int) -> Prompt:
        job = self._job
        window_s = len(job.passes[number].window) // LATENTS_PER_S
        return prompt_of(job.edits[0].tags, job.sheets[number].text, window_s, job.recipe)

    def _conditions(self, prompts: Sequence[Prompt], source: Tensor) -> list[Tensor]:
        reference = _beside(source, self._job) if self._job.recipe.timbre == "song" else None
        with self._meter.stage("conditions", CONDITIONS_TFLOP):
            return [self._rig.conditions(prompt, reference) for prompt in prompts]

    def _repainted(self, source: Tensor, conditions: Sequence[Tensor], seeds: Sequence[int]) -> list[Tensor]:
        """For each seed the latents `[T, D]` of the window with new music in the masks."""
        made = source.expand(len(seeds), -1, -1).clone()
        job = self._job
        with self._meter.stage("denoise", len(seeds) * self._denoise_cost()) as report:
            steps = len(job.plan.sigmas) * len(job.passes)
            for number, each in enumerate(job.passes):
                first = number * len(job.plan.sigmas)
                what = self._what(made, each, [seed + number * PASS_SEEDS for seed in seeds])
                new = self._rig.repaint(
                    what,
                    job.plan,
                    conditions[number],
                    job.recipe,
                    lambda step, first=first: report((first + step) / steps),
                )
                for part in each.keep:
                    inside = part.within(each.window)
                    made[:, part.start : part.end] = new[:, inside.start : inside.end]
        return list(made)

    def _what(self, made: Tensor, each: Pass, seeds: Sequence[int]) -> Repaint:
        mask = torch.zeros(len(each.window), dtype=torch.bool)
        for part in each.masks:
            inside = part.within(each.window)
            mask[inside.start : inside.end] = True
        start = each.masks[0].start - each.window.start
        noise = [seeded_noise(seed, len(each.window), self._rig.channels, start) for seed in seeds]
        return Repaint(
            source=made[:, each.window.start : each.window.end].clone(), noise=torch.stack(noise), mask=mask
        )

    def _filling(self, take: Tensor, hole: Frames, prompts: Sequence[Prompt]) -> Filling:
        job = self._job
        cost = len(hole) / RATE_HZ * DECODE_TFLOP_PER_S
        with self._meter.stage("decode", cost) as report:
            heard = take[job.heard.start : job.heard.end]
            mask = _mask_of(job, hole)
            around = mask.widen(REACH + LISTEN, REACH + LISTEN, job.heard.end)
            zone = Frames(max(around.start, job.heard.start), around.end)
            sound = self._rig.decode(heard, zone.within(job.heard), report)
        bias = self._bias(sound, zone, mask)
        start = hole.start - zone.start * FRAMES_PER_LATENT
        new = bias.removed(sound[:, start : start + len(hole)])
        return Filling(
            song=Song(np.ascontiguousarray(new, dtype=np.float32), RATE_HZ),
            tags_used=job.edits[0].tags,
            lyrics_used=tuple(line for sheet in job.sheets for line in sheet.sung),
            warnings=tuple(
                dict.fromkeys([*job.recipe.warnings, *(w for s in job.sheets for w in s.warnings)])
            ),
            details=self._details(mask, prompts, bias),
        )

    def _bias(self, sound: Samples, zone: Frames, mask: Frames) -> LevelBias:
        """Compare the song beside the mask with the same after its way through the autoencoder."""
        before = Frames(zone.start, max(zone.start, mask.start - REACH))
        after = Frames(min(zone.end, mask.end + REACH), zone.end)
        sides = [self._side(sound, zone, each) for each in (before, after)]
        return level_bias((sides[0], sides[1]))

    def _side(self, sound: Samples, zone: Frames, side: Frames) -> tuple[Samples, Samples]:
        others = (part.widen(REACH, REACH, zone.end) for each in self._job.passes for part in each.masks)
        if any(other.overlaps(side) for other in others):
            return sound[:, :0], sound[:, :0]
        total = self._job.window.frames
        start = side.start * FRAMES_PER_LATENT
        end = min(side.end * FRAMES_PER_LATENT, total)
        offset = zone.start * FRAMES_PER_LATENT
        return self._job.window.samples[:, start:end], sound[:, start - offset : end - offset]

    def _details(self, mask: Frames, prompts: Sequence[Prompt], bias: LevelBias) -> dict[str, Any]:
        job, recipe = self._job, self._job.recipe
        return {
            **self._rig.described(),
            "window_s": [round(len(p.window) / LATENTS_PER_S, 2) for p in job.passes],
            "made_s": round(len(mask) / LATENTS_PER_S, 2),
            "takes_at_once": self._batch,
            "steps": len(job.plan.sigmas),
            "schedule": job.plan.whole,
            "first_noise_level": round(job.plan.sigmas[0], 4),
            "shift": recipe.shift,
            "solver": recipe.solver,
            "guidance": {"kind": recipe.guidance.kind, "scale": recipe.guidance.scale},
            "timbre": recipe.timbre,
            "texts": [prompt.text for prompt in prompts],
            "sheets": [prompt.lyrics for prompt in prompts],
            "level_bias_db": [round(bias.before_db, 2), round(bias.after_db, 2)],
            "seconds": {name: round(spent, 3) for name, spent in self._meter.seconds.items()},
        }


def _needed(job: Job) -> list[Frames]:
    """The tiles of music that have to be encoded: all of them only if the original is to shine through."""
    all_tiles = tiles(job.heard, ENCODE_TILE)
    if job.plan.sigmas[0] < 1:
        return all_tiles
    masks = [part for each in job.passes for part in each.masks]
    covered = [Frames(masks[0].start, masks[-1].end)] if len(job.passes) > 1 else masks
    return [tile for tile in all_tiles if not any(tile in mask for mask in covered)]


def _mask_of(job: Job, hole: Frames) -> Frames:
    """The run of new latents in which a hole lies."""
    if len(job.passes) == 1:
        return next(mask for mask in job.passes[0].masks if to_latents(hole) in mask)
    return Frames(job.passes[0].masks[0].start, job.passes[-1].masks[-1].end)


def _beside(source: Tensor, job: Job) -> Tensor | None:
    """Up to 30 s of the music on both sides of the region, `[T, D]`."""
    first, last = job.passes[0], job.passes[-1]
    before = source[first.window.start : first.masks[0].start]
    after = source[last.masks[-1].end : last.window.end]
    half = 15 * LATENTS_PER_S
    before = before[max(0, len(before) - max(half, 2 * half - len(after))) :]
    beside = torch.cat([before, after[: 2 * half - len(before)]])
    return beside if len(beside) else None

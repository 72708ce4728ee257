"""One job through the model: encode, read the texts, denoise, decode."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.engine import Filling
from punchin.engines.ace_step.denoising import Take
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
from punchin.engines.ace_step.tiles import ENCODE_TILE, tiles
from punchin.engines.ace_step.window import FRAMES_PER_LATENT, LATENTS_PER_S, RATE_HZ, to_latents
from punchin.region import Frames
from punchin.song import Song

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Hashable, Sequence

    from punchin.engine import Progress
    from punchin.engines.ace_step.job import Job
    from punchin.engines.ace_step.many import Watched
    from punchin.engines.ace_step.rig import Rig
    from punchin.errors import PunchinError
    from punchin.song import Samples

LISTEN = LATENTS_PER_S // 2
"""How much music beside a mask is decoded to hear the autoencoder's own level: half a second ..."""
REACH = 9
"""... beyond the latents in which the new ones can be heard."""


class Run:
    """A job and the model that does it: `prepare`, `denoise` its `takes`, `filled`.

    Args:
        rig: the model.
        job: what to do.
        progress: told how far everything is.
        watch: the same, if it keeps errors back while others work in the same batch.
    """

    def __init__(self, rig: Rig, job: Job, progress: Progress, watch: Watched | None = None) -> None:
        self.job = job
        self.batch = 1
        """How many takes the denoiser made at once, for the receipt."""
        self.conditions: list[Tensor] = []
        """What the transformer reads in each pass, `[1, L, H]`."""
        self._rig = rig
        self._watch = watch
        self._runs = _needed(job)
        self._meter = Meter(progress, self._cost())
        self._source = torch.zeros(0)
        self._prompts: list[Prompt] = []

    @property
    def shape(self) -> Hashable:
        """Runs of equal shape can share batches of the denoiser."""
        job = self.job
        windows = tuple(len(each.window) for each in job.passes)
        return windows, job.plan, job.recipe.guidance, job.recipe.solver

    @property
    def stopped(self) -> PunchinError | None:
        """Why it is not to go on."""
        return self._watch.stopped if self._watch else None

    def waits(self, waits: bool) -> None:
        """Keep errors of the progress back, while others work in the same batch."""
        if self._watch:
            self._watch.waits = waits

    def prepare(self) -> None:
        """Encode the music and read the texts."""
        self._source = self._encoded()
        self._prompts = [self._prompt(number) for number in range(len(self.job.passes))]
        self.conditions = self._read(self._prompts)

    def takes(self) -> list[Take]:
        """One for each edit, to be denoised."""
        return [Take(self, edit.seed or 0, self._source.clone()) for edit in self.job.edits]

    @contextmanager
    def denoising(self, takes: int) -> Generator[Callable[[float], None]]:
        """The stage in which so many takes are denoised; gives what it reports its own fraction to."""
        with self._meter.stage("denoise", takes * self._denoise_cost()) as report:
            yield report

    def filled(self, takes: Sequence[Take]) -> list[list[Filling]]:
        """Fillings by take and hole."""
        return [[self._filling(take.made, hole) for hole in self.job.holes] for take in takes]

    def _cost(self) -> float:
        encode = sum(map(len, self._runs)) / LATENTS_PER_S * ENCODE_TFLOP_PER_S
        return encode + CONDITIONS_TFLOP + len(self.job.edits) * (self._denoise_cost() + self._decode_cost())

    def _denoise_cost(self) -> float:
        return sum(self.job.calls * step_tflop(len(p.window) / LATENTS_PER_S) for p in self.job.passes)

    def _decode_cost(self) -> float:
        return sum(map(len, self.job.holes)) / RATE_HZ * DECODE_TFLOP_PER_S

    def _encoded(self) -> Tensor:
        """Latents of the music `[T, D]`; zero where nobody will look."""
        job = self.job
        total = -(-job.window.frames // FRAMES_PER_LATENT)
        source = torch.zeros(total, self._rig.channels)
        cost = sum(map(len, self._runs)) / LATENTS_PER_S * ENCODE_TFLOP_PER_S
        with self._meter.stage("encode", cost) as report:
            for run, latents in self._rig.encode(job.window.samples, self._runs, report).items():
                source[run.start : run.end] = latents
        return source

    def _prompt(self, number: int) -> Prompt:
        job = self.job
        window_s = len(job.passes[number].window) // LATENTS_PER_S
        return prompt_of(job.edits[0].tags, job.sheets[number].text, window_s, job.recipe)

    def _read(self, prompts: Sequence[Prompt]) -> list[Tensor]:
        reference = _beside(self._source, self.job) if self.job.recipe.timbre == "song" else None
        with self._meter.stage("conditions", CONDITIONS_TFLOP):
            return [self._rig.conditions(prompt, reference) for prompt in prompts]

    def _filling(self, made: Tensor, hole: Frames) -> Filling:
        job = self.job
        cost = len(hole) / RATE_HZ * DECODE_TFLOP_PER_S
        with self._meter.stage("decode", cost) as report:
            heard = made[job.heard.start : job.heard.end]
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
            details=self._details(mask, bias),
        )

    def _bias(self, sound: Samples, zone: Frames, mask: Frames) -> LevelBias:
        """Compare the song beside the mask with the same after its way through the autoencoder."""
        before = Frames(zone.start, max(zone.start, mask.start - REACH))
        after = Frames(min(zone.end, mask.end + REACH), zone.end)
        sides = [self._side(sound, zone, each) for each in (before, after)]
        return level_bias((sides[0], sides[1]))

    def _side(self, sound: Samples, zone: Frames, side: Frames) -> tuple[Samples, Samples]:
        others = (part.widen(REACH, REACH, zone.end) for each in self.job.passes for part in each.masks)
        if any(other.overlaps(side) for other in others):
            return sound[:, :0], sound[:, :0]
        total = self.job.window.frames
        start = side.start * FRAMES_PER_LATENT
        end = min(side.end * FRAMES_PER_LATENT, total)
        offset = zone.start * FRAMES_PER_LATENT
        return self.job.window.samples[:, start:end], sound[:, start - offset : end - offset]

    def _details(self, mask: Frames, bias: LevelBias) -> dict[str, Any]:
        job, recipe = self.job, self.job.recipe
        return {
            **self._rig.described(),
            "window_s": [round(len(p.window) / LATENTS_PER_S, 2) for p in job.passes],
            "made_s": round(len(mask) / LATENTS_PER_S, 2),
            "takes_at_once": self.batch,
            "steps": len(job.plan.sigmas),
            "schedule": job.plan.whole,
            "first_noise_level": round(job.plan.sigmas[0], 4),
            "shift": recipe.shift,
            "solver": recipe.solver,
            "guidance": {"kind": recipe.guidance.kind, "scale": recipe.guidance.scale},
            "timbre": recipe.timbre,
            "texts": [prompt.text for prompt in self._prompts],
            "sheets": [prompt.lyrics for prompt in self._prompts],
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

"""The engine that `punchin.engines` finds: cheap to make, the model comes with `load`."""

from __future__ import annotations

import threading
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from punchin.engine import EngineSpec, Filling
from punchin.engines.ace_step.catalogue import BASE, SFT, TURBO, XL_TURBO, Model
from punchin.engines.ace_step.job import Job, plan_job
from punchin.engines.ace_step.layouts import find_checkpoint
from punchin.engines.ace_step.lyrics import fits_anywhere
from punchin.engines.ace_step.places import models_folder, owner_options
from punchin.engines.ace_step.recipe import honours, read_recipe
from punchin.engines.ace_step.window import LONGEST_S, MOST_MASK_S, RATE_HZ, wanted_frames
from punchin.errors import EngineOutOfMemory, EngineUnavailable, PunchinError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from punchin.edits import Edit
    from punchin.engine import Progress, Request
    from punchin.engines.ace_step.options import RigOptions
    from punchin.engines.ace_step.rig import Rig
    from punchin.region import Frames
    from punchin.song import Song

WINDOWS_S = (30, 45, 70, 100, 120)
"""Lengths of window of a compiled model, where each is compiled once, and with `few_lengths`."""


class AceStepEngine:
    """Fills a hole with ACE-Step 1.5: new music, and singing, from tags and lyrics.

    Args:
        model: which one.
        folder: where its weights are, in either layout; None is its folder below `PUNCHIN_HOME/models`.
        options: device, precision and memory; None is what the owner of this machine set.
        rig: a model that is loaded already; then nothing is read.
    """

    def __init__(
        self,
        model: Model = TURBO,
        folder: Path | str | None = None,
        options: RigOptions | None = None,
        rig: Rig | None = None,
    ) -> None:
        self.model = model
        self.spec = EngineSpec(
            name=model.engine,
            version="3",
            summary=model.summary,
            rate_hz=RATE_HZ,
            channels=2,
            longest_s=LONGEST_S,
            honours=honours(model),
        )
        self._folder = Path(folder) if folder is not None else None
        self._options = options or (rig.options if rig else owner_options())
        self._rig = rig
        # The networks move between devices and the caches are shared: one edit at a time.
        self._turn = threading.Lock()

    def check(self) -> None:
        """Look whether packages and weights are there; reads no weights.

        Raises:
            EngineUnavailable: if they are not; says which command gets them.
        """
        from punchin.engines.ace_step.weights.folders import INSTALL, look, missing_packages

        if self._rig is not None:
            return
        if missing := missing_packages():
            raise EngineUnavailable(f"needs {', '.join(missing)}: `{INSTALL}`")
        if self._folder is not None:
            find_checkpoint(self._folder, self.model.checkpoint)
            return
        found = look(self.model, models_folder())
        if found.state != "ready":
            why = "; ".join(map(str, found.faults[:2])) or f"its weights are {found.says}"
            raise EngineUnavailable(f"{why}; `{found.cure}` fetches them")

    def load(self) -> None:
        """Read the weights (seconds to a minute); a second call does nothing.

        Raises:
            EngineUnavailable: if packages, weights or hardware are missing; says which command gets them.
            EngineOutOfMemory: if the weights do not fit into memory.
        """
        with self._turn:
            if self._rig is None:
                self._rig = self._made()

    def window(self, hole: Frames, total: int, rate_hz: int, edit: Edit) -> Frames:
        """The hole with 15 s on each side (30 s at `quality: high`), 30 s at least, moved into the song."""
        return wanted_frames((hole,), total, rate_hz, read_recipe(edit, self.model, self._buckets_s()).rule)

    def window_together(
        self, holes: Sequence[Frames], total: int, rate_hz: int, edits: Sequence[Edit]
    ) -> Frames | None:
        """The window of holes that are filled in one pass.

        None if they reach over more than one pass, or if words are to be sung that have no times: each region
        would sing all of them alone, and together they would be dealt out.
        """
        rule = read_recipe(edits[0], self.model, self._buckets_s()).rule
        if not fits_anywhere(edits[0].lyrics) or holes[-1].end - holes[0].start > MOST_MASK_S * rate_hz:
            return None
        return wanted_frames(holes, total, rate_hz, rule)

    def fill(self, window: Song, hole: Frames, edit: Edit, progress: Progress) -> Filling:
        """See `punchin.engine.Engine.fill`."""
        return self._fill(window, (hole,), (edit,), progress)[0][0]

    def fill_takes(
        self, window: Song, hole: Frames, edits: Sequence[Edit], progress: Progress
    ) -> list[Filling]:
        """Several takes: the music is encoded and the texts are read once; on a GPU they run as one batch."""
        return [take[0] for take in self._fill(window, (hole,), tuple(edits), progress)]

    def fill_together(
        self, window: Song, holes: Sequence[Frames], edits: Sequence[Edit], progress: Progress
    ) -> list[list[Filling]]:
        """Several holes in one pass over one window: one price for all.

        Args:
            window: what `window_together` asked for.
            holes: sorted, apart from each other.
            edits: one for each take; they differ in their seeds only.
            progress: as in `fill`.
        """
        return self._fill(window, tuple(holes), tuple(edits), progress)

    def fill_many(self, requests: Sequence[Request]) -> list[Filling | PunchinError]:
        """Several edits, of different songs: those with windows of one length share the denoiser on a GPU.

        A batch differs from single fills in the last bits: each receipt says how many were made at once.
        """
        self.load()
        assert self._rig is not None
        answers: list[Filling | PunchinError | Job] = [self._planned(request) for request in requests]
        jobs = [
            (answer, request.progress)
            for answer, request in zip(answers, requests, strict=True)
            if isinstance(answer, Job)
        ]
        many: Any = import_module("punchin.engines.ace_step.many")
        with self._turn, self._rig.steady():
            made: list[Filling | PunchinError] = many.fill_many(self._rig, jobs, partial(_batch, self._rig))
        done = iter(made)
        return [next(done) if isinstance(answer, Job) else answer for answer in answers]

    def _planned(self, request: Request) -> Filling | PunchinError | Job:
        """The job of a request, or its answer if there is nothing to do or it cannot be done."""
        try:
            _check_window(request.window)
            job = plan_job(request.window, (request.hole,), (request.edit,), self.model, self._buckets_s())
        except PunchinError as error:
            return error
        return job if job.plan.sigmas else _original(request.window, request.hole)

    def _buckets_s(self) -> tuple[int, ...]:
        return WINDOWS_S if self._options.compiled or self._options.few_lengths else ()

    def _made(self) -> Rig:
        pull = f"`punchin models pull {self.model.name}`"
        try:
            rigs: Any = import_module("punchin.engines.ace_step.rig")
        except ImportError as error:
            raise EngineUnavailable(
                f"engine {self.spec.name!r} needs torch, diffusers and transformers ({error}); "
                "install them with `pip install 'punchin[ace-step]'`; `punchin doctor` says which torch "
                "suits this machine"
            ) from error
        folder = self._folder or models_folder() / self.model.name
        if not folder.is_dir():
            raise EngineUnavailable(
                f"the weights of {self.model.name} are not in {folder}; {pull} fetches them"
            )
        try:
            checkpoint = find_checkpoint(folder, self.model.checkpoint)
            rig: Rig = rigs.Rig.load(checkpoint, self._options)
        except EngineUnavailable as error:
            raise EngineUnavailable(f"{error} ({pull} fetches a whole one)") from error
        if rig.networks.turbo != self.model.turbo:
            kind = "a turbo model" if rig.networks.turbo else "no turbo model"
            raise EngineUnavailable(
                f"{folder} holds {kind}, so it is not {self.model.name}; {pull} fetches it"
            )
        return rig

    def _fill(
        self, window: Song, holes: tuple[Frames, ...], edits: tuple[Edit, ...], progress: Progress
    ) -> list[list[Filling]]:
        """Fillings by take and hole."""
        self.load()
        assert self._rig is not None
        _check_window(window)
        job = plan_job(window, holes, edits, self.model, self._buckets_s())
        if not job.plan.sigmas:
            return [[_original(window, hole) for hole in holes] for _ in edits]
        runs: Any = import_module("punchin.engines.ace_step.run")
        denoising: Any = import_module("punchin.engines.ace_step.denoising")
        with self._turn, self._rig.steady():
            batch = _batch(self._rig, job, len(edits))
            run = runs.Run(self._rig, job, progress)
            run.batch = batch
            run.prepare()
            takes = run.takes()
            denoising.denoise(self._rig, takes, batch)
            fillings: list[list[Filling]] = run.filled(takes)
        return fillings


def _check_window(window: Song) -> None:
    if (window.rate_hz, window.channels) != (RATE_HZ, 2):
        raise ValueError(f"the window must be stereo at {RATE_HZ} Hz")


def _batch(rig: Rig, job: Job, takes: int) -> int:
    """How many of so many takes the denoiser makes at once: as many as fit.

    Raises:
        EngineOutOfMemory: if not even one fits.
    """
    most = rig.options.batch or (takes if rig.device.batches else 1)
    for batch in range(min(takes, most), 1, -1):
        try:
            rig.check_room(job.longest_window_s, job.longest_mask_s, batch * _copies(job))
        except EngineOutOfMemory:
            continue
        return batch
    rig.check_room(job.longest_window_s, job.longest_mask_s, _copies(job))
    return 1


def _copies(job: Job) -> int:
    """A guided step runs the transformer with and without the conditions at once."""
    return 2 if any(scale != 1.0 for scale in job.recipe.guidance.scales(job.plan.whole)) else 1


def _original(window: Song, hole: Frames) -> Filling:
    why = "variance 0 keeps the original; choose a larger one for new music"
    return Filling(song=window.cut(hole), warnings=(why,))


def xl_turbo_engine() -> AceStepEngine:
    """Entry point of `ace-step-xl-turbo`."""
    return AceStepEngine(XL_TURBO)


def base_engine() -> AceStepEngine:
    """Entry point of `ace-step-base`."""
    return AceStepEngine(BASE)


def sft_engine() -> AceStepEngine:
    """Entry point of `ace-step-sft`."""
    return AceStepEngine(SFT)

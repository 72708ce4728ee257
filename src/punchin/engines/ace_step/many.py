"""Fills of different songs at once: each is prepared by itself, alike ones share the denoiser."""

from __future__ import annotations

from typing import TYPE_CHECKING

from punchin.engines.ace_step.denoising import denoise
from punchin.engines.ace_step.run import Run
from punchin.errors import PunchinError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterable, Sequence

    from punchin.engine import Filling, Progress
    from punchin.engines.ace_step.denoising import Take
    from punchin.engines.ace_step.job import Job
    from punchin.engines.ace_step.rig import Rig

    BatchOf = Callable[[Job, int], int]
    """(a job, how many takes there are) → how many fit at once; raises EngineOutOfMemory if none."""


class Watched:
    """A `Progress` that remembers the error with which a fill was stopped.

    While a batch runs that is not of this fill alone, the error waits, and nothing more is reported.
    """

    def __init__(self, progress: Progress) -> None:
        self.stopped: PunchinError | None = None
        self.waits = False
        self._progress = progress

    def __call__(self, stage: str, fraction: float) -> None:
        """See `Progress`."""
        if self.stopped is None:
            try:
                self._progress(stage, fraction)
            except PunchinError as error:
                self.stopped = error
        if self.stopped is not None and not self.waits:
            raise self.stopped


def fill_many(
    rig: Rig, jobs: Sequence[tuple[Job, Progress]], batch_of: BatchOf
) -> list[Filling | PunchinError]:
    """Do jobs of one hole and one take each.

    Returns:
        For each job its filling, or why there is none.
    """
    watches = [Watched(progress) for _, progress in jobs]
    runs = [Run(rig, job, watch, watch) for (job, _), watch in zip(jobs, watches, strict=True)]
    answers: dict[Run, Filling | PunchinError] = {}
    prepared = [run for run in runs if _managed(answers, [run], lambda run=run: _prepare(run, batch_of))]
    for alike in _alike(prepared):
        takes = {run: run.takes()[0] for run in alike}
        if _managed(answers, alike, lambda takes=takes: _together(rig, takes, batch_of)):
            for run, take in takes.items():
                _managed(answers, [run], lambda run=run, take=take: _finish(answers, run, take))
    return [answers[run] for run in runs]


def _prepare(run: Run, batch_of: BatchOf) -> None:
    batch_of(run.job, 1)  # refuses what does not fit before anything slow
    run.prepare()


def _together(rig: Rig, takes: dict[Run, Take], batch_of: BatchOf) -> None:
    runs = list(takes)
    batch = min(batch_of(run.job, len(runs)) for run in runs)
    for start in range(0, len(runs), batch):
        part = runs[start : start + batch]
        for run in part:
            run.batch = len(part)
            run.waits(len(part) > 1)
        try:
            denoise(rig, [takes[run] for run in part], batch)
        except PunchinError as error:
            # All of this part were stopped, each with an error of its own; the parts after it go on.
            if not all(run.stopped for run in part):
                raise error
        finally:
            for run in part:
                run.waits(False)


def _finish(answers: dict[Run, Filling | PunchinError], run: Run, take: Take) -> None:
    if run.stopped:
        raise run.stopped
    answers[run] = run.filled([take])[0][0]


def _managed(answers: dict[Run, Filling | PunchinError], runs: Iterable[Run], do: Callable[[], None]) -> bool:
    """Whether it went well; if not, that is the answer of these runs."""
    try:
        do()
    except PunchinError as error:
        answers.update((run, run.stopped or error) for run in runs)
        return False
    return True


def _alike(runs: Iterable[Run]) -> list[list[Run]]:
    """Those that can share a batch."""
    groups: dict[Hashable, list[Run]] = {}
    for run in runs:
        groups.setdefault(run.shape, []).append(run)
    return list(groups.values())

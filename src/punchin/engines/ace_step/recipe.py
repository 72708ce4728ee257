"""How an edit is to be made: the parameters of an `Edit`, checked and typed, for one model."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, cast

from punchin.engines.ace_step.window import WindowRule
from punchin.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from punchin.edits import Edit, Parameter
    from punchin.engines.ace_step.catalogue import Model

GuidanceKind = Literal["apg", "cfg", "cfg_star"]

EVERYWHERE = frozenset(
    {
        "tags", "lyrics", "variance", "number_of_steps", "shift", "quality", "context_s", "language", "bpm",
        "keyscale", "timesignature", "timbre",
    }
)  # fmt: skip
"""What every model honours."""
GUIDED = frozenset(
    {
        "scheduler", "guidance_type", "guidance_scale", "minimum_guidance_scale", "guidance_interval",
        "guidance_interval_decay",
    }
)  # fmt: skip
"""What base and sft honour besides; the names and ranges are those of fal's `ace-step/audio-inpaint`."""

CONTEXT_S = {"normal": 15, "high": 30}
"""Pre-roll and post-roll by `quality`."""
LANGUAGES = frozenset(
    [
        "ar", "az", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "fa", "fi", "fr", "he", "hi", "hr",
        "ht", "hu", "id", "is", "it", "ja", "ko", "la", "lt", "ms", "ne", "nl", "no", "pa", "pl", "pt", "ro",
        "ru", "sa", "sk", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi", "yue", "zh",
        "unknown",
    ]
)  # fmt: skip
"""ACE-Step 1.5, acestep/constants.py, VALID_LANGUAGES."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guidance:
    """How strongly tags and lyrics pull, for models that have not learned it.

    Attributes:
        kind: "apg" (adaptive projected), "cfg" (plain) or "cfg_star" (CFG-Zero*).
        scale: 1 is none.
        least_scale: where `decay` leads to.
        interval: the middle part of the steps that is guided, 0..1.
        decay: 0..1, how far the scale falls to `least_scale` over the interval.
    """

    kind: GuidanceKind = "apg"
    scale: float = 1.0
    least_scale: float = 3.0
    interval: float = 1.0
    decay: float = 0.0

    def scales(self, steps: int) -> tuple[float, ...]:
        """The scale at each of `steps` steps; 1 where there is no guidance.

        ACE-Step v1, pipeline_ace_step.py, `guidance_interval` and `guidance_interval_decay`.
        """
        start = int(steps * (1 - self.interval) / 2)
        end = int(steps * (self.interval / 2 + 0.5))
        last = max(1, end - start - 1)
        return tuple(
            self.scale - (self.scale - self.least_scale) * (step - start) / last * self.decay
            if start <= step < end
            else 1.0
            for step in range(steps)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """Everything that shapes a take, besides seed and music.

    Attributes:
        steps, shift: of the schedule.
        variance: as in `Edit`; None is 1.
        solver: "euler", or "heun" with two model calls a step.
        guidance: for base and sft.
        rule: how much music is heard.
        language: of the lyrics.
        bpm, keyscale, timesignature: as the model reads them; None and "" are "N/A".
        timbre: "none", or "song" to let the timbre encoder hear the music around the region.
        warnings: sentences for the person.
    """

    steps: int
    shift: float
    variance: float | None
    solver: str
    guidance: Guidance
    rule: WindowRule
    language: str
    bpm: int | None
    keyscale: str
    timesignature: str
    timbre: str
    warnings: tuple[str, ...] = ()


def honours(model: Model) -> frozenset[str]:
    """What an engine with this model acts on."""
    return EVERYWHERE if model.turbo else EVERYWHERE | GUIDED


def read_recipe(edit: Edit, model: Model, buckets_s: tuple[int, ...] = ()) -> Recipe:
    """The recipe of an edit.

    Raises:
        EditError: if a parameter has a value that the model cannot use; names the ones that work.
    """
    given = _Given(edit.parameters)
    warnings: list[str] = []
    steps = int(given.number("number_of_steps", model.steps, 1, 1000))
    if steps > model.most_steps:
        warnings.append(f"{model.name} runs at most {model.most_steps} steps; {steps} were asked for")
        steps = model.most_steps
    ignored = sorted(GUIDED & edit.parameters.keys()) if model.turbo else []
    if ignored:
        warnings.append(
            f"{', '.join(ignored)}: not used, {model.name} has its guidance built in; base and sft use it"
        )
    context_s = given.number("context_s", CONTEXT_S[given.choice("quality", tuple(CONTEXT_S))], 2, 120)
    bpm = int(given.number("bpm", 0, 0, 300))
    return Recipe(
        steps=steps,
        shift=given.number("shift", model.shift, 0.1, 10),
        variance=edit.variance,
        solver="euler" if model.turbo else given.choice("scheduler", ("euler", "heun")),
        guidance=Guidance() if model.turbo else _guidance(given, model),
        rule=WindowRule(context_s=Fraction(str(context_s)), buckets_s=buckets_s),
        language=given.choice("language", ("en", *sorted(LANGUAGES - {"en"}))),
        bpm=bpm or None,
        keyscale=given.text("keyscale"),
        timesignature=given.text("timesignature"),
        timbre=given.choice("timbre", ("none", "song")),
        warnings=tuple(warnings),
    )


def _guidance(given: _Given, model: Model) -> Guidance:
    scale = given.number("guidance_scale", model.guidance_scale, 0, 200)
    return Guidance(
        kind=cast("GuidanceKind", given.choice("guidance_type", ("apg", "cfg", "cfg_star"))),
        scale=scale,
        least_scale=min(scale, given.number("minimum_guidance_scale", 3, 0, 200)),
        interval=given.number("guidance_interval", 1, 0, 1),
        decay=given.number("guidance_interval_decay", 0, 0, 1),
    )


class _Given:
    """Reads parameters by name and type."""

    def __init__(self, parameters: Mapping[str, Parameter]) -> None:
        self._parameters = parameters

    def number(self, name: str, default: float, least: float, most: float) -> float:
        value = self._parameters.get(name, default)
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not least <= number <= most:  # also refuses NaN
            raise EditError(f"{name} is {value!r}; it is a number from {least:g} to {most:g}")
        return number

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of the choices; the first is the default."""
        value = str(self._parameters.get(name, choices[0])).strip().lower()
        if value not in choices:
            raise EditError(f"{name} is {value!r}; it is one of {', '.join(choices)}")
        return value

    def text(self, name: str) -> str:
        return " ".join(str(self._parameters.get(name, "")).split())[:40]

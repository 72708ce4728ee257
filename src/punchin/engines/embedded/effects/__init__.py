"""Effects: small functions from samples `[2, N]` to samples `[2, N]`, and their names in the vocabulary."""

from __future__ import annotations

from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from punchin.engines.embedded.effects import distortion, dynamics, modulation, rhythm, space
from punchin.engines.embedded.effects.pulse import Pulse
from punchin.engines.embedded.effects.textures import TEXTURES, laid
from punchin.engines.embedded.effects.tone import toned, widened
from punchin.engines.embedded.effects.transitions import TRANSITIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy as np

    from punchin.engines.embedded.effects.filters import Sound

    Effect = Callable[[Sound, int, Pulse, np.random.Generator], Sound]

T = TypeVar("T")

__all__ = [
    "EFFECTS",
    "TEXTURES",
    "TRANSITIONS",
    "Pulse",
    "apply_effect",
    "check_names",
    "make_texture",
    "make_transition",
    "toned",
    "widened",
]

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        # name: (samples, rate_hz, pulse, rng) → samples
        "autopan": lambda x, rate, pulse, _rng: modulation.autopan(x, rate, pulse),
        "build": lambda x, rate, _pulse, _rng: rhythm.build(x, rate),
        "chorus": lambda x, rate, _pulse, _rng: modulation.chorus(x, rate),
        "clip": lambda x, rate, _pulse, _rng: distortion.clip(x, rate),
        "crush": lambda x, rate, _pulse, _rng: distortion.crush(x, rate, bits=9, hold_hz=16_000, amount=0.7),
        "crush_hard": lambda x, rate, _pulse, _rng: distortion.crush(x, rate, bits=5, hold_hz=6000),
        "delay": lambda x, rate, pulse, _rng: space.delay(x, rate, 0.75 * pulse.beat_s, 0.38, 0.3),
        "drive": lambda x, rate, _pulse, _rng: distortion.drive(x, rate),
        "drive_soft": lambda x, rate, _pulse, _rng: distortion.drive_soft(x, rate),
        "dub_delay": lambda x, rate, pulse, _rng: space.delay(
            x, rate, 0.75 * pulse.beat_s, 0.62, 0.45, (300, 2600)
        ),
        "fade": lambda x, rate, _pulse, _rng: rhythm.fade(x, rate),
        "flanger": lambda x, rate, _pulse, _rng: modulation.flanger(x, rate),
        "gate": lambda x, rate, pulse, _rng: rhythm.gate(x, rate, pulse),
        "glue": lambda x, rate, _pulse, _rng: dynamics.glue(x, rate),
        "phaser": lambda x, rate, _pulse, _rng: modulation.phaser(x, rate),
        "phone": lambda x, rate, _pulse, _rng: distortion.phone(x, rate),
        "punch": lambda x, rate, _pulse, _rng: dynamics.punch(x, rate),
        "slapback": lambda x, rate, _pulse, _rng: space.slapback(x, rate),
        "smear": lambda x, rate, _pulse, rng: space.smear(x, rate, rng),
        "stutter": rhythm.stutter,
        "sweep": lambda x, rate, pulse, _rng: rhythm.sweep(x, rate, pulse),
        "tape": lambda x, rate, _pulse, rng: distortion.tape(x, rate, rng),
        "tremolo": lambda x, rate, pulse, _rng: modulation.tremolo(x, rate, pulse),
        "wobble": lambda x, rate, _pulse, rng: modulation.wobble(x, rate, rng),
    }
)
"""Every effect of the vocabulary by name, with the settings that suit a whole mix."""


def apply_effect(name: str, samples: Sound, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """The sound with an effect, `[2, N]` → `[2, N]`; silence stays silence.

    Raises:
        ValueError: if there is no effect of that name; names the nearest ones.
    """
    effect = _named("effect", name, EFFECTS)
    return effect(samples, rate_hz, pulse, rng) if samples.any() else samples.copy()


def make_texture(name: str, frames: int, rate_hz: int, rng: np.random.Generator) -> Sound:
    """A noise to lay beneath, `[2, frames]`, about -20 LUFS.

    Raises:
        ValueError: if there is no texture of that name; names the nearest ones.
    """
    return laid(_named("texture", name, TEXTURES), frames, rate_hz, rng)


def make_transition(name: str, frames: int, rate_hz: int, pulse: Pulse, rng: np.random.Generator) -> Sound:
    """What leads in or out, `[2, frames]`, silent where it does not sound.

    Raises:
        ValueError: if there is no transition of that name; names the nearest ones.
    """
    return _named("transition", name, TRANSITIONS)(frames, rate_hz, pulse, rng)


def check_names(effects: Iterable[str], textures: Iterable[str], transitions: Iterable[str]) -> None:
    """Refuse names that do not exist before anything is computed.

    Raises:
        ValueError: names the first unknown one and what is near it.
    """
    for what, names, known in (
        ("effect", effects, EFFECTS),
        ("texture", textures, TEXTURES),
        ("transition", transitions, TRANSITIONS),
    ):
        for name in names:
            _named(what, name, known)


def _named(what: str, name: str, known: Mapping[str, T]) -> T:
    if name not in known:
        near = get_close_matches(name, known, 3, 0.5) or list(known)[:3]
        raise ValueError(f"there is no {what} {name!r}; near it are {', '.join(near)}")
    return known[name]

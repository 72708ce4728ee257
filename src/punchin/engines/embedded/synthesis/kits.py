"""Every drum kit, one table each: what each voice is struck on.

All kits play all of `score.DRUM_VOICES`; what a kit does not have of its own it borrows from `SHARED`. How loud a
voice is and where it stands is the same in all kits (`STAGE`): a kit gives only its colour.
"""

# ruff: noqa: E501 -- one line a stroke

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from punchin.engines.embedded.score import DRUM_VOICES
from punchin.engines.embedded.synthesis import drums
from punchin.engines.embedded.synthesis.instruments import unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from punchin.engines.embedded.synthesis.bank import Sound


@dataclass(frozen=True, slots=True)
class Place:
    """Level of a voice against the kick, and its place: -1 left, 1 right, as the audience sees it."""

    level_db: float
    pan: float = 0.0


STAGE: Mapping[str, Place] = MappingProxyType({
    "kick": Place(0), "snare": Place(-1), "rim": Place(-7), "clap": Place(-3, 0.05), "snap": Place(-7, -0.1),
    "brush": Place(-8), "closed_hat": Place(-13, 0.25), "pedal_hat": Place(-14, 0.25), "open_hat": Place(-11, 0.25),
    "ride": Place(-12, -0.3), "ride_bell": Place(-10, -0.3), "crash": Place(-7, -0.25),
    "tom_low": Place(-3, -0.35), "tom_mid": Place(-3), "tom_high": Place(-4, 0.3),
    "taiko_low": Place(0, -0.1), "taiko_high": Place(-3, 0.2), "surdo": Place(-2, -0.1), "stomp": Place(-1),
    "shaker": Place(-15, -0.35), "tambourine": Place(-13, 0.4), "cowbell": Place(-10, 0.2), "claves": Place(-11, -0.3),
    "guiro": Place(-12, 0.35), "sleighbells": Place(-13, 0.3),
    "conga_low": Place(-5, -0.3), "conga_high": Place(-6, -0.15), "conga_slap": Place(-6, -0.2),
    "bongo_low": Place(-7, 0.3), "bongo_high": Place(-7, 0.4), "timbale_low": Place(-6, 0.15), "timbale_high": Place(-6, 0.3),
    "frame_low": Place(-3), "frame_high": Place(-6, 0.1), "tabla_low": Place(-4, -0.1), "tabla_high": Place(-6, 0.1),
})  # fmt: skip
"""What a balanced kit is like, measured as the K-weighted level of one stroke's loudest 60 ms."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A stroke of the bank: its set, its name there if it is another than the voice, and semitones up."""

    set: str
    voice: str = ""
    tune: float = 0.0


@dataclass(frozen=True, slots=True)
class Made:
    """A stroke by a recipe of `drums`, with its settings."""

    recipe: Callable[..., Sound]
    settings: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Kit:
    """A drum kit.

    Attributes:
        name: as tags and scores say it.
        strokes: what each voice is struck on.
        human: strokes differ a little from each other, as a player's do; a machine's are all alike.
        drive: 0..1, soft clipping of all of it.
        low_pass_hz: nothing above this; None leaves it open.
        bits: crushed to this many bits and half the rate; None leaves it whole.
        room_s: how long a small room rings (RT60); 0 is dry.
    """

    name: str
    strokes: Mapping[str, Recorded | Made]
    human: bool = True
    drive: float = 0.0
    low_pass_hz: float | None = None
    bits: int | None = None
    room_s: float = 0.0


def _made(recipe: Callable[..., Sound], **settings: Any) -> Made:
    return Made(recipe, tuple(sorted(settings.items())))


def _kit(
    name: str,
    strokes: Mapping[str, Recorded | Made],
    *,
    human: bool = True,
    drive: float = 0.0,
    low_pass_hz: float | None = None,
    bits: int | None = None,
    room_s: float = 0.0,
) -> Kit:
    return Kit(name, MappingProxyType({**SHARED, **strokes}), human, drive, low_pass_hz, bits, room_s)


SHARED: Mapping[str, Recorded | Made] = MappingProxyType({
    **{voice: Recorded("standard") for voice in (
        "kick", "snare", "rim", "clap", "closed_hat", "pedal_hat", "open_hat", "ride", "ride_bell", "crash",
        "tom_low", "tom_mid", "tom_high",
    )},
    **{voice: Recorded("percussion") for voice in (
        "shaker", "tambourine", "cowbell", "claves", "guiro", "sleighbells", "conga_low", "conga_high", "conga_slap",
        "bongo_low", "bongo_high", "timbale_low", "timbale_high", "taiko_low", "taiko_high",
    )},
    "brush": Recorded("brush", "swirl"),
    "snap": _made(drums.clap, decay_s=0.02, low_hz=1600.0, high_hz=4200.0, spread_s=0.004, hands=2),
    "stomp": _made(drums.tom, tune_hz=62.0, drop=1.6, drop_s=0.02, decay_s=0.09, slap=0.5, slap_hz=350.0),
    "surdo": _made(drums.tom, tune_hz=68.0, drop=1.25, drop_s=0.04, decay_s=0.24, slap=0.1, slap_hz=400.0),
    "frame_low": _made(drums.tom, tune_hz=88.0, drop=1.25, drop_s=0.03, decay_s=0.17, slap=0.25, slap_hz=700.0, overtone=0.12),
    "frame_high": _made(drums.tom, tune_hz=320.0, drop=1.1, drop_s=0.01, decay_s=0.035, slap=0.9, slap_hz=2200.0),
    "tabla_low": _made(drums.tom, tune_hz=92.0, drop=1.05, drop_s=0.02, decay_s=0.2, slap=0.12, slap_hz=900.0, overtone=0.15, rises=0.35),
    "tabla_high": _made(drums.tom, tune_hz=330.0, drop=1.0, drop_s=0.01, decay_s=0.14, slap=0.35, slap_hz=2600.0, overtone=0.45),
})  # fmt: skip
"""What kits without a sound of their own for a voice use."""

MACHINE = {
    "rim": _made(drums.block, tunes_hz=(1667.0, 455.0), decay_s=0.008),
    "clap": _made(drums.clap),
    "snap": _made(drums.clap, decay_s=0.025, low_hz=1500.0, high_hz=3800.0, spread_s=0.006, hands=2),
    "closed_hat": _made(drums.metal, decay_s=0.022),
    "pedal_hat": _made(drums.metal, decay_s=0.03, low_hz=6000.0),
    "open_hat": _made(drums.metal, decay_s=0.13),
    "ride": _made(drums.metal, decay_s=0.25, low_hz=5200.0, pitch=1.3, noise=0.15),
    "ride_bell": _made(drums.metal, decay_s=0.2, low_hz=2600.0, pitch=1.3, noise=0.05),
    "crash": _made(drums.metal, decay_s=0.4, low_hz=3200.0, noise=0.6),
    "tom_low": _made(drums.tom, tune_hz=82.0, decay_s=0.14, drop=1.6),
    "tom_mid": _made(drums.tom, tune_hz=118.0, decay_s=0.12, drop=1.6),
    "tom_high": _made(drums.tom, tune_hz=168.0, decay_s=0.1, drop=1.6),
    "cowbell": _made(drums.block, tunes_hz=(540.0, 800.0), decay_s=0.09, square=True),
    "claves": _made(drums.block, tunes_hz=(2500.0,), decay_s=0.012),
    "conga_low": _made(drums.tom, tune_hz=165.0, drop=1.1, decay_s=0.09, slap=0.05),
    "conga_high": _made(drums.tom, tune_hz=250.0, drop=1.1, decay_s=0.07, slap=0.05),
    "conga_slap": _made(drums.tom, tune_hz=370.0, drop=1.1, decay_s=0.03, slap=0.3),
    "shaker": _made(drums.rattle, decay_s=0.02, swell_s=0.01),
    "tambourine": _made(drums.rattle, decay_s=0.05, swell_s=0.003, low_hz=6000.0, ring_hz=7000.0),
}
"""The circuits that drum machines have in common."""

EIGHT_O_EIGHT = {
    **MACHINE,
    "kick": _made(drums.kick, tune_hz=49.0, drop=2.6, drop_s=0.012, decay_s=0.22, click=0.12, drive=1.2),
    "snare": _made(drums.snare, tune_hz=175.0, body=0.9, decay_s=0.06, low_hz=1400.0),
}
NINE_O_NINE = {
    **MACHINE,
    "kick": _made(drums.kick, tune_hz=48.0, drop=5.0, drop_s=0.026, decay_s=0.12, click=0.35, drive=2.0),
    "snare": _made(drums.snare, tune_hz=190.0, body=0.7, decay_s=0.075, low_hz=900.0, drive=1.3),
    "closed_hat": _made(drums.metal, decay_s=0.024, low_hz=6500.0, pitch=1.4, noise=0.6),
    "open_hat": _made(drums.metal, decay_s=0.16, low_hz=6000.0, pitch=1.4, noise=0.6),
    "clap": _made(drums.clap, decay_s=0.09, low_hz=800.0, high_hz=6500.0),
}

KITS: Mapping[str, Kit] = MappingProxyType({kit.name: kit for kit in (
    _kit("standard", {}),
    _kit("room", {"kick": Recorded("room")}, room_s=0.4),
    _kit("power", {voice: Recorded("power") for voice in ("kick", "snare", "tom_low", "tom_mid", "tom_high")}, drive=0.25, room_s=0.5),
    _kit("jazz", {"kick": Recorded("jazz"), "snare": Recorded("jazz")}, room_s=0.3),
    _kit("brush", {"kick": Recorded("jazz"), "snare": Recorded("brush"), "clap": Recorded("brush"), "brush": Recorded("brush", "swirl")}, room_s=0.3),
    _kit("orchestra", {
        "kick": Recorded("orchestra"), "snare": Recorded("orchestra"), "crash": Recorded("orchestra"),
        "tom_low": Recorded("percussion", "taiko_low", -4), "tom_mid": Recorded("percussion", "taiko_low", 2), "tom_high": Recorded("percussion", "taiko_high"),
    }, room_s=0.9),
    _kit("lofi", {
        "kick": Recorded("jazz", tune=-1), "snare": Recorded("jazz", tune=-2), "rim": Recorded("standard", tune=-2),
        "closed_hat": Recorded("standard", tune=-3), "open_hat": Recorded("standard", tune=-3),
    }, drive=0.4, low_pass_hz=5600, bits=10),
    _kit("tr808", EIGHT_O_EIGHT, human=False),
    _kit("trap", {
        **EIGHT_O_EIGHT,
        "kick": _made(drums.kick, tune_hz=46.0, drop=5.5, drop_s=0.016, decay_s=0.15, click=0.45, drive=2.6),
        "snare": _made(drums.snare, tune_hz=210.0, body=0.6, decay_s=0.09, low_hz=1100.0, high_hz=12_000.0, drive=1.6),
        "clap": _made(drums.clap, decay_s=0.1, low_hz=1000.0, high_hz=8000.0),
        "closed_hat": _made(drums.metal, decay_s=0.016, low_hz=8000.0, pitch=1.15, noise=0.35),
        "open_hat": _made(drums.metal, decay_s=0.11, low_hz=7500.0, pitch=1.15, noise=0.35),
    }, human=False),
    _kit("house", NINE_O_NINE, human=False),
    _kit("techno", {
        **NINE_O_NINE,
        "kick": _made(drums.kick, tune_hz=45.0, drop=6.0, drop_s=0.03, decay_s=0.1, click=0.25, drive=3.2),
        "rim": _made(drums.block, tunes_hz=(1800.0, 480.0), decay_s=0.01, noise=0.5),
        "clap": _made(drums.clap, decay_s=0.06, low_hz=1100.0, high_hz=7000.0),
    }, human=False, drive=0.3),
    _kit("electronic", {
        **MACHINE,
        **{voice: Recorded("electronic") for voice in ("kick", "snare", "tom_low", "tom_mid", "tom_high")},
        "closed_hat": _made(drums.metal, decay_s=0.026, low_hz=6000.0, noise=0.5),
    }, human=False, room_s=0.35),
    _kit("industrial", {
        **NINE_O_NINE,
        "kick": _made(drums.kick, tune_hz=47.0, drop=7.0, drop_s=0.03, decay_s=0.1, click=0.8, drive=5.0),
        "snare": _made(drums.snare, tune_hz=160.0, body=0.9, decay_s=0.065, low_hz=500.0, drive=2.0),
        "clap": _made(drums.clap, decay_s=0.09, low_hz=600.0, high_hz=9000.0),
        "rim": _made(drums.block, tunes_hz=(911.0, 1377.0, 2133.0), decay_s=0.05, square=True),
    }, human=False, drive=0.4, room_s=0.3),
    _kit("chip", {
        **MACHINE,
        "kick": _made(drums.console, tune_hz=48.0, fall=7.0, decay_s=0.06),
        "snare": _made(drums.console, clock_hz=9000.0, decay_s=0.05),
        "clap": _made(drums.console, clock_hz=5000.0, decay_s=0.045),
        "rim": _made(drums.console, tune_hz=700.0, decay_s=0.012),
        "closed_hat": _made(drums.console, clock_hz=40_000.0, decay_s=0.012),
        "pedal_hat": _made(drums.console, clock_hz=30_000.0, decay_s=0.016),
        "open_hat": _made(drums.console, clock_hz=40_000.0, decay_s=0.07),
        "ride": _made(drums.console, clock_hz=60_000.0, decay_s=0.08),
        "crash": _made(drums.console, clock_hz=16_000.0, decay_s=0.2),
        "tom_low": _made(drums.console, tune_hz=80.0, fall=3.0, decay_s=0.08),
        "tom_mid": _made(drums.console, tune_hz=120.0, fall=3.0, decay_s=0.07),
        "tom_high": _made(drums.console, tune_hz=180.0, fall=3.0, decay_s=0.06),
    }, human=False, bits=6),
    _kit("beatbox", {
        "kick": _made(drums.mouth, tune_hz=62.0, formants_hz=(300.0, 700.0), decay_s=0.07, burst=0.9),
        "snare": _made(drums.mouth, formants_hz=(1100.0, 2400.0, 4200.0), decay_s=0.06),
        "clap": _made(drums.mouth, formants_hz=(1600.0, 3000.0), decay_s=0.05),
        "rim": _made(drums.mouth, formants_hz=(1900.0, 3400.0), decay_s=0.015),
        "closed_hat": _made(drums.mouth, formants_hz=(6800.0, 9500.0), decay_s=0.025),
        "pedal_hat": _made(drums.mouth, formants_hz=(5500.0, 8500.0), decay_s=0.03),
        "open_hat": _made(drums.mouth, formants_hz=(6500.0, 9500.0), decay_s=0.12),
        "ride": _made(drums.mouth, formants_hz=(5000.0, 8000.0), decay_s=0.09),
        "crash": _made(drums.mouth, formants_hz=(3000.0, 5500.0, 8500.0), decay_s=0.25),
        "tom_low": _made(drums.mouth, tune_hz=85.0, formants_hz=(350.0, 800.0), decay_s=0.09, burst=0.4),
        "tom_mid": _made(drums.mouth, tune_hz=120.0, formants_hz=(400.0, 900.0), decay_s=0.08, burst=0.4),
        "tom_high": _made(drums.mouth, tune_hz=160.0, formants_hz=(500.0, 1100.0), decay_s=0.07, burst=0.4),
        "shaker": _made(drums.mouth, formants_hz=(5200.0, 7800.0), decay_s=0.02),
    }),
)})  # fmt: skip
"""Every kit by name."""


def kit(name: str) -> Kit:
    """The kit of that name.

    Raises:
        ValueError: if there is none; names the nearest ones.
    """
    if name not in KITS:
        raise ValueError(unknown("drum kit", name, KITS))
    return KITS[name]


def check_voice(voice: str) -> str:
    """The voice, if every kit has it.

    Raises:
        ValueError: if not; names the nearest ones.
    """
    if voice not in DRUM_VOICES:
        raise ValueError(unknown("drum", voice, DRUM_VOICES))
    return voice

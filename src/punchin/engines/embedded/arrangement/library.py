"""Grooves, bass lines and figures, read from the three text files beside this one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

from punchin.engines.embedded.arrangement.steps import STEPS_A_BEAT, Pattern, parse_pattern
from punchin.engines.embedded.score import DRUM_VOICES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

K = TypeVar("K")
V = TypeVar("V")

DRUM_MARKS = "Xxo?2345678"
BASS_MARKS = "Rr85L367AWSg?"
FIGURE_MARKS: Mapping[str, str] = MappingProxyType(
    {
        "chords": "Xxo?DdumBbl123456",
        "pad": "Xxo?",
        "arp": "x?12345678",
        "lead": "Xx?",
        "hits": "xXc",
    }
)
SIGNS_OF_A_BACKBEAT = frozenset({"snare", "clap", "rim"})


@dataclass(frozen=True, slots=True)
class Tempi:
    """The tempi between which a pattern sits well, in beats a minute."""

    low: float
    high: float

    def distance(self, tempo_bpm: float) -> float:
        """How far a tempo lies outside, as a ratio: 1 inside, 2 at twice or half."""
        return max(1.0, self.low / tempo_bpm, tempo_bpm / self.high)


@dataclass(frozen=True, slots=True)
class Groove:
    """A drum pattern.

    Attributes:
        name: as the vocabulary says it.
        tempi: where it sits well.
        fills: the family of its fills, "none" for none.
        voices: the readings of each drum, the usual one first.
    """

    name: str
    tempi: Tempi
    fills: str
    voices: Mapping[str, tuple[Pattern, ...]]

    @property
    def late_backbeat(self) -> bool:
        """The backbeat is on three and not on two, as in half-time."""
        on = {
            step.at // STEPS_A_BEAT
            for voice in SIGNS_OF_A_BACKBEAT & self.voices.keys()
            for step in self.voices[voice][0].bars[0]
            if step.mark in "Xx" and step.at % STEPS_A_BEAT == 0
        }
        return 2 in on and 1 not in on


@dataclass(frozen=True, slots=True)
class Fill:
    """What drums play instead of the groove in the last beats of a phrase."""

    beats: int
    voices: Mapping[str, Pattern]


@dataclass(frozen=True, slots=True)
class Line:
    """A bass line: its readings, and whether it may meet a new chord `late`."""

    name: str
    tempi: Tempi
    readings: tuple[Pattern, ...]
    late: bool


@dataclass(frozen=True, slots=True)
class Figure:
    """What an instrument of one role plays.

    Attributes:
        role: "chords", "pad", "arp", "lead" or "hits".
        name: as the vocabulary says it.
        tempi: where it sits well.
        readings: the patterns to choose from, the usual one first.
        roll_s: how long a chord takes from its first note to its last.
        power: chords are root, fifth and octave.
        ring_beats: how long one picked note rings on, if it is written shorter and the chord stays.
    """

    role: str
    name: str
    tempi: Tempi
    readings: tuple[Pattern, ...]
    roll_s: float
    power: bool
    ring_beats: float

    @property
    def held(self) -> bool:
        """It is one long chord a bar."""
        first = self.readings[0].bars[0]
        return len(first) == 1 and first[0].length == self.readings[0].beats * STEPS_A_BEAT


@dataclass(frozen=True, slots=True)
class Library:
    """Everything that can be played, by name."""

    grooves: Mapping[str, Groove]
    fills: Mapping[str, tuple[Fill, ...]]
    lines: Mapping[str, Line]
    figures: Mapping[tuple[str, str], Figure]


@dataclass(frozen=True, slots=True)
class _Block:
    """`[head words]` and the lines under it, with the number of the first for messages."""

    head: tuple[str, ...]
    lines: tuple[str, ...]
    number: int


def parse_library(grooves: str, basslines: str, figures: str) -> Library:
    """Read the three files' texts; the head of each file says how it is written.

    Raises:
        ValueError: on anything that cannot be read, a name used twice or a fill family that is not there.
    """
    drums: dict[str, Groove] = {}
    fills: dict[str, list[Fill]] = {}
    for block in _blocks(grooves, "grooves.txt"):
        if block.head[0] == "fill":
            family, beats = block.head[1:]
            fills.setdefault(family, []).append(_fill(block, int(beats)))
        else:
            _add(drums, block.head[0], _groove(block), block)
    for groove in drums.values():
        if groove.fills not in fills and groove.fills != "none":
            raise ValueError(f"groove {groove.name}: there are no fills {groove.fills!r}")
    lines: dict[str, Line] = {}
    for block in _blocks(basslines, "basslines.txt"):
        _add(lines, block.head[0], _line(block), block)
    parts: dict[tuple[str, str], Figure] = {}
    for block in _blocks(figures, "figures.txt"):
        _add(parts, (block.head[0], block.head[1]), _figure(block), block)
    return Library(
        MappingProxyType(drums),
        MappingProxyType({family: tuple(some) for family, some in fills.items()}),
        MappingProxyType(lines),
        MappingProxyType(parts),
    )


@cache
def library() -> Library:
    """The patterns that come with the engine."""
    here = resources.files("punchin.engines.embedded.arrangement")
    texts = (here.joinpath(f"{name}.txt").read_text("utf-8") for name in ("grooves", "basslines", "figures"))
    return parse_library(*texts)


def _add(named: dict[K, V], name: K, value: V, block: _Block) -> None:
    if name in named:
        raise ValueError(f"line {block.number}: {name!r} is already there")
    named[name] = value


def _blocks(text: str, where: str) -> Iterator[_Block]:
    head: tuple[str, ...] = ()
    lines: list[str] = []
    began = 0
    for number, raw in enumerate([*text.splitlines(), "[end]"], 1):
        line = raw.strip()
        if not line or line.startswith("#"):
            continue
        if not line.startswith("["):
            lines.append(line)
            continue
        if head:
            if not lines:
                raise ValueError(f"{where} line {began}: nothing stands under {' '.join(head)!r}")
            yield _Block(head, tuple(lines), began)
        elif lines:
            raise ValueError(f"{where}: patterns before the first [name]")
        head, lines, began = tuple(line.strip("[]").split()), [], number


def _tempi(word: str) -> Tempi:
    match = re.fullmatch(r"(\d+)-(\d+)", word)
    if match is None or int(match[1]) >= int(match[2]):
        raise ValueError(f"expected tempi as LOW-HIGH, not {word!r}")
    return Tempi(float(match[1]), float(match[2]))


def _options(words: tuple[str, ...], known: set[str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for word in words:
        option, _, value = word.partition("=")
        options[option] = value
    if unknown := options.keys() - known:
        raise ValueError(f"{', '.join(sorted(unknown))} is no option; {', '.join(sorted(known))} are")
    return options


def _voices(block: _Block) -> dict[str, tuple[Pattern, ...]]:
    voices: dict[str, tuple[Pattern, ...]] = {}
    for line in block.lines:
        voice, _, pattern = line.partition(" ")
        if voice not in DRUM_VOICES:
            raise ValueError(f"{voice!r} is no drum")
        voices[voice] = (*voices.get(voice, ()), parse_pattern(pattern, DRUM_MARKS))
    return voices


def _groove(block: _Block) -> Groove:
    name, tempi, *rest = block.head
    options = _options(tuple(rest), {"fills"})
    return Groove(name, _tempi(tempi), options.get("fills", "none"), MappingProxyType(_voices(block)))


def _fill(block: _Block, beats: int) -> Fill:
    voices = {voice: readings[0] for voice, readings in _voices(block).items()}
    if any(len(pattern.bars) != 1 or pattern.beats != beats for pattern in voices.values()):
        raise ValueError(f"line {block.number}: a fill of {beats} beats has {beats} groups a drum")
    return Fill(beats, MappingProxyType(voices))


def _line(block: _Block) -> Line:
    name, tempi, *rest = block.head
    options = _options(tuple(rest), {"late"})
    return Line(
        name, _tempi(tempi), tuple(parse_pattern(x, BASS_MARKS) for x in block.lines), "late" in options
    )


def _figure(block: _Block) -> Figure:
    role, name, tempi, *rest = block.head
    options = _options(tuple(rest), {"roll", "power", "ring"})
    readings = tuple(parse_pattern(line, FIGURE_MARKS[role]) for line in block.lines)
    roll_s, ring_beats = float(options.get("roll", 0)) / 1000, float(options.get("ring", 1))
    return Figure(role, name, _tempi(tempi), readings, roll_s, "power" in options, ring_beats)

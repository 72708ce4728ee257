"""Where each instrument plays: comfortable ranges, and how the fretted ones are strung."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

GUITAR = (40, 45, 50, 55, 59, 64)
UKULELE = (
    60,
    64,
    67,
    69,
)  # tuned g' c' e' a': the high g string is not below the others, so it is sorted here
MANDOLIN = (55, 62, 69, 76)


@dataclass(frozen=True, slots=True)
class Range:
    """Where an instrument sounds as people know it.

    Attributes:
        low, high: lowest and highest MIDI pitch that the arrangement gives it.
        strings: open strings of a fretted instrument, from low to high; empty for the others.
    """

    low: int
    high: int
    strings: tuple[int, ...] = ()

    @property
    def centre(self) -> float:
        """The middle of it."""
        return (self.low + self.high) / 2


def _ranges(text: str) -> dict[str, Range]:
    entries = (line.split() for line in text.strip().splitlines())
    return {name: Range(int(low), int(high)) for name, low, high in entries}


# After the ranges in Adler, The Study of Orchestration (3rd ed.), narrowed to where each blends in a band.
_PLAIN = _ranges("""
    piano 48 79
    honky-tonk 50 79
    rhodes 48 76
    fm-piano 50 79
    clavinet 48 74
    harpsichord 48 84
    celesta 72 96
    organ 48 76
    rock-organ 50 76
    church-organ 43 79
    accordion 53 81
    vibraphone 53 84
    marimba 50 84
    xylophone 65 96
    glockenspiel 79 103
    tubular-bells 60 77
    kalimba 57 84
    steel-drums 60 84
    music-box 67 96
    dulcimer 55 84
    harp 48 88
    sitar 50 77
    koto 55 84
    shamisen 52 77
    banjo 50 76
    strings 48 81
    string-machine 50 79
    tremolo-strings 48 79
    pizzicato 50 84
    violin 57 88
    fiddle 57 86
    viola 50 77
    cello 36 64
    choir 48 74
    oohs 50 74
    brass 46 72
    trumpet 55 79
    muted-trumpet 55 77
    trombone 43 65
    french-horn 43 67
    tenor-sax 47 71
    alto-sax 53 79
    flute 62 89
    clarinet 53 82
    oboe 60 84
    bassoon 38 62
    recorder 65 91
    pan-flute 62 86
    shakuhachi 60 82
    bagpipe 60 77
    harmonica 60 84
    supersaw 52 79
    saw-pad 48 76
    warm-pad 45 74
    glass-pad 57 84
    pluck 55 86
    saw-lead 55 82
    sine-lead 60 86
    fm-bell 60 88
    chip-square 57 88
    orchestra-hit 48 72
    timpani 40 55
    finger-bass 28 50
    pick-bass 28 48
    upright-bass 28 50
    fretless-bass 28 52
    slap-bass 28 50
    sub-bass 26 45
    bass-808 25 45
    synth-bass 28 50
    acid-bass 31 53
    reese-bass 26 45
    wobble-bass 26 45
    fm-bass 28 50
    chip-triangle 33 57
    log-drum 31 53
    tuba 29 50
""")
_GUITARS = ("steel-guitar", "nylon-guitar", "clean-guitar", "jazz-guitar", "muted-guitar")
_LOUD_GUITARS = ("overdriven-guitar", "distorted-guitar")

RANGES: Mapping[str, Range] = MappingProxyType(
    _PLAIN
    | {name: Range(40, 76, GUITAR) for name in (*_GUITARS, *_LOUD_GUITARS)}
    | {"ukulele": Range(60, 79, UKULELE), "mandolin": Range(55, 84, MANDOLIN)}
)
"""Every instrument that the vocabulary names."""

BASS_CELLO = Range(36, 57)
"""The cello where it is the bass."""


def range_of(instrument: str) -> Range:
    """The range of an instrument; one that is not listed gets the middle of the keyboard."""
    return RANGES.get(instrument, Range(50, 79))


def bass_range(instrument: str) -> Range:
    """The range of an instrument that plays the bass."""
    return BASS_CELLO if instrument == "cello" else range_of(instrument)

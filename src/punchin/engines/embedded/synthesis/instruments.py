"""Every instrument, one line each: its name, how it is made, its trim and where it sounds well.

Adding an instrument is adding a line. The trim makes a phrase of medium velocity in the middle of the compass
-20 LUFS; `python -m punchin.engines.embedded.synthesis.levels` measures them all and prints what to write here.
"""

# ruff: noqa: E501 -- one line an instrument

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import TYPE_CHECKING

from punchin.engines.embedded.synthesis.analog import Analog
from punchin.engines.embedded.synthesis.clouds import Cloud
from punchin.engines.embedded.synthesis.envelopes import Envelope
from punchin.engines.embedded.synthesis.sampled import Sampled
from punchin.engines.embedded.synthesis.tones import Deep, Fm
from punchin.engines.embedded.synthesis.waves import drawbars, pulse, saw, sine, stepped_triangle

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from punchin.engines.embedded.synthesis.voice import Voice


@dataclass(frozen=True, slots=True)
class Instrument:
    """One line of the table.

    Attributes:
        name: as tags and scores say it.
        voice: how it is made.
        trim_db: makes all instruments equally loud.
        low, high: the pitches between which it sounds like itself.
    """

    name: str
    voice: Voice
    trim_db: float
    low: int
    high: int


SEVEN = (-19.0, -12.0, -6.0, 0.0, 6.0, 12.0, 19.0)
"""Detuning of a supersaw's seven oscillators in cents."""

_TABLE: tuple[tuple[str, Voice, float, int, int], ...] = (
    # name, voice, trim_db, low, high
    # ---- Keys
    ("piano", Sampled("piano", 0.3), 1.8, 28, 96),
    ("honky-tonk", Sampled("piano", 0.25, cents=(-9, 9)), 1.9, 33, 93),
    ("rhodes", Sampled("rhodes", 0.25), 2.5, 31, 91),
    ("fm-piano", Sampled("fm-piano", 0.25), -0.9, 40, 93),
    ("clavinet", Sampled("clavinet", 0.08), 0.9, 33, 84),
    ("harpsichord", Sampled("harpsichord", 0.15), -0.7, 36, 88),
    ("celesta", Sampled("celesta", 0.6), 1.5, 54, 98),
    ("organ", Analog(drawbars((8, 8, 8, 4, 0, 2, 0, 0, 2)), octave=-1, vibrato_cents=9, vibrato_hz=6.4, envelope=Envelope(0.008, release_s=0.06)), -23.6, 36, 90),
    ("rock-organ", Sampled("rock-organ", 0.08), -1.8, 40, 91),
    ("church-organ", Sampled("church-organ", 0.5), -2.4, 36, 96),
    ("accordion", Sampled("accordion", 0.12), -1.8, 53, 91),
    ("harmonica", Sampled("harmonica", 0.12, vibrato_cents=12), 0, 58, 89),
    # ---- Mallets and bells
    ("music-box", Sampled("music-box", 0.9), 2, 55, 96),
    ("vibraphone", Sampled("vibraphone", 0.8, tremolo_hz=5, tremolo=0.25), 2.5, 53, 94),
    ("marimba", Sampled("marimba", 0.5), -1.4, 45, 89),
    ("xylophone", Sampled("xylophone", 0.4), -4.5, 60, 103),
    ("glockenspiel", Sampled("glockenspiel", 0.9), -0.7, 72, 105),
    ("tubular-bells", Sampled("tubular-bells", 1.5), -1.7, 60, 84),
    ("kalimba", Sampled("kalimba", 0.5), -2, 53, 93),
    ("steel-drums", Sampled("steel-drums", 0.3), -1.3, 55, 86),
    ("timpani", Sampled("timpani", 1.0), -1.4, 36, 55),
    # ---- Plucked strings
    ("nylon-guitar", Sampled("nylon-guitar", 0.25), -1.2, 40, 84),
    ("steel-guitar", Sampled("steel-guitar", 0.25), -1.1, 40, 84),
    ("jazz-guitar", Sampled("jazz-guitar", 0.2, bright_hz=4500), -0.9, 40, 82),
    ("clean-guitar", Sampled("clean-guitar", 0.2), -0.7, 40, 86),
    ("muted-guitar", Sampled("muted-guitar", 0.08), -1.2, 40, 76),
    ("overdriven-guitar", Sampled("overdriven-guitar", 0.12), -1.4, 40, 86),
    ("distorted-guitar", Sampled("distorted-guitar", 0.1), -1.3, 34, 82),
    ("ukulele", Sampled("nylon-guitar", 0.12, damping_db_s=12), 0.2, 57, 84),
    ("mandolin", Sampled("steel-guitar", 0.12, cents=(-5, 5), damping_db_s=14, tremolo_hz=13, tremolo=0.35), 2.3, 55, 88),
    ("banjo", Sampled("banjo", 0.15), -0.8, 48, 84),
    ("sitar", Sampled("sitar", 0.4), -0.3, 48, 84),
    ("koto", Sampled("koto", 0.4), 0.5, 48, 84),
    ("shamisen", Sampled("shamisen", 0.15), 0.5, 48, 86),
    ("harp", Sampled("harp", 0.9), 0, 33, 98),
    ("dulcimer", Sampled("dulcimer", 0.6), 2.4, 52, 88),
    ("pizzicato", Sampled("pizzicato", 0.25), 1.8, 38, 90),
    # ---- Bowed strings and voices
    ("strings", Sampled("strings", 0.45, attack_s=0.03), 3.2, 33, 91),
    ("tremolo-strings", Sampled("strings", 0.4, attack_s=0.03, tremolo_hz=11, tremolo=0.6), 6.2, 33, 88),
    ("violin", Sampled("violin", 0.2, attack_s=0.02), -2.5, 55, 96),
    ("fiddle", Sampled("violin", 0.1), -2.2, 55, 93),
    ("viola", Sampled("viola", 0.2, attack_s=0.02), -2.6, 48, 86),
    ("cello", Sampled("cello", 0.25, attack_s=0.02), -3.3, 36, 76),
    ("choir", Sampled("choir", 0.5, attack_s=0.05), 0.4, 43, 81),
    ("oohs", Sampled("oohs", 0.4, attack_s=0.05), 1.2, 48, 84),
    ("orchestra-hit", Sampled("orchestra-hit", 0.3), 0.7, 45, 78),
    # ---- Wind
    ("trumpet", Sampled("trumpet", 0.12, vibrato_cents=12), -1.7, 54, 86),
    ("muted-trumpet", Sampled("muted-trumpet", 0.12, vibrato_cents=12), -1.6, 54, 86),
    ("trombone", Sampled("trombone", 0.15, vibrato_cents=10), -2, 40, 74),
    ("tuba", Sampled("tuba", 0.12, mono=True), -3.2, 24, 60),
    ("french-horn", Sampled("french-horn", 0.25), 0.5, 36, 77),
    ("brass", Sampled("brass", 0.15), 0.4, 41, 86),
    ("tenor-sax", Sampled("tenor-sax", 0.12, vibrato_cents=14), -0.3, 44, 77),
    ("alto-sax", Sampled("alto-sax", 0.12, vibrato_cents=14), 0, 49, 82),
    ("oboe", Sampled("oboe", 0.12, vibrato_cents=10), -2.7, 58, 88),
    ("bassoon", Sampled("bassoon", 0.12, vibrato_cents=8), -2.1, 34, 74),
    ("clarinet", Sampled("clarinet", 0.12, vibrato_cents=6), -1, 50, 88),
    ("flute", Sampled("flute", 0.15), -2.4, 60, 93),
    ("recorder", Sampled("recorder", 0.12, vibrato_cents=8), -1.9, 65, 91),
    ("pan-flute", Sampled("pan-flute", 0.2, vibrato_cents=8), -0.2, 54, 91),
    ("shakuhachi", Sampled("shakuhachi", 0.25, vibrato_cents=14), 3.2, 60, 84),
    ("bagpipe", Sampled("bagpipe", 0.1), -2.1, 55, 86),
    # ---- Basses
    ("upright-bass", Sampled("upright-bass", 0.12, mono=True), -0.7, 28, 64),
    ("finger-bass", Sampled("finger-bass", 0.1, mono=True), -1.1, 26, 60),
    ("pick-bass", Sampled("pick-bass", 0.08, mono=True), -1.1, 26, 60),
    ("fretless-bass", Sampled("fretless-bass", 0.12, mono=True), -0.6, 28, 62),
    ("slap-bass", Sampled("slap-bass", 0.08, mono=True), -1.1, 28, 60),
    ("bass-808", Deep(12, 0.012, drive=2.2, envelope=Envelope(0.002, 1.1, 0.05, 0.12)), -17.7, 22, 55),
    ("sub-bass", Deep(drive=1.3, even=0.15, envelope=Envelope(0.008, 0.8, 0.75, 0.08)), -17.8, 24, 60),
    ("log-drum", Deep(7, 0.02, drive=2.8, even=0.3, envelope=Envelope(0.002, 0.16, 0.05, 0.12)), -15.8, 28, 65),
    ("synth-bass", Analog(saw, 500, 2.2, 0.18, 1.6, cents=(-5, 5), sub=0.4, envelope=Envelope(0.003, 0.5, 0.7, 0.08), mono=True), -14.8, 24, 64),
    ("acid-bass", Analog(saw, 420, 2.6, 0.13, 7.0, bite=0.35, envelope=Envelope(0.003, 0.5, 0.6, 0.05), mono=True), -18.4, 28, 67),
    ("wobble-bass", Analog(saw, 700, q=3.0, cents=(-10, 10), sub=0.5, wobble=4.0, bite=0.4, envelope=Envelope(0.005, release_s=0.06), mono=True), -18.5, 24, 60),
    ("reese-bass", Cloud(saw, (-16, 0, 16), corner_hz=1100, width=0.4, envelope=Envelope(0.006, release_s=0.1), mono=True), -15.4, 24, 60),
    ("fm-bass", Fm(1, 4.5, 0.2, 1.3, envelope=Envelope(0.002, 0.5, 0.5, 0.08), mono=True), -16.4, 26, 64),
    ("chip-triangle", Analog(stepped_triangle, envelope=Envelope(0.002, release_s=0.02), mono=True), -17.3, 28, 84),
    # ---- Synthesizers
    ("chip-square", Analog(lambda count: pulse(count, 0.25), vibrato_cents=14, envelope=Envelope(0.002, 0.4, 0.6, 0.03)), -20, 40, 100),
    ("pluck", Analog(saw, 500, 3.2, 0.09, 1.4, cents=(-4, 4), envelope=Envelope(0.002, 0.22, 0.0, 0.2)), -10.5, 40, 96),
    ("saw-lead", Analog(saw, 2600, 1.0, 0.25, 1.2, cents=(-7, 7), vibrato_cents=16, envelope=Envelope(0.006, release_s=0.12), mono=True), -18, 45, 96),
    ("sine-lead", Analog(sine, vibrato_cents=25, envelope=Envelope(0.04, release_s=0.15), mono=True), -18.8, 48, 100),
    ("supersaw", Cloud(saw, SEVEN, corner_hz=9000, closed_hz=4200, closing_s=0.35, floor_hz=90, envelope=Envelope(0.005, release_s=0.25)), -17.3, 40, 96),
    ("saw-pad", Cloud(saw, (-14, -5, 4, 13), corner_hz=2600, floor_hz=60, envelope=Envelope(0.25, release_s=0.9)), -15.8, 36, 90),
    ("warm-pad", Cloud(saw, (-8, 0, 8), blur_cents=12, corner_hz=900, floor_hz=50, envelope=Envelope(0.35, release_s=1.1)), -13.1, 36, 88),
    ("glass-pad", Cloud(drawbars((8, 0, 6, 5, 0, 6, 0, 4, 5)), (-4, 4), blur_cents=10, octaves=(1.0,), corner_hz=7000, floor_hz=120, envelope=Envelope(0.3, release_s=1.3)), -21.7, 43, 86),
    ("string-machine", Cloud(saw, (-11, 0, 11), blur_cents=8, octaves=(1.0,), corner_hz=4500, floor_hz=160, envelope=Envelope(0.09, release_s=0.6)), -17, 40, 91),
    ("fm-bell", Fm(3.5, 2.2, 0.5, second=0.3, second_ratio=5.2, envelope=Envelope(0.002, 0.6, 0.0, 1.0)), -18.8, 52, 96),
)  # fmt: skip

INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType({row[0]: Instrument(*row) for row in _TABLE})
"""Every instrument by name."""


def instrument(name: str) -> Instrument:
    """The instrument of that name.

    Raises:
        ValueError: if there is none; names the nearest ones.
    """
    if name not in INSTRUMENTS:
        raise ValueError(unknown("instrument", name, INSTRUMENTS))
    return INSTRUMENTS[name]


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence for a name that does not exist, with those that are spelt like it."""
    names = list(known)
    near = get_close_matches(name, names, 3, 0.5) or names[:3]
    return f"there is no {what} {name!r}; near it are {', '.join(near)}"

"""Two genres at once, and what "no drums" takes away."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING

from punchin.engines.embedded.tags.settings import MOST_PARTS
from punchin.engines.embedded.tags.style import Style, Tone, Vocals
from punchin.engines.embedded.tags.vocabulary import Kind

if TYPE_CHECKING:
    from punchin.engines.embedded.tags.style import Part
    from punchin.engines.embedded.tags.vocabulary import Term

GUEST_DB = -3.0
"""How much softer the second genre's instruments play: the first one named leads."""

FAMILIES = {
    "guitar": "steel-guitar nylon-guitar clean-guitar jazz-guitar muted-guitar overdriven-guitar "
    "distorted-guitar",
    "piano": "piano honky-tonk rhodes fm-piano",
    "organ": "organ rock-organ church-organ",
    "strings": "strings tremolo-strings pizzicato string-machine violin viola cello fiddle",
    "synth": "supersaw saw-pad warm-pad glass-pad pluck saw-lead sine-lead fm-bell chip-square "
    "string-machine",
    "pad": "saw-pad warm-pad glass-pad string-machine",
    "brass": "brass trumpet muted-trumpet trombone tuba french-horn",
    "choir": "choir oohs",
    "saxophone": "tenor-sax alto-sax",
    "bells": "glockenspiel tubular-bells celesta music-box fm-bell",
}
"""Tags that mean a whole family when they are left out: "no guitar" leaves out every guitar."""


def blend(first: Style, second: Style) -> Style:
    """Two genres in one: lofi and trap are trap's drums and 808 in lofi's dust.

    The sound (kit, bed, texture) is the first one's, softened by the second; groove and bass come from the
    one that pulls harder, and between equals the second gives its cymbals. Instruments and effects add up.
    """
    strong, weak = (second, first) if second.pull > first.pull else (first, second)
    groove, tops = strong.groove or weak.groove, strong.tops
    if strong.pull == weak.pull and first.groove and second.groove and first.groove != second.groove:
        groove, tops = first.groove, second.groove
    guests = tuple(
        replace(p, gain_db=p.gain_db + GUEST_DB) for p in second.parts if not _played(first, p.instrument)
    )
    return replace(
        first,
        groove=groove,
        tops=tops,
        percussion=_union(first.percussion, second.percussion),
        muted=_union(first.muted, second.muted),
        kit=first.kit if first.groove else second.kit,
        drums_asked=first.drums_asked or second.drums_asked,
        swing=first.swing if first.swing is not None else second.swing,
        feel=strong.feel,
        pull=strong.pull,
        bass=strong.bass or weak.bass,
        parts=_seated(first.parts, guests),
        sevenths=max(first.sevenths, second.sevenths),
        sparseness=(first.sparseness + second.sparseness) / 2,
        humanity=(first.humanity + second.humanity) / 2,
        harmonic_db=(first.harmonic_db + second.harmonic_db) / 2,
        percussive_db=min(first.percussive_db, second.percussive_db),
        bed_tone=_mean_tone(first.bed_tone, second.bed_tone),
        tone=_mean_tone(first.tone, second.tone),
        effects=_union(first.effects, second.effects),
        textures=_union(first.textures, second.textures),
        transitions=_union(first.transitions, second.transitions),
        pump=max(first.pump, second.pump),
        reverb=(first.reverb + second.reverb) / 2,
        reverb_s=max(first.reverb_s, second.reverb_s),
        width=(first.width + second.width) / 2,
        energy=(first.energy + second.energy) / 2,
        vocals=_last_said(first.vocals, second.vocals),
    )


def without(style: Style, term: Term) -> Style:
    """The style with what a term would bring left out; the same style where there is nothing of it."""
    if term.kind is Kind.DRUMS:
        return _without_drums(style, term)
    instruments = {
        s.arguments[0] for s in term.settings if s.word.split("_")[0] in _PART_WORDS and s.arguments
    }
    instruments |= {name for said in term.names for name in FAMILIES.get(said, "").split()}
    parts = tuple(part for part in style.parts if part.instrument not in instruments)
    if term.name == "bass":
        tone = replace(style.bed_tone, high_pass_hz=max(150.0, style.bed_tone.high_pass_hz or 0.0))
        style = replace(style, bass=None, bed_tone=tone)
    elif style.bass and style.bass.instrument in instruments:
        style = replace(style, bass=None)
    if term.kind is Kind.GENRES:
        # A genre is left out by what it plays; effects and space may as well be another tag's.
        return replace(_without_drums(style, term), parts=parts)
    for setting in term.settings:
        match setting.word:
            case "effect":
                style = replace(style, effects=_minus(style.effects, setting.arguments))
            case "texture":
                style = replace(style, textures=_minus(style.textures, setting.arguments))
            case "transition":
                style = replace(style, transitions=_minus(style.transitions, setting.arguments))
            case "reverb":
                style = replace(style, reverb=0.0)
            case "pump":
                style = replace(style, pump=0.0)
            case "voice" | "presence" if term.kind is Kind.VOCALS:
                style = replace(style, vocals=replace(style.vocals, delivery="none"))
            case "tuned" | "grit" | "breath" | "echo" if term.kind is Kind.VOCALS:
                style = replace(style, vocals=replace(style.vocals, **{setting.word: 0.0}))
            case "doubles" if term.kind is Kind.VOCALS:
                style = replace(style, vocals=replace(style.vocals, doubles=0))
            case "swing":
                style = replace(style, swing=0.5)
            case _:
                pass
    return replace(style, parts=parts)


_PART_WORDS = frozenset({"chords", "pad", "arp", "lead", "hits", "bass"})


def _without_drums(style: Style, term: Term) -> Style:
    if any(name in ("drums", "percussion", "beat", "live drums", "drum machine") for name in term.names):
        return replace(style, groove=None, tops=None, percussion=(), percussive_db=-60.0)
    named = {word for s in term.settings if s.word == "percussion" for word in s.arguments}
    grooves = {s.arguments[0] for s in term.settings if s.word in ("groove", "beat")}
    style = replace(
        style,
        percussion=_minus(style.percussion, tuple(named)),
        muted=_union(style.muted, tuple(sorted(named))),
    )
    if style.groove in grooves:
        return replace(style, groove=None, tops=None, percussive_db=-60.0)
    return style


def _played(style: Style, instrument: str) -> bool:
    return any(part.instrument == instrument for part in style.parts)


def _seated(hosts: tuple[Part, ...], guests: tuple[Part, ...]) -> tuple[Part, ...]:
    return (*hosts, *guests)[:MOST_PARTS]


def _union(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[str, ...]:
    return a + tuple(name for name in b if name not in a)


def _minus(names: tuple[str, ...], gone: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)


def _mean_tone(a: Tone, b: Tone) -> Tone:
    """Halfway: tilts are averaged, band limits meet at their geometric mean where both have one."""

    def halfway(x: float | None, y: float | None) -> float | None:
        return (x * y) ** 0.5 if x and y else x or y

    return Tone(
        halfway(a.low_pass_hz, b.low_pass_hz),
        halfway(a.high_pass_hz, b.high_pass_hz),
        (a.lows_db + b.lows_db) / 2,
        (a.mids_db + b.mids_db) / 2,
        (a.highs_db + b.highs_db) / 2,
    )


def _last_said(first: Vocals, second: Vocals) -> Vocals:
    """The first singer with everything that the second one says otherwise than the default."""
    said = {f.name: getattr(second, f.name) for f in fields(Vocals) if getattr(second, f.name) != f.default}
    return replace(first, **said)

"""A style: every musical decision that tags can make, as plain values.

Nothing here is sound yet. The arrangement reads groove, bass and parts; the synthesis their instruments; the
mix the bed, tone, effects and space; the voice its own. `Style()` is the song as it is: nothing is added.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["chords", "pad", "arp", "lead", "hits"]
"""What a part does: block chords, held chords, broken chords, a melody, single notes on the root."""

Delivery = Literal["sing", "rap", "speak", "none"]
"""How words are given: on a melody, in rhythm, freely, or not at all."""


@dataclass(frozen=True, slots=True)
class Part:
    """One instrument and what it plays.

    Attributes:
        role: what it does in the arrangement.
        instrument: a name that `synthesis.instruments` knows.
        figure: the pattern, a name that `arrangement` knows for that role.
        gain_db: louder or softer than that role usually is.
        asked: a tag named this instrument; otherwise a genre brought it.
    """

    role: Role
    instrument: str
    figure: str
    gain_db: float = 0.0
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Bass:
    """The bass: instrument, line (a name that `arrangement` knows) and level."""

    instrument: str
    line: str
    gain_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Vocals:
    """How the words are sung, where there are any.

    Attributes:
        delivery: sung, rapped, spoken, or "none" (then old vocals are lowered too).
        voice: "female" or "male"; None leaves it to the engine.
        register_semitones: higher or lower than that voice usually sings.
        presence_db: louder or softer against the band.
        breath: 0..1, airy.
        grit: 0..1, raspy to screamed.
        tuned: 0..1, how hard the pitch snaps to the notes.
        doubles: how many quiet copies, in unison or harmony.
        reverb: 0..1, added to the band's.
        echo: 0..1.
    """

    delivery: Delivery = "sing"
    voice: Literal["female", "male"] | None = None
    register_semitones: float = 0.0
    presence_db: float = 0.0
    breath: float = 0.0
    grit: float = 0.0
    tuned: float = 0.0
    doubles: int = 0
    reverb: float = 0.0
    echo: float = 0.0


@dataclass(frozen=True, slots=True)
class Tone:
    """The colour of a sound: band limits and tilts, `None` and 0 leave it alone.

    Attributes:
        low_pass_hz, high_pass_hz: where it ends, gently (12 dB an octave).
        lows_db, mids_db, highs_db: shelf below 200 Hz, bell at 1 kHz, shelf above 4 kHz.
    """

    low_pass_hz: float | None = None
    high_pass_hz: float | None = None
    lows_db: float = 0.0
    mids_db: float = 0.0
    highs_db: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """What the new part shall be like.

    Attributes:
        groove: the drum pattern, a name that `arrangement` knows; None plays no drums.
        tops: another groove whose cymbals and shakers are used instead; None keeps the groove's own.
        percussion: further patterns on top, each a groove of its own.
        muted: patterns whose drum voices are left out of the groove: "no hi-hats".
        kit: the drum sounds, a name that `synthesis.kits` knows.
        drums_asked: a tag named drums, so they play even where no steady beat was found.
        drums_db: drums louder or softer than usual.
        swing: 0.5 straight; below 0.64 where the second of two sixteenths falls, above it the second of two
            eighths (0.67 triplets); None is the song's own.
        feel: 0.5 half-time, 1 as the groove asks, 2 double-time.
        pull: how strongly this style insists on its groove and bass when it is blended with another.
        bass: None keeps the song's own.
        parts: what else plays, the most important first.
        sevenths: 0..1, how gladly chords get a seventh.
        sparseness: 0..0.9, the share of notes left out.
        density: 1 is as written; more adds in-between notes.
        humanity: how loosely it is played, 0 machine, 1 usual, 2 loose.
        harmonic_db, percussive_db: the song's own tones and drums in the new part.
        bed_tone: the colour of the song's own sound.
        tone: the colour of everything.
        effects: names that `mix` knows, in the order they were asked for.
        textures: noises beneath the music: vinyl, rain ...
        transitions: riser, impact, sweep: what leads in and out.
        pump: 0..1, how deep the kick ducks the rest.
        reverb: 0..1, and its length `reverb_s` (RT60).
        width: of the stereo image; 0 mono, 1 as it is.
        energy: about -1..1; loudness, brightness and busyness follow it.
        vocals: how words are sung.
    """

    groove: str | None = None
    tops: str | None = None
    percussion: tuple[str, ...] = ()
    muted: tuple[str, ...] = ()
    kit: str = "standard"
    drums_asked: bool = False
    drums_db: float = 0.0
    swing: float | None = None
    feel: float = 1.0
    pull: float = 1.0
    bass: Bass | None = None
    parts: tuple[Part, ...] = ()
    sevenths: float = 0.0
    sparseness: float = 0.0
    density: float = 1.0
    humanity: float = 1.0
    harmonic_db: float = 0.0
    percussive_db: float = 0.0
    bed_tone: Tone = Tone()
    tone: Tone = Tone()
    effects: tuple[str, ...] = ()
    textures: tuple[str, ...] = ()
    transitions: tuple[str, ...] = ()
    pump: float = 0.0
    reverb: float = 0.0
    reverb_s: float = 1.3
    width: float = 1.0
    energy: float = 0.0
    vocals: Vocals = Vocals()

    @property
    def plays(self) -> bool:
        """Whether anything is played on top of the song's own sound."""
        return bool(self.groove or self.percussion or self.bass or self.parts or self.transitions)

"""A score: what is to be played, before it is sound. The arrangement writes it, the synthesis plays it.

All times are seconds from the start of the hole. Pitches are MIDI numbers (69 is the A of 440 Hz); fractions
are allowed and carry the song's tuning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

TrackRole = Literal["bass", "chords", "pad", "arp", "lead", "hits"]
"""What a track does in the arrangement; the mix sets level and place by it."""

DRUM_VOICES = (
    "kick", "snare", "rim", "clap", "snap", "brush",
    "closed_hat", "pedal_hat", "open_hat", "ride", "ride_bell", "crash",
    "tom_low", "tom_mid", "tom_high", "taiko_low", "taiko_high", "surdo", "stomp",
    "shaker", "tambourine", "cowbell", "claves", "guiro", "sleighbells",
    "conga_low", "conga_high", "conga_slap", "bongo_low", "bongo_high", "timbale_low", "timbale_high",
    "frame_low", "frame_high", "tabla_low", "tabla_high",
)  # fmt: skip
"""Every drum that grooves use; each kit has a sound for each of them. `frame` is bodhran, darbuka, djembe."""


@dataclass(frozen=True, slots=True)
class Note:
    """One note of one instrument.

    Attributes:
        start_s: when it is struck.
        duration_s: until it is let go; what rings on afterwards is the instrument's release.
        pitch: MIDI number.
        velocity: 0..1, how hard.
        slide_s: over how long it glides from the note before (808, lead); 0 starts on pitch.
    """

    start_s: float
    duration_s: float
    pitch: float
    velocity: float
    slide_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Hit:
    """One stroke of a drum.

    Attributes:
        start_s: when.
        voice: which drum of the kit, one of `DRUM_VOICES`.
        velocity: 0..1.
    """

    start_s: float
    voice: str
    velocity: float


@dataclass(frozen=True, slots=True)
class Track:
    """One instrument with all it plays.

    Attributes:
        instrument: a name that the synthesis knows.
        role: what it does.
        notes: in order of their start.
        gain_db: louder or softer than its role usually is.
        asked: a tag named this instrument, so it must be heard.
    """

    instrument: str
    role: TrackRole
    notes: tuple[Note, ...]
    gain_db: float = 0.0
    asked: bool = False


@dataclass(frozen=True, slots=True)
class Score:
    """Everything that is played in the hole.

    Attributes:
        duration_s: length of the hole; every note ends and every tail is to be gone by then.
        tracks: the instruments.
        hits: the drums, in order of their start.
        kit: the drum sounds.
    """

    duration_s: float
    tracks: tuple[Track, ...] = ()
    hits: tuple[Hit, ...] = ()
    kit: str = "standard"

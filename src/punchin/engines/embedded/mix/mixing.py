"""The desk: the bed and the stems come in, one stereo sound goes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from punchin.engine import no_progress
from punchin.engines.embedded.effects import apply_effect, make_texture, make_transition, toned, widened
from punchin.engines.embedded.effects.dynamics import pump
from punchin.engines.embedded.mix.air import air_power, brightened
from punchin.engines.embedded.mix.balance import PLACES, gain, levelled, placed
from punchin.engines.embedded.mix.buses import Buses, split_effects
from punchin.engines.embedded.mix.metering import loudness
from punchin.engines.embedded.mix.room import LAST_S, falling, room_of
from punchin.engines.embedded.mix.separation import split
from punchin.engines.embedded.mix.voices import ducked, seated
from punchin.engines.embedded.tags.style import Tone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from punchin.engine import Progress
    from punchin.engines.embedded.effects import Pulse
    from punchin.engines.embedded.effects.filters import Sound
    from punchin.engines.embedded.synthesis import Stem
    from punchin.engines.embedded.tags import Style

SILENT_LUFS = -60.0
"""A bed below this says nothing about how loud the song is."""

MAKE_ROOM_HZ = 110.0
"""Below this the song's own sound leaves the place to a new bass, 24 dB an octave."""

KEPT_DB = -12.0
"""A style that lowers the song's tones by more than this wants to get rid of them."""

LEFT_OVER_LU, MAKE_UP_DB = 1.5, 6.0
"""Without drums, lows and highs the song's tones are softer; beyond the first this is made up for, up to the
second."""

TEXTURE_LU = {"vinyl": -15.0, "hiss": -20.0, "noise": -10.0, "rain": -12.0, "waves": -11.0}
OTHER_TEXTURE_LU = -13.0
"""Textures against the song: there, but behind the music."""

TRANSITION_LUFS = -14.0
"""A song of this loudness gets transitions at the level they are made at."""

PUMP_S = 0.28
"""How long everything takes to come up again after a kick, at most."""

LEAD_IN_S = 1.0
"""How much of the song before the hole goes through the desk as well."""


@dataclass(frozen=True, slots=True)
class Moments:
    """What happens when, in seconds from the start of the hole.

    Attributes:
        pulse: the beats.
        kicks_s: strokes of the kick, or beats where there is none.
    """

    pulse: Pulse
    kicks_s: tuple[float, ...]

    def later(self, seconds: float) -> Moments:
        """The same, counted from that much before the hole."""
        beats = tuple(beat + seconds for beat in self.pulse.beats_s)
        return Moments(replace(self.pulse, beats_s=beats), tuple(kick + seconds for kick in self.kicks_s))


def mix(
    bed: Sound,
    lead_in: Sound,
    stems: Iterable[Stem],
    rate_hz: int,
    style: Style,
    moments: Moments,
    *,
    voice: Sound | None = None,
    song_lufs: float,
    seed: int,
    progress: Progress = no_progress,
) -> Sound:
    """Mix a hole.

    Args:
        bed: the song's own sound there, `[2, N]`.
        lead_in: the song just before the hole, `[2, M]`, some `LEAD_IN_S` of it or less: echoes and rooms
            have heard it when the hole begins, as if the desk had been running all the time.
        stems: what is played, each `[2, N]`; taken one after the other.
        rate_hz: of all of them.
        style: levels, tone, effects, space.
        moments: beats and kicks.
        voice: who sings, `[1 or 2, N]`; None where nobody does.
        song_lufs: how loud the song is around; stems are levelled by it where the bed is silent.
        seed: of what is left to chance in effects and textures.
        progress: told how far it is, 0..1.

    Returns:
        `[2, N]`, at any level; `finish` brings it to that of the song.
    """
    dice = _Dice(seed)
    here_lufs = loudness(bed, rate_hz)
    here_lufs = here_lufs if here_lufs > SILENT_LUFS else song_lufs
    buses, air = _bed_buses(np.concatenate([lead_in, bed], axis=1), rate_hz, style, here_lufs)
    progress("mix", 0.2)
    _add_stems(buses, stems, rate_hz, style, here_lufs, air)
    progress("mix", 0.5)
    early = lead_in.shape[1]
    whole = _through_effects(buses, rate_hz, style, moments.later(early / rate_hz), dice, progress)[:, early:]
    if voice is not None:
        singer = seated(voice, rate_hz, style.vocals, moments.pulse, here_lufs)
        # The band is brought to where the song is, whatever was added to it or taken away.
        band = whole * gain(float(np.clip(here_lufs - loudness(whole, rate_hz), -12, 12)))
        whole = ducked(band, singer, rate_hz) + singer
    return whole + _around_it(whole, rate_hz, style, moments, here_lufs, dice)


def _through_effects(
    buses: Buses, rate_hz: int, style: Style, moments: Moments, dice: _Dice, progress: Progress
) -> Sound:
    """The buses, their effects and their room in one, then what acts on the whole."""
    for_music, for_all = split_effects(style.effects)
    for name in for_music:
        buses.change(lambda x, name=name: apply_effect(name, x, rate_hz, moments.pulse, dice.of(name)))
    _pump(buses, rate_hz, style, moments)
    whole = buses.sum()
    if style.reverb or style.parts:
        whole = whole + room_of(buses, rate_hz, style.reverb, style.reverb_s)
    progress("mix", 0.7)
    whole = toned(whole, rate_hz, style.tone)
    for name in for_all:
        whole = apply_effect(name, whole, rate_hz, moments.pulse, dice.of(name))
    progress("mix", 0.9)
    return whole if style.width == 1 else widened(whole, style.width)


class _Dice:
    """Chance of its own for every effect, so that one more leaves the others as they are."""

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def of(self, name: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, crc32(name.encode())])


def _bed_buses(bed: Sound, rate_hz: int, style: Style, here_lufs: float) -> tuple[Buses, float]:
    """The song's own sound: tones and strokes at their levels, in its colour; and the air taken from it."""
    tone = style.bed_tone
    if style.bass:
        cut = max(tone.high_pass_hz or 0.0, MAKE_ROOM_HZ)
        # Twice: a second bass an octave lower than this would still be heard through one such filter.
        bed = toned(bed, rate_hz, Tone(high_pass_hz=cut))
        tone = replace(tone, high_pass_hz=cut)
    if style.harmonic_db == style.percussive_db:
        return Buses.of(toned(bed, rate_hz, tone) * gain(style.harmonic_db)), 0.0
    layers = split(bed, rate_hz)
    tones = toned(layers.harmonic, rate_hz, tone) * gain(style.harmonic_db)
    strokes = toned(layers.percussive, rate_hz, tone)
    softer = gain(style.percussive_db)
    air = air_power(strokes, rate_hz) * max(0.0, 1.0 - float(softer) ** 2)
    if style.plays and style.harmonic_db > KEPT_DB:
        # What was taken out must not make what stays softer than the style asks for.
        lost_db = here_lufs + style.harmonic_db - LEFT_OVER_LU - loudness(tones, rate_hz)
        tones = tones * gain(float(np.clip(lost_db, 0.0, MAKE_UP_DB)))
    return Buses.of(tones, strokes * softer), air


def _add_stems(
    buses: Buses, stems: Iterable[Stem], rate_hz: int, style: Style, here_lufs: float, air: float
) -> None:
    """Everything that is played, at its level and place; drums no duller than `air`, what they replace."""
    bed_lufs = here_lufs + style.harmonic_db
    already: dict[str, int] = {}
    for stem in stems:
        number = already.get(stem.role, 0)
        already[stem.role] = number + 1
        places = PLACES[stem.role]
        samples = levelled(stem, rate_hz, here_lufs, bed_lufs, style.drums_db)
        if stem.role == "drums":
            samples = brightened(samples, rate_hz, air)
        buses.add(stem.role, placed(samples, places[number % len(places)]))


def _pump(buses: Buses, rate_hz: int, style: Style, moments: Moments) -> None:
    """All but the drums duck under the kick."""
    if not style.pump:
        return
    release_s = min(PUMP_S, 0.8 * moments.pulse.beat_s)
    for name in ("bed", "parts", "bass"):
        setattr(buses, name, pump(getattr(buses, name), rate_hz, moments.kicks_s, style.pump, release_s))


def _around_it(
    whole: Sound, rate_hz: int, style: Style, moments: Moments, here_lufs: float, dice: _Dice
) -> Sound:
    """Textures beneath and transitions on top; both are over when the hole is."""
    frames = whole.shape[1]
    added = np.zeros_like(whole)
    for name in style.textures:
        wanted = here_lufs + TEXTURE_LU.get(name, OTHER_TEXTURE_LU)
        added += make_texture(name, frames, rate_hz, dice.of(name)) * gain(wanted + 20.0)
    added *= falling(frames, rate_hz, LAST_S)
    for name in style.transitions:
        sound = make_transition(name, frames, rate_hz, moments.pulse, dice.of(name))
        added += sound * gain(min(here_lufs - TRANSITION_LUFS, 6.0))
    return added

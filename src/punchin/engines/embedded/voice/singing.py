"""The voice stage: from lyrics to a stem for the hole, and what was sung of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from punchin.engine import Unused
from punchin.engines.embedded.voice import vocoder
from punchin.engines.embedded.voice.languages import ENGLISH
from punchin.engines.embedded.voice.layout import EASY, FASTEST, LEAD_S, TAIL_S, Slot, lay_out
from punchin.engines.embedded.voice.lyrics import parse_lyrics
from punchin.engines.embedded.voice.melody import CENTRE, Melodist, Tune
from punchin.engines.embedded.voice.performing import Singer, Sound
from punchin.engines.embedded.voice.phrase import Phrase, Verse, heard, verses_of
from punchin.engines.embedded.voice.recognising import language_of
from punchin.engines.embedded.voice.rhythm import BREATH_S, Timing, in_rhythm, in_speech
from punchin.engines.embedded.voice.speaking import INSTALL, SPEECH_HZ, can_speak, speak
from punchin.engines.embedded.voice.stem import COPIES_S, COPY_CENTS, COPY_DB, assembled, at_rate, levelled
from punchin.errors import EditError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from punchin.engine import Progress
    from punchin.engines.embedded.arrangement import Ground
    from punchin.engines.embedded.tags.style import Vocals

SHORTEST_S = 1.5
"""In less time nothing can be sung that is understood."""

TOGETHER = 8
"""How many lines are spoken in one go; between, an edit can be cancelled."""


@dataclass(frozen=True, slots=True, eq=False)
class Sung:
    """What the singer did.

    Attributes:
        samples: `[N]`, or `[2, N]` with doubles: float32, exactly the hole's frames; 0 where nobody sings.
        sung: the lines that are heard, as written.
        dropped: lines that are not, and why.
        warnings: sentences the person should read.
        language: of the lyrics, as they were read, "en".
    """

    samples: NDArray[np.float32]
    sung: tuple[str, ...] = ()
    dropped: tuple[Unused, ...] = ()
    warnings: tuple[str, ...] = ()
    language: str = ENGLISH.code


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """A line ready to be performed."""

    phrase: Phrase
    speech: vocoder.Speech
    timing: Timing
    tune: Tune


def sing(
    lyrics: str,
    vocals: Vocals,
    ground: Ground,
    rate_hz: int,
    *,
    seed: int,
    language: str | None = None,
    progress: Progress,
) -> Sung:
    """Sing, rap or speak lyrics over a ground.

    Loudness against the band, reverb and echo (`presence_db`, `reverb`, `echo`) are the mix's.

    Args:
        lyrics: as typed; see `parse_lyrics`.
        vocals: how.
        ground: beats, bars and chords of the hole.
        rate_hz: of the stem.
        seed: the same seed gives the same bits, another one another melody and rhythm.
        language: "en", "es-MX" and the like; None has it told from the words.
        progress: called for every line; may raise `Cancelled`.

    Raises:
        EditError: if the lyrics have no words, or letters or a language that the voice cannot pronounce.
    """
    frames = round(ground.duration_s * rate_hz)
    nothing = Sung(np.zeros(frames, np.float32))
    parsed = parse_lyrics(lyrics)
    if parsed.instrumental or vocals.delivery == "none":
        why = "the tags ask for no vocals"
        return replace(nothing, dropped=tuple(Unused(f"line {line!r}", why) for line in parsed.lines))
    spoken = language_of(parsed.lines, language)
    nothing = replace(nothing, language=spoken.code)
    verses = [verse for line in parsed.lines for verse in verses_of(line, spoken)]
    if not verses:
        raise EditError("the lyrics have no words; write some, or [inst] for no vocals")
    if not can_speak():
        why = (
            f"the singer is not installed; {INSTALL} adds it where its package has a wheel (not macOS, musl)"
        )
        return replace(nothing, dropped=(Unused("lyrics", why),), warnings=(f"nothing is sung: {why}",))
    if ground.duration_s < SHORTEST_S:
        why = f"the region is {ground.duration_s:.2f} s long; words need at least {SHORTEST_S} s"
        return replace(nothing, dropped=tuple(Unused(f"line {v.text!r}", why) for v in verses))
    parts = _prepared(verses, vocals, ground, seed, progress)
    dropped, warnings = _left_over(verses, len(parts), vocals.delivery, ground.duration_s)
    if not parts:
        return replace(nothing, dropped=dropped, warnings=warnings)
    if language is None and spoken is not ENGLISH:
        warnings = (*warnings, f"the lyrics were read as {spoken.name}, by their words")
    samples = _stem(parts, vocals, ground, rate_hz, seed, progress)
    return Sung(samples, tuple(part.phrase.verse.text for part in parts), dropped, warnings, spoken.code)


def _left_over(
    verses: Sequence[Verse], sung: int, delivery: str, duration_s: float
) -> tuple[tuple[Unused, ...], tuple[str, ...]]:
    """The lines that did not fit, and what would."""
    left = verses[sung:]
    if not left:
        return (), ()
    most = FASTEST[delivery]
    room = int(most * max(0.0, duration_s - LEAD_S - TAIL_S))
    needed_s = sum(len(verse.stresses) for verse in verses) / EASY[delivery]
    dropped = tuple(
        Unused(
            f"line {verse.text!r}",
            f"it does not fit: it has {len(verse.stresses)} syllables, and at most {most:g} a second are "
            f"understood, {room} in {duration_s:.1f} s",
        )
        for verse in left
    )
    what = f"{len(left)} of {len(verses)} lines do not fit and are not sung"
    return dropped, (f"{what}; for all of them the region should be about {needed_s:.0f} s long",)


def _prepared(
    verses: Sequence[Verse], vocals: Vocals, ground: Ground, seed: int, progress: Progress
) -> list[_Part]:
    """Lines with speech, rhythm and notes, as many as fit."""
    slots = lay_out([len(verse.stresses) for verse in verses], ground, vocals.delivery)
    centre = CENTRE[vocals.voice or "female"] + vocals.register_semitones
    melodist = Melodist(ground, centre, _dice(seed, "melody"))
    parts: list[_Part] = []
    after_s = 0.0
    said: list[NDArray[np.floating]] = []
    for number, (verse, slot) in enumerate(zip(verses, slots, strict=False)):
        progress("sing", 0.5 * number / len(slots))
        if number == len(said):
            together = verses[number : min(number + TOGETHER, len(slots))]
            voice = verse.language.voice
            said += speak([[word.text for word in each.words] for each in together], voice)
        phrase = heard(verse, said[number])
        until = slots[number + 1].first if number + 1 < len(slots) else len(ground.positions)
        timing = _timed(phrase, slot, after_s, vocals, ground, _dice(seed, f"rhythm {number}"))
        if timing is None and until > slot.end:  # many consonants: the rest after the line is needed too
            wider = Slot(slot.first, until)
            timing = _timed(phrase, wider, after_s, vocals, ground, _dice(seed, f"rhythm {number}"))
        if timing is None:
            break
        tune = melodist.next_line(timing, verse.stresses)
        parts.append(_Part(phrase, vocoder.analyse(phrase.speech), timing, tune))
        after_s = float(timing.onsets_s[-1]) + BREATH_S
    return [_with_breath(part, after) for part, after in zip_longest(parts, parts[1:])]


def _timed(
    phrase: Phrase, slot: Slot, after_s: float, vocals: Vocals, ground: Ground, dice: np.random.Generator
) -> Timing | None:
    if vocals.delivery == "speak":
        return in_speech(phrase, slot, after_s, ground)
    return in_rhythm(phrase, slot, after_s, ground, vocals.delivery, dice)


def _with_breath(part: _Part, following: _Part | None) -> _Part:
    """A line that ends in time for the next one's first sound."""
    if following is None:
        return part
    lead = following.phrase.length_s(following.phrase.syllables[0].lead)
    limit = float(following.timing.onsets_s[0]) - lead - BREATH_S
    ends = np.minimum(part.timing.ends_s, max(limit, float(part.timing.onsets_s[-1]) + 0.15))
    return replace(part, timing=replace(part.timing, ends_s=ends))


def _stem(
    parts: Sequence[_Part], vocals: Vocals, ground: Ground, rate_hz: int, seed: int, progress: Progress
) -> NDArray[np.float32]:
    """All lines with their doubles, at the hole's rate."""
    singer = Singer(vocals)
    melodist = Melodist(ground, 0.0, _dice(seed, "doubles"))
    lead: list[Sound] = []
    copies: list[tuple[Sound, Sound]] = []
    for number, part in enumerate(parts):
        progress("sing", 0.5 + 0.45 * number / len(parts))
        lead.append(_perform(singer, part, part.tune, f"{number}", seed))
        for copy, late_s in enumerate(COPIES_S[: vocals.doubles]):
            tune = melodist.above(part.tune, part.timing) if copy else part.tune
            left, right = (
                _copied(_perform(singer, part, tune, f"{number} {copy} {side}", seed, detune), seconds)
                for side, detune, seconds in zip("lr", (-COPY_CENTS, COPY_CENTS), late_s, strict=True)
            )
            copies.append((left, right))
    stem = assembled(lead, copies, round(ground.duration_s * SPEECH_HZ))
    return at_rate(stem, rate_hz, round(ground.duration_s * rate_hz))


def _perform(
    singer: Singer, part: _Part, tune: Tune, take: str, seed: int, detune_cents: float = 0.0
) -> Sound:
    dice = _dice(seed, f"voice {take}")
    return levelled(singer.perform(part.phrase, part.speech, part.timing, tune, dice, detune_cents))


def _copied(sound: Sound, late_s: float) -> Sound:
    return Sound(sound.samples * 10 ** (COPY_DB / 20), sound.start + round(late_s * SPEECH_HZ))


def _dice(seed: int, player: str) -> np.random.Generator:
    return np.random.default_rng([seed, crc32(player.encode())])

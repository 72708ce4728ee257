"""One line performed: speech, rhythm and notes become the sound of a voice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from punchin.engines.embedded.voice import vocoder
from punchin.engines.embedded.voice.intonation import spoken_pitch, sung_pitch
from punchin.engines.embedded.voice.sounds import FRICATIVES, OBSTRUENTS, UNVOICED
from punchin.engines.embedded.voice.speaking import SPEECH_HZ
from punchin.engines.embedded.voice.stretching import sources, stretched

if TYPE_CHECKING:
    from punchin.engines.embedded.tags.style import Vocals
    from punchin.engines.embedded.voice.melody import Tune
    from punchin.engines.embedded.voice.phrase import Phrase
    from punchin.engines.embedded.voice.rhythm import Timing
    from punchin.engines.embedded.voice.stretching import Stretch


Floats = NDArray[np.floating]

MALE_WARP = 1.16
"""How much lower a man's formants lie than this woman's: his vocal tract is about a sixth longer."""

RAP_BASE = {"female": 57.0, "male": 46.0}
"""The middle pitch of speech: A3 and Bb2."""

SINGERS_FORMANT_HZ, SINGERS_FORMANT_WIDTH_HZ, SINGERS_FORMANT_DB = 3000.0, 500.0, 1.5
"""What makes a sung voice carry (Sundberg 1974; Saitou et al. 2007 emphasise it the same way)."""

CONSONANT_DB = 4.0
"""Stops and fricatives are quieter than vowels and carry the words; glides and nasals stay as they are: how
they grow into the vowel is what tells w from l."""

STRESS_DB = 1.0
RAP_VOWEL = 1.8
"""How much longer than in speech a rapped vowel may be."""

NOISY_FROM_HZ, NOISY_SHARE, CLEAN_SHARE = 4200.0, 0.25, 0.003
"""Above that frequency voices are partly breath; share of the power."""

WHISPER_FROM = 0.85
FADE_S = 0.012
PAD_S = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """Sound with a place: `samples` `[N]` at 16 kHz, the first at frame `start` of the hole."""

    samples: Floats
    start: int


class Singer:
    """One voice with its manners."""

    def __init__(self, vocals: Vocals) -> None:
        self._vocals = vocals
        self.voice = vocals.voice or "female"

    def perform(
        self,
        phrase: Phrase,
        speech: vocoder.Speech,
        timing: Timing,
        tune: Tune,
        rng: np.random.Generator,
        detune_cents: float = 0.0,
    ) -> Sound:
        """The sound of one line.

        Args:
            phrase: what is said.
            speech: `phrase.speech` taken apart.
            timing: when.
            tune: on which notes; rappers use them as far as `Vocals.tuned` asks for it.
            rng: chance.
            detune_cents: how far it is out of tune on purpose, for doubles.
        """
        sings = self._vocals.delivery == "sing"
        pieces = stretched(phrase, timing, None if sings else RAP_VOWEL)
        start = int((pieces[0].start_s - PAD_S) * SPEECH_HZ)
        rows = int((pieces[-1].end_s + 2 * PAD_S) / vocoder.STEP_S) - int(start / vocoder.STEP)
        times_s = start / SPEECH_HZ + np.arange(rows) * vocoder.STEP_S
        reading = _Reading(phrase, pieces, times_s)
        pitch = self._pitch(reading, timing, tune, rng, speech) + detune_cents / 100
        sounding = vocoder.Sounding(
            pitch_hz=440 * 2 ** ((pitch - 69) / 12),
            voicing=self._voicing(reading, speech),
            envelope=self._envelope(reading, speech),
            noise=self._noise(reading),
            roughness=self._vocals.grit,
        )
        sound = vocoder.synthesise(sounding, rng)
        gain = np.interp(
            np.arange(len(sound)) / vocoder.STEP, np.arange(rows), reading.gain(self._loudness(reading))
        )
        return Sound(_driven(sound * gain, self._vocals.grit), start)

    def _pitch(
        self, reading: _Reading, timing: Timing, tune: Tune, rng: np.random.Generator, speech: vocoder.Speech
    ) -> Floats:
        vocals = self._vocals
        if vocals.delivery == "sing":
            return sung_pitch(reading.times_s, timing, tune, vocals.tuned, rng)
        base = RAP_BASE[self.voice] + vocals.register_semitones
        accents = reading.of_syllable([float(s.stress == 1) for s in reading.phrase.syllables])
        rapped = spoken_pitch(
            speech.pitch_hz, reading.rows, accents if vocals.delivery == "rap" else 0 * accents, base
        )
        if vocals.tuned <= 0:
            return rapped
        return (1 - vocals.tuned) * rapped + vocals.tuned * sung_pitch(
            reading.times_s, timing, tune, 1.0, rng
        )

    def _voicing(self, reading: _Reading, speech: vocoder.Speech) -> Floats:
        """Vowels are voiced and some consonants are not, whatever the pitch tracker heard."""
        if self._vocals.breath >= WHISPER_FROM:
            return np.zeros(len(reading.times_s))
        heard = (speech.pitch_hz > 0).astype(float)[
            np.clip(np.round(reading.rows).astype(int), 0, len(speech.pitch_hz) - 1)
        ]
        voiced = np.where(reading.vowel, 1.0, np.where(reading.named(UNVOICED), 0.0, heard))
        return np.convolve(np.pad(voiced, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")

    def _envelope(self, reading: _Reading, speech: vocoder.Speech) -> Floats:
        low = np.clip(reading.rows.astype(int), 0, len(speech.envelope) - 2)
        part = np.clip(reading.rows - low, 0, 1)[:, None]
        envelope = (1 - part) * speech.envelope[low] + part * speech.envelope[low + 1]
        if self.voice == "male":
            envelope = _warped(envelope, MALE_WARP)
        if self._vocals.delivery == "sing":
            f = np.fft.rfftfreq(vocoder.FFT, 1 / SPEECH_HZ)
            ring = np.exp(-0.5 * ((f - SINGERS_FORMANT_HZ) / SINGERS_FORMANT_WIDTH_HZ) ** 2)
            envelope = envelope + SINGERS_FORMANT_DB / 10 * np.log(10) * ring * reading.vowel[:, None]
        return envelope

    def _noise(self, reading: _Reading) -> Floats:
        """The breath in a voiced row, `[T, F]`: high up, in voiced fricatives, and as asked for."""
        f = np.maximum(np.fft.rfftfreq(vocoder.FFT, 1 / SPEECH_HZ), 1.0)
        plain = CLEAN_SHARE + NOISY_SHARE / (1 + (NOISY_FROM_HZ / f) ** 6)
        hissing = CLEAN_SHARE + 0.6 / (1 + (1800.0 / f) ** 4)
        share = np.where(reading.named(FRICATIVES)[:, None], hissing, plain)
        airy = self._vocals.breath / (1 + (1500.0 / f) ** 2) * 0.85 + 0.1 * self._vocals.breath
        return 1 - (1 - share) * (1 - airy)

    def _loudness(self, reading: _Reading) -> Floats:
        """In dB, `[T]`: consonants and stressed syllables up."""
        stressed = reading.of_syllable([float(s.stress == 1) for s in reading.phrase.syllables])
        return np.where(reading.named(OBSTRUENTS), CONSONANT_DB, STRESS_DB * stressed)


class _Reading:
    """A line's pieces read at each row: which part of the speech sounds there."""

    def __init__(self, phrase: Phrase, pieces: list[Stretch], times_s: Floats) -> None:
        self.phrase = phrase
        self.times_s = times_s
        self._pieces = pieces
        source_s, self._index = sources(pieces, times_s)
        self.rows: Floats = source_s / vocoder.STEP_S
        self._near = np.clip(
            np.searchsorted([piece.start_s for piece in pieces], times_s, side="right") - 1,
            0,
            len(pieces) - 1,
        )

    @cached_property
    def vowel(self) -> NDArray[np.bool_]:
        """Whether a vowel sounds, `[T]`."""
        return np.array([piece.vowel for piece in self._pieces])[self._near]

    def named(self, names: frozenset[str]) -> NDArray[np.bool_]:
        """Whether one of these phonemes sounds, `[T]`."""
        middles = [(piece.from_s + piece.to_s) / 2 for piece in self._pieces]
        ends = [phone.end_s for phone in self.phrase.phones]
        which = np.minimum(np.searchsorted(ends, middles, side="right"), len(ends) - 1)
        return np.array([self.phrase.phones[k].name in names for k in which])[self._near]

    def of_syllable(self, values: list[float]) -> Floats:
        """A value of each syllable, at each row."""
        return np.array([values[piece.syllable] for piece in self._pieces])[self._near]

    def gain(self, loudness_db: Floats) -> Floats:
        """Decibels as a factor, 0 in rests, without steps, `[T]`."""
        factor = np.where(self._index >= 0, 10 ** (loudness_db / 20), 0.0)
        width = 2 * round(FADE_S / vocoder.STEP_S) + 1
        window = np.hanning(width + 2)[1:-1]
        smooth = np.convolve(np.pad(factor, width // 2, mode="edge"), window / window.sum(), "valid")
        smooth[[0, -1]] = 0.0
        return smooth


def _warped(envelope: Floats, factor: float) -> Floats:
    """Formants lower by a factor: each frequency takes its value from a higher one."""
    places = np.minimum(np.arange(envelope.shape[1]) * factor, envelope.shape[1] - 1.001)
    low = places.astype(int)
    part = places - low
    return (1 - part) * envelope[:, low] + part * envelope[:, low + 1]


def _driven(sound: Floats, grit: float) -> Floats:
    """A throat under pressure: the loud parts of the wave are bent, `tanh`, as loud as before."""
    if grit <= 0 or not sound.any():
        return sound
    level = float(np.sqrt(np.mean(sound**2)))
    bent = np.tanh((0.3 + 1.2 * grit) * sound / (2 * level))
    bent *= level / float(np.sqrt(np.mean(bent**2)))
    return (1 - 0.7 * grit) * sound + 0.7 * grit * bent

"""Small songs whose beats, bars, chords and key are known exactly, for judging (and training) the analysis.

Each style is a few step patterns, a way to play bass and chords, and a range of tempi; a seed chooses key,
progression, sounds, fills, drift and where in the bar the recording starts. Nothing here uses the analysis or
the engine's own synthesis, so agreement with these labels is not agreement with ourselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from punchin.song import Song

Wave = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Style:
    """How a style plays one bar. Patterns have one sign a sixteenth: `x` loud, `o` soft, `.` nothing.

    `bass` and `comp` name a way of playing (see `_bass_steps`, `_comp_steps`); `chord_bars` are the lengths
    of a chord in bars that may occur; `swing` is where the off-beat eighth falls in its beat.
    """

    bpm: tuple[float, float]
    kick: tuple[str, ...] = ()
    snare: tuple[str, ...] = ()
    hat: tuple[str, ...] = ()
    bass: str = "roots"
    comp: str = "sustain"
    chord_bars: tuple[float, ...] = (1.0, 1.0, 2.0)
    beats_per_bar: int = 4
    swing: float = 0.5
    drift: float = 0.0
    drums: float = 1.0
    lead: float = 0.5
    rim: bool = False


BACKBEAT = ("....x.......x...",)
EIGHTHS = "x.o.x.o.x.o.x.o."
SIXTEENTHS = "xoooxoooxoooxooo"

STYLES: dict[str, Style] = {
    "rock": Style(
        (100, 165),
        ("x.......x.x.....", "x.x.....x.......", "x.......x......."),
        BACKBEAT,
        (EIGHTHS, "x.x.x.x.x.x.x.x."),
        "eighths",
        "strum",
        drift=0.004,
    ),
    "pop": Style(
        (85, 130),
        ("x.....x.x.......", "x..x....x.x....."),
        BACKBEAT,
        (EIGHTHS, SIXTEENTHS),
        "roots",
        "sustain",
        (0.5, 1.0, 1.0),
    ),
    "house": Style(
        (118, 130),
        ("x...x...x...x...",),
        ("....x.......x...", "................"),
        ("..x...x...x...x.", "o.x.o.x.o.x.o.x."),
        "offbeat",
        "stabs",
        (1.0, 2.0),
    ),
    "hiphop": Style(
        (78, 102),
        ("x..x......x.....", "x.....xx..x....."),
        BACKBEAT,
        (EIGHTHS,),
        "roots",
        "stabs",
        (1.0, 2.0),
        swing=0.57,
        lead=0.3,
    ),
    "trap": Style(
        (125, 150),
        ("x.........x.....", "x.....x......x.."),
        ("........x.......",),
        (EIGHTHS, SIXTEENTHS),
        "roots",
        "sustain",
        (1.0, 2.0),
        lead=0.4,
    ),
    "funk": Style(
        (92, 118),
        ("x..x..x...x..x..", "x.x....x..x....."),
        ("....x..o.o..x..o", "....x..o....x..."),
        (SIXTEENTHS,),
        "syncopated",
        "stabs",
        (1.0, 2.0),
        drift=0.004,
    ),
    "reggae": Style(
        (68, 92),
        ("........x.......", "x.......x......."),
        ("........x.......", "................"),
        (EIGHTHS,),
        "syncopated",
        "skank",
        (1.0, 2.0),
        swing=0.56,
    ),
    "bossa": Style(
        (115, 145),
        ("x..xx..xx..xx..x", "x.....xxx.....xx"),
        ("x..x..x...x..x..", "x..x..x....x..x."),
        (EIGHTHS, SIXTEENTHS),
        "syncopated",
        "bossa",
        (1.0, 2.0),
        rim=True,
    ),
    "swing": Style(
        (110, 190),
        ("o...o...o...o...", "x..............."),
        ("......o.......o.", "................"),
        ("x...x.o.x...x.o.",),
        "walking",
        "charleston",
        (0.5, 1.0),
        swing=0.65,
        drift=0.005,
    ),
    "waltz": Style(
        (84, 160),
        ("x...........", "x.....o....."),
        ("....o...o...", "....x...x..."),
        ("x...o...o...", "............"),
        "roots",
        "waltz",
        (1.0, 1.0, 2.0),
        3,
        drift=0.006,
    ),
    "waltz_rock": Style(
        (100, 150),
        ("x.....x.....", "x..........."),
        ("........x...", "....x...x..."),
        ("x.o.x.o.x.o.",),
        "eighths",
        "sustain",
        (1.0, 2.0),
        3,
    ),
    "ballad": Style(
        (60, 84),
        ("x.......x.......",),
        BACKBEAT,
        (EIGHTHS,),
        "roots",
        "arpeggio",
        (0.5, 1.0, 1.0),
        drums=0.4,
        drift=0.006,
    ),
    "folk": Style(
        (84, 128), bass="alternating", comp="folk", chord_bars=(0.5, 1.0, 1.0), drums=0.0, drift=0.006
    ),
    "dnb": Style(
        (160, 176),
        ("x.........x.....", "x.....x...x....."),
        BACKBEAT,
        (EIGHTHS, SIXTEENTHS),
        "roots",
        "sustain",
        (1.0, 2.0),
    ),
    "disco": Style(
        (108, 126),
        ("x...x...x...x...",),
        BACKBEAT,
        ("x.x.x.x.x.x.x.x.", "o.xoo.xoo.xoo.xo"),
        "octaves",
        "stabs",
        (0.5, 1.0),
    ),
    "metal": Style(
        (110, 170),
        ("x.x.x.x.x.x.x.x.", "xxx.xxx.xxx.xxx."),
        BACKBEAT,
        ("x...x...x...x...",),
        "eighths",
        "strum",
        (1.0, 2.0),
    ),
    "synthwave": Style(
        (84, 118),
        ("x.......x.......", "x...x...x...x..."),
        BACKBEAT,
        (EIGHTHS,),
        "eighths",
        "arpeggio",
        (1.0, 1.0, 2.0),
    ),
    "shuffle": Style(
        (90, 140),
        ("x.......x.......", "x.....o.x......."),
        BACKBEAT,
        ("x.o.x.o.x.o.x.o.",),
        "walking",
        "charleston",
        (1.0, 2.0),
        swing=0.66,
        drift=0.003,
    ),
    "latin": Style(
        (95, 120),
        ("x...x...x...x...",),
        ("...x..x....x..x.", "x..x..x...x.x..."),
        (SIXTEENTHS,),
        "syncopated",
        "montuno",
        (0.5, 1.0),
    ),
    "chill": Style(
        (70, 95),
        ("x......x..x.....", "x.........x....."),
        BACKBEAT,
        (EIGHTHS,),
        "roots",
        "sustain",
        (1.0, 2.0),
        swing=0.56,
        drums=0.6,
    ),
    "ambient": Style((60, 90), comp="sustain", chord_bars=(1.0, 2.0), drums=0.0, lead=0.6),
}
"""Twenty ways to fill a bar."""

MAJOR_PROGRESSIONS = (
    "0 4 5 3",
    "0 5 3 4",
    "0 3 4 4",
    "0 3 0 4",
    "1 4 0 0",
    "5 3 0 4",
    "0 2 3 4",
    "0 4 1 3",
    "0 3 1 4",
)
MINOR_PROGRESSIONS = ("0 5 2 6", "0 6 5 6", "0 3 0 4", "0 5 6 0", "0 3 6 2", "0 2 6 3", "0 0 5 4")
"""Degrees counted from 0; the fifth of a minor key is a major chord."""

MAJOR_SCALE, MINOR_SCALE = (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10)


@dataclass(frozen=True, slots=True, eq=False)
class LabelledSong:
    """A song and what is true of it; beat k lasts from `beats_s[k]` to `beats_s[k + 1]`.

    Attributes:
        chords: (root 0..11, "maj" or "min") of each beat.
        key: the same for the whole.
    """

    song: Song
    style: str
    bpm: float
    beats_s: Wave
    positions: NDArray[np.int64]
    beats_per_bar: int
    chords: tuple[tuple[int, str], ...]
    key: tuple[int, str]
    tuning_semitones: float


def labelled_song(style: str, seed: int, duration_s: float = 30.0, rate_hz: int = 22_050) -> LabelledSong:
    """A song of one style; the same arguments give the same song."""
    maker = _Maker(style, seed, duration_s, rate_hz)
    return maker.make()


class _Maker:
    """One song being made; all randomness comes from one generator."""

    def __init__(self, name: str, seed: int, duration_s: float, rate_hz: int) -> None:
        self.rng = np.random.default_rng([seed, sorted(STYLES).index(name)])
        self.name, self.style, self.rate = name, STYLES[name], rate_hz
        self.bpm = float(self.rng.uniform(*self.style.bpm))
        self.duration_s = duration_s
        self.tuning = float(self.rng.choice([0.0, 0.0, self.rng.uniform(-0.4, 0.4)]))
        self.steps_per_bar = 4 * self.style.beats_per_bar
        self.out = np.zeros((2, round(duration_s * rate_hz)))
        self.timing_s = float(self.rng.choice([0.0, 0.004, 0.010]))

    def make(self) -> LabelledSong:
        self._lay_beats()
        self._choose_chords()
        self._choose_sounds()
        bars = len(self.beat_s) // self.style.beats_per_bar
        for bar in range(bars):
            self._play_bar(bar, bars)
        self._master()
        keep = (self.beat_s[:-1] < self.duration_s) & (self.beat_s[1:] > 0.0)
        index = np.flatnonzero(keep)
        return LabelledSong(
            Song(self.out.astype(np.float32), self.rate),
            self.name,
            self.bpm,
            self.beat_s[index[0] : index[-1] + 2],
            index % self.style.beats_per_bar,
            self.style.beats_per_bar,
            tuple(self.chord_of_beat[k] for k in index),
            self.key,
            self.tuning,
        )

    def _lay_beats(self) -> None:
        period = 60.0 / self.bpm
        count = int(self.duration_s / period) + 3 * self.style.beats_per_bar
        drift = np.cumsum(self.rng.standard_normal(count) * self.style.drift * 0.5)
        periods = period * np.exp(np.clip(drift - drift.mean(), -0.06, 0.06))
        start = -self.rng.uniform(0.0, self.style.beats_per_bar) * period
        self.beat_s = start + np.concatenate([[0.0], np.cumsum(periods)])

    def _time_s(self, beat: float) -> float:
        """When a place in beats is played; eighths swing, and people are not exact."""
        whole, part = int(beat // 1), beat % 1
        swing = self.style.swing
        part = part * 2 * swing if part < 0.5 else swing + (part - 0.5) * 2 * (1 - swing)
        return float(np.interp(whole + part, np.arange(len(self.beat_s)), self.beat_s)) + self.rng.normal(
            0, self.timing_s
        )

    def _choose_chords(self) -> None:
        minor = bool(self.rng.random() < 0.45)
        tonic = int(self.rng.integers(12))
        self.key = (tonic, "min" if minor else "maj")
        self.scale = [(tonic + d) % 12 for d in (MINOR_SCALE if minor else MAJOR_SCALE)]
        phrase = [
            int(d) for d in str(self.rng.choice(MINOR_PROGRESSIONS if minor else MAJOR_PROGRESSIONS)).split()
        ]
        other = [
            int(d) for d in str(self.rng.choice(MINOR_PROGRESSIONS if minor else MAJOR_PROGRESSIONS)).split()
        ]
        length = max(1, int(float(self.rng.choice(self.style.chord_bars)) * self.style.beats_per_bar))
        beats = len(self.beat_s) + 8
        degrees = [(phrase if (k // 32) % 3 < 2 else other)[(k // length) % 4] for k in range(beats)]
        self.chord_of_beat = [self._triad(d, minor) for d in degrees]
        self.seventh = bool(self.rng.random() < 0.3)
        self.length = length

    def _triad(self, degree: int, minor: bool) -> tuple[int, str]:
        qualities = "min dim maj min maj maj maj" if minor else "maj min min maj maj min dim"
        return self.scale[degree], qualities.split()[degree].replace("dim", "min")

    def _choose_sounds(self) -> None:
        rng = self.rng
        self.kick_hz, self.kick_decay = rng.uniform(42, 75), rng.uniform(8, 25)
        self.snare_hz, self.snare_decay, self.snare_tone = (
            rng.uniform(150, 260),
            rng.uniform(12, 35),
            rng.uniform(0.2, 1.0),
        )
        self.hat_decay = rng.uniform(35, 120)
        self.comp_sound = (
            rng.uniform(0.4, 2.2),
            rng.uniform(0.3, 4.0),
            rng.uniform(0.002, 0.02),
            int(rng.integers(4, 12)),
        )
        self.bass_sound = (rng.uniform(0.6, 2.0), rng.uniform(0.5, 4.0), 0.004, int(rng.integers(2, 8)))
        self.lead_sound = (rng.uniform(0.5, 1.5), rng.uniform(0.2, 2.0), 0.02, int(rng.integers(3, 10)))
        self.patterns = {
            k: str(rng.choice(getattr(self.style, k) or ("." * self.steps_per_bar,)))
            for k in ("kick", "snare", "hat")
        }
        self.comp_octave, self.bass_base = int(rng.choice([48, 54, 60])), int(rng.choice([28, 33, 36]))
        self.gain = {
            k: 10 ** (rng.uniform(-5, 3) / 20) for k in ("kick", "snare", "hat", "bass", "comp", "lead")
        }
        # One song in four borrows its bass or chords from another style, and one in four plays chords early.
        ways = [
            rng.choice(sorted({getattr(style, part) for style in STYLES.values()}))
            for part in ("bass", "comp")
        ]
        self.bass_way = str(ways[0]) if rng.random() < 0.25 else self.style.bass
        self.comp_way = str(ways[1]) if rng.random() < 0.25 else self.style.comp
        self.early_beats = 0.5 if rng.random() < 0.25 else 0.0
        self.with_drums = bool(rng.random() < self.style.drums)
        self.with_lead = bool(rng.random() < self.style.lead)
        self.with_bass = self.name != "ambient" and bool(rng.random() < 0.92)

    def _play_bar(self, bar: int, bars: int) -> None:
        first = bar * self.style.beats_per_bar
        section = (bar // 8) % 3
        quiet = bars > 12 and section == 2 and self.rng.random() < 0.2
        if self.with_drums and not quiet:
            self._play_drums(bar, first)
        if self.with_bass:
            for step, length, interval, loud in _bass_steps(self.bass_way, self.steps_per_bar, self.rng):
                root, quality = self.chord_of_beat[first + step // 4]
                pitch = (
                    self.bass_base
                    + (root + _interval(interval, quality) - self.bass_base) % 12
                    + 12 * (interval == 12)
                )
                self._note(
                    first + step / 4, length / 4, pitch, 0.35 * loud * self.gain["bass"], self.bass_sound
                )
        self._play_comp(first)
        if self.with_lead:
            self._play_lead(first)

    def _struck(self, first: int, step: int) -> float:
        """The place in beats of a bar's note; the first one may come early."""
        return first + step / 4 - (self.early_beats if step == 0 and first else 0.0)

    def _play_drums(self, bar: int, first: int) -> None:
        fill = bar % 8 == 7 and self.rng.random() < 0.6
        for voice, pattern in self.patterns.items():
            for step, sign in enumerate(pattern):
                if sign == "." and not (
                    fill and voice == "snare" and step >= self.steps_per_bar - 6 and step % 2 == 0
                ):
                    continue
                loud = (0.45 if sign == "o" else 1.0) * self.rng.uniform(0.8, 1.0)
                self._add(self._time_s(first + step / 4), self._drum(voice) * loud * self.gain[voice])
        if bar % 8 == 0 and self.rng.random() < 0.5:
            self._add(self._time_s(first), self._noise(1.2, 3.5) * 0.35)

    def _play_comp(self, first: int) -> None:
        for step, length, which, loud in _comp_steps(
            self.comp_way, self.steps_per_bar, self.length, self.rng
        ):
            root, quality = self.chord_of_beat[first + min(step // 4, self.style.beats_per_bar - 1)]
            tones = [root, root + (4 if quality == "maj" else 3), root + 7]
            if self.seventh:
                tones.append(root + (11 if quality == "maj" and root == self.key[0] else 10))
            chosen = tones if which is None else [tones[which % len(tones)] + 12 * (which // len(tones))]
            for tone in chosen:
                pitch = self.comp_octave + (tone - self.comp_octave) % 12 + 12 * (tone // 24)
                self._note(
                    first + step / 4, length / 4, pitch, 0.14 * loud * self.gain["comp"], self.comp_sound
                )

    def _play_lead(self, first: int) -> None:
        beat = 0.0
        while beat < self.style.beats_per_bar - 0.1:
            length = float(self.rng.choice([0.5, 0.5, 1.0, 1.5]))
            root, quality = self.chord_of_beat[first + int(beat)]
            chord = [root, (root + (4 if quality == "maj" else 3)) % 12, (root + 7) % 12]
            tone = int(self.rng.choice(chord if self.rng.random() < 0.65 else self.scale))
            if self.rng.random() < 0.75:
                self._note(
                    first + beat,
                    length * 0.9,
                    66 + (tone - 66) % 12,
                    0.16 * self.gain["lead"],
                    self.lead_sound,
                    vibrato=True,
                )
            beat += length

    def _note(
        self,
        beat: float,
        length: float,
        pitch: float,
        level: float,
        sound: tuple[float, float, float, int],
        *,
        vibrato: bool = False,
    ) -> None:
        """Additive tone: harmonics fall off by `slope`, ring with `decay`, rise in `attack_s`."""
        slope, decay, attack_s, count = sound
        start = self._time_s(beat)
        end = float(np.interp(beat + length, np.arange(len(self.beat_s)), self.beat_s))
        n = max(round((end - start + 0.06) * self.rate), 64)
        t = np.arange(n) / self.rate
        f0 = 440.0 * 2 ** ((pitch + self.tuning - 69) / 12)
        phase = 2 * np.pi * f0 * t + (0.03 * f0 / 5.5 * np.sin(2 * np.pi * 5.5 * t) if vibrato else 0.0)
        wave = np.zeros(n)
        for h in range(1, count + 1):
            if f0 * h < 0.45 * self.rate:
                wave += np.sin(h * phase + h) * (h**-slope) * np.exp(-t * decay * (0.5 + 0.5 * h))
        wave *= np.minimum(1.0, t / attack_s) * np.minimum(1.0, (t[-1] - t) / 0.05)
        self._add(start, wave * level)

    def _drum(self, voice: str) -> Wave:
        if voice == "kick":
            t = np.arange(round(0.3 * self.rate)) / self.rate
            return (
                np.sin(2 * np.pi * (self.kick_hz * t - 8 * np.exp(-t * 40) / 10))
                * np.exp(-t * self.kick_decay)
                * 0.9
            )
        if voice == "snare" and self.style.rim:
            t = np.arange(round(0.06 * self.rate)) / self.rate
            return np.sin(2 * np.pi * 1700 * t) * np.exp(-t * 90) * 0.4
        if voice == "snare":
            t = np.arange(round(0.25 * self.rate)) / self.rate
            tone = np.sin(2 * np.pi * self.snare_hz * t) * np.exp(-t * 25) * self.snare_tone
            return (tone + self.rng.standard_normal(t.size) * np.exp(-t * self.snare_decay)) * 0.45
        return self._noise(0.15, self.hat_decay) * 0.3

    def _noise(self, length_s: float, decay: float) -> Wave:
        t = np.arange(round(length_s * self.rate)) / self.rate
        return np.diff(self.rng.standard_normal(t.size + 1)) * np.exp(-t * decay) * 0.7

    def _add(self, start_s: float, wave: Wave) -> None:
        start = round(start_s * self.rate)
        if start < 0:
            wave, start = wave[-start:], 0
        wave = wave[: max(0, self.out.shape[1] - start)]
        pan = 0.5
        self.out[0, start : start + wave.size] += wave * (1 - pan) * 2
        self.out[1, start : start + wave.size] += wave * pan * 2

    def _master(self) -> None:
        """A room, a noise floor and a soft limit, as recordings have them."""
        rng = self.rng
        t = np.arange(round(0.6 * self.rate)) / self.rate
        room = rng.standard_normal((2, t.size)) * np.exp(-t * rng.uniform(6, 20)) * rng.uniform(0.0, 0.03)
        room[:, 0] += 1.0
        size = 1 << (self.out.shape[1] + t.size).bit_length()
        wet = np.fft.irfft(np.fft.rfft(self.out, size) * np.fft.rfft(room, size), size)[
            :, : self.out.shape[1]
        ]
        wet += rng.standard_normal(wet.shape) * 10 ** (rng.uniform(-80, -50) / 20)
        drive = rng.uniform(0.5, 2.0)
        self.out = np.tanh(wet * drive) / drive * 0.6


def _interval(name: int, quality: str) -> int:
    """Thirds are written as 3 and follow the chord."""
    return (4 if quality == "maj" else 3) if name == 3 else name


def _bass_steps(way: str, steps: int, rng: np.random.Generator) -> list[tuple[int, float, int, float]]:
    """(step, length in steps, interval above the root, loudness) of one bar of bass."""
    beats = range(0, steps, 4)
    if way == "eighths":
        return [(s, 2, 0, 1.0) for s in range(0, steps, 2)]
    if way == "octaves":
        return [(s, 2, 12 * (s % 4 // 2), 1.0) for s in range(0, steps, 2)]
    if way == "offbeat":
        return [(s + 2, 2, 0, 1.0) for s in beats]
    if way == "walking":
        return [(s, 4, 0 if s == 0 else int(rng.choice([3, 7, 0, 2, 9])), 0.9) for s in beats]
    if way == "alternating":
        return [(s, 4, 7 * (s // 8), 1.0) for s in range(0, steps, 8)]
    if way == "syncopated":
        return [(0, 3, 0, 1.0), (6, 2, 0, 0.8), (8, 3, 7, 0.8), (steps - 2, 2, 0, 0.8)]
    return [(0, steps // 2, 0, 1.0), (8, steps - 8, 0, 0.8)] if rng.random() < 0.6 else [(0, steps, 0, 1.0)]


def _comp_steps(
    way: str, steps: int, chord_beats: int, rng: np.random.Generator
) -> list[tuple[int, float, int | None, float]]:
    """(step, length in steps, which tone or None for all, loudness) of one bar of chords."""
    patterns: dict[str, str] = {
        "strum": "x...x...x...x..." if rng.random() < 0.5 else "x.x.x.x.x.x.x.x.",
        "stabs": "x..x..x...x....." if rng.random() < 0.5 else "x.....x...x.....",
        "skank": "..x...x...x...x.",
        "bossa": "x..x..x...x..x..",
        "charleston": "x.....x.........",
        "folk": "x...x.x...x.x.x.",
        "waltz": "....x...x...",
    }
    if way in patterns:
        return [(s, 3, None, 1.0) for s, sign in enumerate(patterns[way][:steps]) if sign == "x"]
    if way == "arpeggio":
        order = (0, 1, 2, 3, 2, 1, 0, 2)
        return [(s, 4, order[s // 2 % 8], 1.5) for s in range(0, steps, 2)]
    if way == "montuno":
        return [(s, 2, k, 1.4) for k, s in enumerate((0, 2, 5, 7, 9, 11, 14))]
    hold = min(steps, 4 * chord_beats)
    return [(s, hold, None, 0.9) for s in range(0, steps, hold)]

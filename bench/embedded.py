"""What an edit with the embedded engine costs, how well it keeps the song's beat and level, what tags do.

    python bench/embedded.py [SONG ...] [--minutes 60] [--starts 40 100] [--no-tags] [--as-they-are]

Without tags the song's own bars are measured, with five tags what is played on them, with words as well what
is sung; then comes the table of `bench/styles.py`.

Before that, songs made with exactly known beats are edited, and the strokes of the new part compared with
these: what is then off is the engine's fault and not that of the measure.

Every edit is a whole `punchin.edit` in a fresh process, start of the interpreter, imports, joins, proof and
receipt included. Songs are made WAV files first, so that the cost is the edit's and not that of coding a
whole Ogg file anew; `--as-they-are` leaves them. The last rows edit a WAV file of `--minutes`, of all songs.

    beat ms   how late the strokes of the new part are against those of the original, near the same beats (60
              ms on each side): median over the beats at which both have one, and how many these are. The
              beats come from an analysis of the original, but only say where to look
    LU        loudness of the new part less that of the original
    step LU   how much larger the steps of 1 s loudness at the two edges are than in the original, the worse
    click     largest second difference at the joins inside the new part and at its edges, over what the song
              has there: its 99.9 percentile, or what the two joined stretches have at that place, if more
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile

import hearing
import styles
from measure import Cost, Failed, cost_of
from punchin.engines.embedded.analysis import analyse
from punchin.loudness import ungated_lufs
from punchin.song import Song

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.support.labelled_songs import labelled_song

SHARED = Path(__file__).resolve().parents[2] / "shared" / "audio"
FIVE_TAGS = "lofi, hip hop, chill, piano, vinyl"
LINES = "walking down the empty street\nI can hear the music play"


@dataclass(frozen=True, slots=True)
class Case:
    """What is asked for in an edit."""

    length_s: float
    tags: str = ""
    lyrics: str = ""

    def __str__(self) -> str:
        return (
            f"{self.length_s:.0f} s"
            + (", five tags" if self.tags else "")
            + (", lyrics" if self.lyrics else "")
        )


CASES = (
    Case(10.0), Case(30.0), Case(10.0, FIVE_TAGS), Case(30.0, FIVE_TAGS), Case(10.0, FIVE_TAGS, LINES)
)  # fmt: skip

SIDE_S = 10.0

FEWEST_BEATS = 5
"""With fewer beats at which both parts have a stroke there is nothing to say about them."""

KNOWN = (
    "rock",
    "pop",
    "house",
    "hiphop",
    "funk",
    "swing",
    "waltz",
    "dnb",
    "disco",
    "latin",
    "shuffle",
    "metal",
)
KNOWN_TAGS = (FIVE_TAGS, "house", "rock", "funk", "bossa nova", "jazz, saxophone")
"""Made songs with drums, and what is played on them, in turn."""

EDIT = """
import sys, punchin
song, start, end, tags, lyrics, output, engine = sys.argv[1:]
where = {"output": output, "overwrite": True}
punchin.edit(song, float(start), float(end), tags=tags, lyrics=lyrics, engine=engine, seed=1, **where)
"""

PROTOTYPE = """prototype, 240 s song, five tags: 10 s 5.3 CPU s, 472 MB; 30 s 7.4 CPU s, 605 MB;
10 s with words 5.5 CPU s, 539 MB;
beat within 13 ms in 6 of 8 edits, worst 35; loudness -0.3 to +0.8; steps mostly up to 2, worst 4.7;
click 0.15 to 0.87"""


@dataclass(frozen=True, slots=True)
class Quality:
    """The measures of one edit; see the top of this file."""

    beat_ms: float
    beats: int
    loudness_lu: float
    step_lu: float
    click: float
    donors: int
    tempo_bpm: float
    confidence: float


Row = tuple[Case, Cost, Quality]


def main() -> None:
    options = _options()
    songs = options.songs or [path for path in sorted(SHARED.glob("*.*")) if _is_long(path)]
    if not songs:
        raise SystemExit(f"no songs: name some, or put them into {SHARED}")
    rows: list[Row] = []
    cases = [case for case in CASES if options.tags or not case.tags]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.known:
            _known(folder, options.engine, options.known)
        _heading()
        for source in songs:
            song = source if options.as_they_are else _as_wav(source, folder)
            for start_s in options.starts:
                for case in cases:
                    rows += _row(song, start_s, case, folder, options.engine)
        _summary(rows)
        if options.minutes:
            long_song = _repeated(songs, options.minutes, folder)
            for case in cases:
                _row(long_song, 30.0 * options.minutes + 0.5, case, folder, options.engine)
    print(PROTOTYPE)
    if options.tags and options.engine == "embedded":
        styles.report(songs)


def _heading() -> None:
    print(
        f"{'song':16s} {'from':>5s} {'edit':24s} {'CPU s':>6s} {'wall s':>6s} {'MB':>5s}  {'beat ms':>10s} "
        f"{'LU':>5s} {'step':>5s} {'click':>5s} {'joins':>5s} {'bpm':>6s} {'sure':>4s}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("songs", nargs="*", type=Path)
    parser.add_argument(
        "--minutes", type=float, default=60.0, help="length of the long file; 0 leaves it out"
    )
    parser.add_argument("--starts", nargs="+", type=float, default=[40.0, 100.0], help="where to edit, in s")
    parser.add_argument("--engine", default="embedded")
    parser.add_argument("--known", type=int, default=7001, help="seed of the made songs; 0 leaves them out")
    parser.add_argument("--no-tags", dest="tags", action="store_false", help="only the song's own bars")
    parser.add_argument("--as-they-are", action="store_true", help="edit the songs in their own format")
    return parser.parse_args()


def _is_long(path: Path) -> bool:
    return path.suffix in (".ogg", ".mp3", ".wav", ".flac") and soundfile.info(path).duration > 120


def _as_wav(song: Path, folder: Path) -> Path:
    samples, rate_hz = soundfile.read(song, dtype="float32", always_2d=True)
    path = folder / f"{song.stem}.wav"
    soundfile.write(path, np.clip(samples, -1, 1), rate_hz, "PCM_16")
    return path


def _row(song: Path, start_s: float, case: Case, folder: Path, engine: str) -> list[Row]:
    """Make one edit, print what it cost and how it is; nothing if the song is too short or the edit fails."""
    end_s = start_s + case.length_s
    if end_s > soundfile.info(song).duration:
        return []
    output = folder / f"{song.stem}.edited.flac"
    output = output.with_suffix(song.suffix) if song.suffix in (".wav", ".mp3", ".flac") else output
    name = f"{song.stem[:16]:16s} {start_s:5.0f} {case!s:24s}"
    try:
        cost = cost_of(EDIT, song, start_s, end_s, case.tags, case.lyrics, output, engine)
    except Failed as failure:
        print(f"{name}  {str(failure).strip().splitlines()[-1]}")
        return []
    made = _quality(song, output, start_s, case.length_s)
    beat = f"{made.beat_ms:+.0f} ({made.beats})"
    print(
        f"{name:47s} {cost.cpu_s:6.2f} {cost.wall_s:6.2f} {cost.peak_mb:5.0f}  {beat:>10s} "
        f"{made.loudness_lu:+5.1f} {made.step_lu:5.1f} {made.click:5.2f} {made.donors:5d} "
        f"{made.tempo_bpm:6.1f} {made.confidence:4.2f}",
        flush=True,
    )
    return [(case, cost, made)]


def _summary(rows: list[Row]) -> None:
    for case in CASES:
        costs = [cost for asked, cost, _ in rows if asked == case]
        if costs:
            cpu, peak = (np.array([getattr(cost, name) for cost in costs]) for name in ("cpu_s", "peak_mb"))
            print(
                f"{case!s:24s}: {np.median(cpu):.2f} CPU s (worst {cpu.max():.2f}), "
                f"{np.median(peak):.0f} MB (worst {peak.max():.0f})"
            )
    for name, wanted in (("no tags", (False, False)), ("five tags", (True, False)), ("words", (True, True))):
        if made := [quality for case, _, quality in rows if (bool(case.tags), bool(case.lyrics)) == wanted]:
            _summarise(name, made)


def _summarise(name: str, made: list[Quality]) -> None:
    names = ("beat_ms", "loudness_lu", "step_lu", "click")
    beats, loudness, steps, clicks = (np.array([getattr(one, n) for one in made]) for n in names)
    beats = np.abs(beats[np.isfinite(beats)])
    print(
        f"{name}: beat within 15 ms in {np.sum(beats <= 15)} of the {beats.size} of {len(made)} edits that "
        f"have one, median {np.median(beats):.0f} ms, worst {np.max(beats, initial=0):.0f}; "
        f"loudness {loudness.min():+.1f} to {loudness.max():+.1f} LU; "
        f"step up to 2 LU in {np.mean(steps <= 2):.0%}, worst {steps.max():.1f}; "
        f"click {clicks.min():.2f} to {clicks.max():.2f}"
    )


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edit is: its start in the song, its first and last frame in the window that is measured."""

    start_s: float
    first: int
    last: int
    rate_hz: int


def _quality(song: Path, output: Path, start_s: float, length_s: float) -> Quality:
    """Measure an edit by its files alone, and by what its receipt says about the joins."""
    rate_hz = soundfile.info(song).samplerate
    old, new = _window(song, start_s, length_s), _window(output, start_s, length_s)
    first = round(min(SIDE_S, start_s) * rate_hz)
    place = Place(start_s, first, first + round(length_s * rate_hz), rate_hz)
    inside = slice(place.first, place.last)
    details = _details(output)
    donors = details.get("donors", [])
    lags = _beat_lags_ms(song, old[:, inside], new[:, inside], place, length_s)
    steps = [abs(_step(new, e, rate_hz)) - abs(_step(old, e, rate_hz)) for e in (place.first, place.last)]
    return Quality(
        beat_ms=float(np.median(lags)) if lags.size >= FEWEST_BEATS else float("nan"),
        beats=lags.size,
        loudness_lu=_lufs(new[:, inside], rate_hz) - _lufs(old[:, inside], rate_hz),
        step_lu=max(steps),
        click=_click(song, old, new, donors, place),
        donors=len(donors),
        tempo_bpm=details.get("tempo_bpm", float("nan")),
        confidence=details.get("tempo_confidence", float("nan")),
    )


def _window(path: Path, start_s: float, length_s: float, side_s: float = SIDE_S) -> np.ndarray:
    """`[C, N]`: a part of a file with `side_s` on each side, as far as the file goes."""
    rate_hz = soundfile.info(path).samplerate
    start = max(0, round((start_s - side_s) * rate_hz))
    stop = max(start, round((start_s + length_s + side_s) * rate_hz))
    return soundfile.read(path, start=start, stop=stop, dtype="float32", always_2d=True)[0].T


def _details(output: Path) -> dict:
    """What the engine said about the edit; empty where no receipt is found."""
    receipts = sorted(output.parent.glob(f"{output.name}*.json"))
    return json.loads(receipts[0].read_text())["punches"][0]["details"] if receipts else {}


def _beat_lags_ms(song: Path, old: np.ndarray, new: np.ndarray, place: Place, length_s: float) -> np.ndarray:
    """How late the strokes of new are against those of old, for each beat near which both have one."""
    beats_s = _beats_inside(song, place.start_s, length_s)
    heard = [
        hearing.strokes_near(hearing.stroke_strength(part, place.rate_hz), beats_s) for part in (old, new)
    ]
    lags = heard[1] - heard[0]
    return lags[np.isfinite(lags)]


@lru_cache(maxsize=1)
def _beats_inside(song: Path, start_s: float, length_s: float) -> np.ndarray:
    """Where the original has beats, in seconds from the region's start."""
    samples = _window(song, start_s, length_s, side_s=30.0)
    rate_hz = soundfile.info(song).samplerate
    beats_s = analyse(Song(np.ascontiguousarray(samples), rate_hz)).grid.times_s - min(30.0, start_s)
    return beats_s[(beats_s > 0) & (beats_s < length_s)]


def _known(folder: Path, engine: str, seed: int) -> None:
    """Edit songs whose beats are known, and compare the strokes of what is new with them."""
    print(f"\n{'made song':12s} {'bpm':>5s} {'tags':22s} {'beat ms':>8s} {'middle half':>12s} {'beats':>7s}")
    medians = []
    for number, style in enumerate(KNOWN):
        made = labelled_song(style, seed, 60.0, 44_100)
        song, output = folder / f"{style}.wav", folder / f"{style}.edited.wav"
        soundfile.write(song, made.song.samples.T, made.song.rate_hz, "PCM_16")
        beats_s = made.beats_s[(made.beats_s > 20.0) & (made.beats_s < 30.0)] - 20.0
        for tags in (KNOWN_TAGS[number % len(KNOWN_TAGS)], KNOWN_TAGS[(number + 3) % len(KNOWN_TAGS)]):
            cost_of(EDIT, song, 20.0, 30.0, tags, "", output, engine)
            samples, rate_hz = soundfile.read(output, dtype="float32", always_2d=True)
            part = samples[20 * rate_hz : 30 * rate_hz].T
            lags = hearing.strokes_near(hearing.stroke_strength(part, rate_hz), beats_s)
            lags = lags[np.isfinite(lags)]
            enough = lags.size >= FEWEST_BEATS
            low, median, high = np.percentile(lags, (25, 50, 75)) if enough else [float("nan")] * 3
            medians.append(median)
            print(
                f"{style:12s} {made.bpm:5.0f} {tags[:22]:22s} {median:+8.0f} {low:+5.0f} to {high:+3.0f} "
                f"{lags.size:3d}/{beats_s.size}",
                flush=True,
            )
    sizes = np.abs(np.array(medians)[np.isfinite(medians)])
    good = f"{np.sum(sizes <= 15)} of {sizes.size}"
    print(f"within 15 ms in {good} that have strokes, worst {sizes.max():.0f} ms\n")


def _lufs(samples: np.ndarray, rate_hz: int) -> float:
    return max(ungated_lufs(Song(samples, rate_hz)), -70.0)


def _step(samples: np.ndarray, edge: int, rate_hz: int) -> float:
    return _lufs(samples[:, edge : edge + rate_hz], rate_hz) - _lufs(
        samples[:, edge - rate_hz : edge], rate_hz
    )


def _click(song: Path, old: np.ndarray, new: np.ndarray, donors: list[list[float]], place: Place) -> float:
    """See the top of this file; 1 and less is what the song itself does all the time."""
    usual = float(np.percentile(_bends(old), 99.9))
    bends = _bends(new)
    ratios = [float(bends[max(0, edge - 8) : edge + 8].max()) for edge in (place.first, place.last)]
    ratios = [ratio / max(usual, 1e-9) for ratio in ratios]
    fade_s = 0.022
    for before, after in itertools.pairwise(donors):
        at = place.first + round(after[0] * place.rate_hz)
        here = bends[at - 8 : at + round(fade_s * place.rate_hz)].max()
        heard = [
            _bends(_window(song, place.start_s + source_s - 0.002, fade_s + 0.004, side_s=0.0)).max(
                initial=0.0
            )
            for source_s in (before[1] + before[2], after[1])
        ]
        ratios.append(float(here) / max(usual, *map(float, heard), 1e-9))
    return max(ratios)


def _bends(samples: np.ndarray) -> np.ndarray:
    """Second differences, the largest of all channels, `[N - 2]`."""
    return np.abs(np.diff(samples, 2, axis=1)).max(axis=0)


def _repeated(songs: list[Path], minutes: float, folder: Path) -> Path:
    """A WAV file of that length, made of the songs at their first one's rate, over and over."""
    rate_hz = soundfile.info(songs[0]).samplerate
    alike = [song for song in songs if soundfile.info(song).samplerate == rate_hz]
    path, left = folder / f"{minutes:.0f}_minutes.wav", round(60 * minutes * rate_hz)
    with soundfile.SoundFile(path, "w", rate_hz, 2, "PCM_16") as output:
        while left > 0:
            for song in alike:
                samples, _ = soundfile.read(song, frames=left, dtype="float32", always_2d=True)
                output.write(
                    np.repeat(samples, 2, axis=1)[:, :2] if samples.shape[1] == 1 else samples[:, :2]
                )
                left -= len(samples)
                if left <= 0:
                    break
    return path


if __name__ == "__main__":
    main()

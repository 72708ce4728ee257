"""How well the seam measures tell good joins from bad ones, and what length and law of crossfade they prefer.

    python bench/seams.py [FOLDER] [--places N] [--only words|fades|laws]

FOLDER holds real songs (default: ../shared/audio beside the checkout). Joins known to be good and joins
known to be bad are made at N places of each song and measured; three tables are printed. The same
arguments give the same figures.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from punchin.join import JoinSettings, join
from punchin.join.align import Meeting
from punchin.join.fades import alike, rising
from punchin.loudness import ungated_lufs
from punchin.region import Frames
from punchin.seam import measure
from punchin.seam.curves import onsets
from punchin.seam.hearing import Ear, listen, two_channels
from punchin.song import Song
from punchin.songfile import SampleFormat, open_song

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from punchin.seam import Seams

HOLE_S, SIDE_S = 6.0, 9.0
FLOAT = SampleFormat(32, is_float=True)
PLAIN = JoinSettings(search_s=0, align_s=0, match_level=False, match_tone=0, limit=False)
"""Only the crossfade: what a bad join does wrong must not be put right."""
AUDIBLE = ("audible", "rough")


@dataclass(frozen=True, eq=False)
class Place:
    """One place of one song, and material for it.

    Attributes:
        window: the song around the hole.
        hole: in frames of `window`.
        original: what the hole holds.
        repeat: another part of the song, level-matched and on the same beat.
        late: the same part half a beat late.
        other: a part of the song at a random time, level-matched.
        foreign: a part of another song, level-matched.
    """

    window: Song
    hole: Frames
    original: Song
    repeat: Song
    late: Song
    other: Song
    foreign: Song
    rng: np.random.Generator


def joined_with(place: Place, new: Song, settings: JoinSettings) -> Seams:
    """Join and measure."""
    window, hole = place.window, place.hole
    original = window.samples[:, hole.start : hole.end]
    made = join(window, hole, new, original, FLOAT, settings, seed=0, at_song_start=False, at_song_end=False)
    return measured(place, made.samples, made.fade_in, made.fade_out)


def measured(
    place: Place, inside: np.ndarray, fade_in: Frames | None = None, fade_out: Frames | None = None
) -> Seams:
    """Measure; without fades it is a hard cut."""
    after = place.window.samples.copy()
    hole = place.hole
    after[:, hole.start : hole.end] = inside
    cut_in, cut_out = Frames(hole.start, hole.start), Frames(hole.end, hole.end)
    return measure(
        place.window, hole, Song(after, place.window.rate_hz), fade_in or cut_in, fade_out or cut_out
    )


def faded(milliseconds: float, search_s: float = 0.0) -> JoinSettings:
    seconds = milliseconds / 1000
    return JoinSettings(
        fade_in_s=seconds,
        fade_out_s=seconds,
        search_s=search_s,
        align_s=0,
        match_level=False,
        match_tone=0,
        limit=False,
    )


# What is done to a join, and whether it should be heard.


def at_edges(place: Place, change: Callable[[np.ndarray, int], None]) -> Seams:
    """The original with something done near each edge, 15 ms inside."""
    inside = place.original.samples.copy()
    offset = round(0.015 * place.window.rate_hz)
    change(inside, offset)
    change(inside[:, ::-1], offset)
    fade = round(0.03 * place.window.rate_hz)
    hole = place.hole
    return measured(place, inside, Frames(hole.start, hole.start + fade), Frames(hole.end - fade, hole.end))


def clicked(place: Place, samples: int, share: float) -> Seams:
    """A click of so many samples, so large a share of the song's peak nearby."""
    size = share * np.abs(place.window.samples).max()

    def change(inside: np.ndarray, at: int) -> None:
        inside[:, at : at + samples] += size * np.hanning(samples + 2)[1:-1].astype(np.float32)

    return at_edges(place, change)


def gapped(place: Place, length_s: float) -> Seams:
    """The sound breaks off."""
    frames = round(length_s * place.window.rate_hz)

    def change(inside: np.ndarray, at: int) -> None:
        inside[:, at : at + frames] = 0

    return at_edges(place, change)


def louder(place: Place, change_db: float) -> Seams:
    return joined_with(place, scaled(place.repeat, change_db), faded(50))


def scaled(song: Song, change_db: float) -> Song:
    return Song(song.samples * np.float32(10 ** (change_db / 20)), song.rate_hz)


def offset_by(place: Place, offset: float, fade_ms: float) -> Seams:
    return joined_with(
        place, Song(place.repeat.samples + np.float32(offset), place.window.rate_hz), faded(fade_ms)
    )


def as_mono(place: Place) -> Seams | None:
    window = place.window.samples
    if window.shape[0] < 2 or np.std(window[0] - window[1]) < 0.1 * np.std(window):
        return None  # it is mono already
    mono = np.repeat(place.repeat.samples.mean(axis=0, keepdims=True), window.shape[0], axis=0)
    return joined_with(place, levelled(Song(mono, place.window.rate_hz), place.original), faded(50))


def dulled(place: Place) -> Seams:
    """Nothing above 4 kHz."""
    spectrum = np.fft.rfft(place.repeat.samples, axis=1)
    frequency = np.fft.rfftfreq(place.repeat.frames, 1 / place.window.rate_hz)
    spectrum[:, frequency > 4_000] = 0
    dull = np.fft.irfft(spectrum, place.repeat.frames, axis=1).astype(np.float32)
    return joined_with(place, Song(dull, place.window.rate_hz), faded(50))


def noisy(place: Place) -> Seams:
    """The original through something like a codec: noise 40 dB below it."""
    noise = place.rng.standard_normal(place.original.samples.shape) * place.original.samples.std() * 0.01
    return joined_with(
        place, Song((place.original.samples + noise).astype(np.float32), place.window.rate_hz), PLAIN
    )


GOOD: dict[str, Callable[[Place], Seams | None]] = {
    "unchanged": lambda p: measured(p, p.original.samples),
    "original + noise at -40 dB, 50 ms fade": noisy,
    "repeat on the beat, 50 ms fade": lambda p: joined_with(p, p.repeat, faded(50)),
    "repeat on the beat, 100 ms fade": lambda p: joined_with(p, p.repeat, faded(100)),
    "repeat on the beat, 150 ms fade": lambda p: joined_with(p, p.repeat, faded(150)),
    "repeat on the beat, punchin's defaults": lambda p: joined_with(p, p.repeat, JoinSettings()),
    "repeat 6 dB too loud, punchin's defaults": lambda p: joined_with(p, scaled(p.repeat, 6), JoinSettings()),
    "repeat at +1 dB, 50 ms fade": lambda p: louder(p, 1.0),
}
BAD: dict[str, Callable[[Place], Seams | None]] = {
    "hard cut to the repeat": lambda p: measured(p, p.repeat.samples),
    "hard cut to another place": lambda p: measured(p, p.other.samples),
    "hard cut to another song": lambda p: measured(p, p.foreign.samples),
    "5 ms fade to another place": lambda p: joined_with(p, p.other, faded(5)),
    "gap of 5 ms": lambda p: gapped(p, 0.005),
    "gap of 20 ms": lambda p: gapped(p, 0.02),
    "click, 5 samples, 0.3 of peak": lambda p: clicked(p, 5, 0.3),
    "click, 1 sample, 0.2 of peak": lambda p: clicked(p, 1, 0.2),
    "+3 dB, 50 ms fade": lambda p: louder(p, 3),
    "-3 dB, 50 ms fade": lambda p: louder(p, -3),
    "+6 dB, 50 ms fade": lambda p: louder(p, 6),
    "-6 dB, 50 ms fade": lambda p: louder(p, -6),
    "half a beat late, 50 ms fade": lambda p: joined_with(p, p.late, faded(50)),
    "DC step of 0.05, hard": lambda p: offset_by(p, 0.05, 0),
    "DC step of 0.05, 50 ms fade": lambda p: offset_by(p, 0.05, 50),
    "mono, 50 ms fade": as_mono,
    "no sound above 4 kHz, 50 ms fade": dulled,
}
UNSURE: dict[str, Callable[[Place], Seams | None]] = {
    "10 ms fade to the repeat": lambda p: joined_with(p, p.repeat, faded(10)),
    "another place off the beat, 50 ms fade": lambda p: joined_with(p, p.other, faded(50)),
    "another song, 50 ms fade": lambda p: joined_with(p, p.foreign, faded(50)),
    "another song, punchin's defaults": lambda p: joined_with(p, p.foreign, JoinSettings()),
}


# Material.


def places(folder: Path, count: int) -> Iterator[Place]:
    """So many places of every song, the same ones every time."""
    songs = [song for path in sorted(folder.iterdir()) if (song := read(path)) is not None]
    for number, song in enumerate(songs):
        rng = np.random.default_rng(number)
        foreign = songs[(number + 1) % len(songs)]
        room = song.frames - round((2 * SIDE_S + HOLE_S + 1) * song.rate_hz)
        if room <= 0:
            continue
        for start in np.sort(rng.integers(0, room, count)):
            if (place := placed(song, foreign, int(start), rng)) is not None:
                yield place


def read(path: Path) -> Song | None:
    if path.suffix.lower() not in {".wav", ".flac", ".mp3", ".ogg"}:
        return None
    with open_song(path) as source:
        if source.duration_s < 2 * SIDE_S + HOLE_S + 2:
            return None
        return source.read(Frames(0, min(source.frames, 240 * source.rate_hz)))


def placed(song: Song, foreign: Song, start: int, rng: np.random.Generator) -> Place | None:
    rate_hz = song.rate_hz
    side, length = round(SIDE_S * rate_hz), round(HOLE_S * rate_hz)
    hole = Frames(side, side + length)
    window = song.cut(Frames(start, start + 2 * side + length))
    original = window.cut(hole)
    if ungated_lufs(original) < -45:
        return None  # next to silence
    far = [
        at for at in rng.integers(0, song.frames - length - rate_hz, 40) if abs(at - start - side) > length
    ]
    at, period = on_the_beat(song, start + side, length, [int(one) for one in far])
    elsewhere = int(far[-1])

    def part(of: Song, first: int) -> Song:
        first = min(max(first, 0), of.frames - length)
        found = of.samples[:, first : first + length]
        if found.shape[0] != window.channels:
            found = np.repeat(found[:1], window.channels, axis=0)
        return levelled(Song(found, rate_hz), original)

    return Place(
        window, hole, original, part(song, at), part(song, at - period // 2), part(song, elsewhere),
        part(foreign, int(rng.integers(0, foreign.frames - length))), rng,
    )  # fmt: skip


def levelled(new: Song, original: Song) -> Song:
    """As loud as the original."""
    change = ungated_lufs(original) - ungated_lufs(new)
    return scaled(new, float(np.clip(change, -20, 20)))


def on_the_beat(song: Song, start: int, length: int, candidates: list[int]) -> tuple[int, int]:
    """The candidate that fits best after moving it by up to a second onto the beat, and the beat's period."""
    ear = Ear(song.rate_hz, np.ones(1, np.float32))
    ear = Ear.of(two_channels(song.samples[:, start : start + length]), song.rate_hz)
    reach = song.rate_hz

    def strength(first: int, last: int) -> np.ndarray:
        curve = onsets(listen(ear, two_channels(song.samples[:, max(0, first) : last])), groups=1)[:, 0]
        return curve - curve.mean()

    mine = strength(start, start + length)
    best, where = -np.inf, candidates[0]
    for candidate in candidates[:20]:
        first = max(0, candidate - reach)
        theirs = strength(first, min(song.frames, candidate + length + reach))
        if theirs.size <= mine.size:
            continue
        fits = np.correlate(theirs, mine, "valid")
        energy = np.convolve(theirs**2, np.ones(mine.size), "valid")
        fits = fits / np.sqrt(energy * (mine @ mine) + 1e-12)
        if fits.max() > best:
            best, where = float(fits.max()), first + int(fits.argmax()) * ear.hop
    own = np.correlate(mine, mine, "full")[mine.size :]
    low, high = round(0.3 * song.rate_hz / ear.hop), round(0.8 * song.rate_hz / ear.hop)
    period = (low + int(own[low:high].argmax()) + 1) * ear.hop
    return where, period


# Tables.


def words_table(all_places: list[Place]) -> None:
    print(f"{'join':44} {'n':>4} seamless smooth audible  rough  score  given away by")
    for title, kinds in (("should not be heard", GOOD), ("should be heard", BAD), ("between", UNSURE)):
        print(f"-- {title}")
        total: Counter[str] = Counter()
        for name, make in kinds.items():
            found = [seams for place in all_places if (seams := make(place))]
            edges = [edge for seams in found for edge in (seams.punch_in, seams.punch_out) if edge]
            words = Counter(edge.word for edge in edges)
            total += words
            because = Counter(edge.because for edge in edges if edge.word != "seamless").most_common(3)
            print(line(name, words, float(np.median([edge.score for edge in edges])), because), flush=True)
        print(line("all", total, float("nan"), []))


def line(name: str, words: Counter[str], score: float, because: list[tuple[str, int]]) -> str:
    n = max(1, sum(words.values()))
    shares = "  ".join(
        f"{100 * words[word] / n:5.0f}%" for word in ("seamless", "smooth", "audible", "rough")
    )
    return f"{name:44} {n:4}  {shares} {score:6.2f}  " + ", ".join(f"{why} {count}" for why, count in because)


def fades_table(all_places: list[Place]) -> None:
    """Length of the crossfade, with and without a search for its place: mean score, share of heard edges."""
    print(f"{'':19} | {'repeat on the beat':^25} | {'another song':^25}")
    print(f"{'fade':>8} {'search':>8}   | " + " | ".join([f"{'mean score':>18} {'heard':>6}"] * 2))
    for search_s in (0.0, 0.1):
        for milliseconds in (0, 5, 10, 20, 30, 50, 70, 100, 150):
            cells: list[str] = []
            for material in ("repeat", "foreign"):
                edges = []
                for place in all_places:
                    found = joined_with(place, getattr(place, material), faded(milliseconds, search_s))
                    edges += [edge for edge in (found.punch_in, found.punch_out) if edge]
                heard = np.mean([edge.word in AUDIBLE for edge in edges])
                cells.append(f"{np.mean([edge.score for edge in edges]):18.3f} {100 * heard:5.1f}%")
            print(f"{milliseconds:5} ms {1000 * search_s:5.0f} ms | " + " | ".join(cells), flush=True)


def laws_table(all_places: list[Place]) -> None:
    """Error of the power in the middle third of a 100 ms fade, mean size in dB, for three laws."""

    def late(place: Place, delay_s: float) -> np.ndarray:
        first = place.hole.start - round(delay_s * place.window.rate_hz)
        return place.window.samples[:, first : first + len(place.hole)]

    contents: dict[str, Callable[[Place], np.ndarray]] = {
        "identical": lambda p: p.original.samples,
        "1 ms late": lambda p: late(p, 0.001),
        "3 ms late": lambda p: late(p, 0.003),
        "repeat": lambda p: p.repeat.samples,
        "another song": lambda p: p.foreign.samples,
    }
    print(f"{'new content':14} {'equal gain':>11} {'equal power':>12} {'adaptive':>9}")
    for name, content in contents.items():
        errors: list[list[float]] = []
        for place in all_places:
            n = round(0.1 * place.window.rate_hz)
            old, new = place.original.samples[:, :n].astype(float), content(place)[:, :n].astype(float)
            new *= np.sqrt((np.mean(old**2) + 1e-12) / (np.mean(new**2) + 1e-12))
            middle = slice(n // 3, 2 * n // 3)
            wanted = 0.5 * (np.mean(old[:, middle] ** 2) + np.mean(new[:, middle] ** 2))
            row: list[float] = []
            for likeness in (1.0, 0.0, alike(Meeting(old, new))):
                comes, goes = rising(n, likeness)
                power = np.mean((comes * new + goes * old)[:, middle] ** 2)
                row.append(abs(10 * np.log10((power + 1e-12) / (wanted + 1e-12))))
            errors.append(row)
        print(f"{name:14} " + " ".join(f"{error:10.2f} " for error in np.mean(errors, axis=0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "folder", nargs="?", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "audio"
    )
    parser.add_argument("--places", type=int, default=6, help="places in each song (default 6)")
    parser.add_argument("--only", choices=("words", "fades", "laws"), help="print one table only")
    given = parser.parse_args()
    if not given.folder.is_dir():
        sys.exit(f"no folder {given.folder}; give one with songs in it")
    all_places = list(places(given.folder, given.places))
    print(f"{len(all_places)} places\n")
    for name, table in (("words", words_table), ("fades", fades_table), ("laws", laws_table)):
        if given.only in (None, name):
            table(all_places)
            print()


if __name__ == "__main__":
    main()

"""Try a model with its real weights, once: check each promise that can be checked, keep what to listen to.

Usage:
    python scripts/try_weights.py song1.mp3 song2.flac@41-49 song3.wav@1:02-1:10 --tags "lofi, chill piano"
    python scripts/try_weights.py SONGS --from ~/ACE-Step-1.5/checkpoints -o report

The weights are pulled (or taken from a folder), every byte is checked, and of each song one region is made
anew: the one behind `@`, or ten seconds in its middle. The report folder gets, for each song, the whole file,
the part around the region before and after, and a picture; and `report.md` with what held and what did not,
how the seams measure, what the autoencoder does to the level, the seconds of each stage and the peak of
memory. It exits with 1 if a promise was broken. Nothing is sent anywhere.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import sys
import time
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from punchin.cli.progress import shown_progress
from punchin.edits import Edit, split_tags
from punchin.engine import no_progress
from punchin.engines.ace_step import AceStepEngine, RigOptions
from punchin.engines.ace_step import weights as shelf
from punchin.engines.ace_step.places import models_folder
from punchin.engines.ace_step.window import FRAMES_PER_LATENT, RATE_HZ
from punchin.errors import PunchinError
from punchin.plot import plot_take
from punchin.region import Frames, Region
from punchin.resample import conform
from punchin.song import Song
from punchin.songfile import open_song
from punchin.studio import edit_all, verify

if TYPE_CHECKING:
    from punchin.take import Take

REGION_S = 10
AROUND_S = 8
"""Music on each side in the sounds to listen to."""
EXCERPT_S = 45
"""Music on each side where the window is moved: more than any window hears."""
MOVED_LATENTS = 6
SEEDS = (7, 8)
SILENT_DB = -60.0


@dataclass
class Check:
    """One promise: whether it held, and the figure behind that."""

    promise: str
    held: bool
    figure: str


@dataclass
class Trial:
    """What one song gave."""

    song: str
    region: str
    checks: list[Check] = field(default_factory=list)
    measures: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, dict[str, float]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)

    def check(self, promise: str, held: bool, figure: str = "") -> None:
        """Note it, and show it at once: a run on a CPU takes a while."""
        self.checks.append(Check(promise, held, figure))
        print(f"  {'ok' if held else 'NO'}  {promise}{f': {figure}' if figure else ''}")


def main(words: list[str] | None = None) -> int:
    args = arguments().parse_args(words)
    model = shelf.find_model(args.model)
    try:
        folder, origin = on_the_shelf(model, args)
        began = time.perf_counter()
        options = RigOptions(device=args.device, precision=args.precision)
        engine = AceStepEngine(model, folder, options)
        engine.load()
        loading_s = time.perf_counter() - began
        args.output.mkdir(parents=True, exist_ok=True)
        trials = [tried(engine, words, args) for words in args.songs]
    except PunchinError as error:
        print(f"try_weights: {error}", file=sys.stderr)
        return 2
    about = {"model": model.name, "weights": origin, **machine(), "loaded in": f"{loading_s:.1f} s"}
    write_report(args.output, about, trials)
    broken = [check.promise for trial in trials for check in trial.checks if not check.held]
    print(
        f"{args.output / 'report.md'}: {len(broken)} of {sum(len(t.checks) for t in trials)} promises broken"
    )
    return 1 if broken else 0


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("songs", nargs="+", metavar="SONG[@START-END]", help="three songs of different kinds")
    parser.add_argument("--model", default="ace-step-1.5-turbo", help="as in `punchin models list`")
    parser.add_argument("--from", dest="source", type=Path, help="a folder that has the weights already")
    parser.add_argument("-o", "--output", type=Path, default=Path("report"), help="folder of the report")
    parser.add_argument("--tags", default="lofi, chill piano")
    parser.add_argument("--lyrics", default="", help='words to sing, or "[inst]"')
    parser.add_argument("--device", default="auto", choices=["auto", "cuda", "mps", "cpu"])
    parser.add_argument("--precision", default="auto", choices=["auto", "fp32", "bf16", "fp16"])
    return parser


def on_the_shelf(model: Any, args: argparse.Namespace) -> tuple[Path, str]:
    """Bring the weights there and read every byte of them."""
    models = models_folder()
    with shown_progress(quiet=False) as progress:
        if args.source:
            done = shelf.adopt(model, args.source, models, progress=progress)
        else:
            done = shelf.pull(model, models, progress=progress)
        faults = shelf.check(model, done.folder, progress)
    if faults:
        raise PunchinError(f"the weights are damaged: {'; '.join(map(str, faults))}; `punchin models pull "
                           f"{model.name} --again` mends them")  # fmt: skip
    return done.folder, ", ".join(done.origin) or str(done.folder)


def tried(engine: AceStepEngine, words: str, args: argparse.Namespace) -> Trial:
    """Everything that is done with one song."""
    path, edit = asked(words, args)
    trial = Trial(path.name, f"{edit.region.start} to {edit.region.end}")
    folder = args.output / path.stem
    folder.mkdir(exist_ok=True)
    print(f"{path.name}, {trial.region}")
    forget_peak()
    first = made(engine, path, edit, folder / f"{path.stem}.punched{lossless(path)}", trial, "first")
    trial.measures["peak memory"] = peak_memory()
    check_outside(path, first, trial)
    check_seeds(engine, path, edit, first, trial)
    check_original(engine, path, edit, trial)
    check_moved(engine, path, edit, trial)
    check_near(engine, path, edit, folder, trial)
    measure(path, first, trial)
    keep(path, first, folder, trial)
    return trial


def asked(words: str, args: argparse.Namespace) -> tuple[Path, Edit]:
    """A song and its edit from `SONG` or `SONG@START-END`."""
    name, at, times = words.rpartition("@")
    path = Path(name if at and "-" in times else words)
    with open_song(path) as song:
        duration_s = song.frames / song.rate_hz
    if at and "-" in times:
        region = Region.parse(*times.split("-", 1))
    else:
        length_s = min(REGION_S, duration_s / 3)
        start_s = round((duration_s - length_s) / 2, 2)
        region = Region.parse(start_s, round(start_s + length_s, 2))
    edit = Edit(region=region, tags=split_tags(args.tags), lyrics=args.lyrics, seed=SEEDS[0])
    return path, edit


def lossless(path: Path) -> str:
    """The suffix of an output in which samples can be compared; other containers keep the song's own."""
    return path.suffix if path.suffix.lower() in {".wav", ".flac", ".mp3"} else ".wav"


def made(engine: AceStepEngine, path: Path, edit: Edit, output: Path, trial: Trial, name: str) -> Take:
    """One take, and what each of its stages took."""
    began = time.perf_counter()
    with shown_progress(quiet=False) as progress:
        take = edit_all(path, [edit], engine=engine, output=output, overwrite=True, progress=progress)
    spent = dict(take.receipt.punches[0].details.get("seconds", {}))
    trial.seconds[name] = {**spent, "all": round(time.perf_counter() - began, 3)}
    return take


def check_outside(path: Path, take: Take, trial: Trial) -> None:
    verdict = verify(path, take.path, take.receipt_path)
    figure = f"{verdict.unchanged_s:.2f} s the same, {verdict.changed_s:.2f} s new"
    trial.check("every sample outside the region is the same", take.untouched and verdict.holds,
                "; ".join((figure, *verdict.problems)))  # fmt: skip
    trial.check("the length is the same", verdict.length_same)
    with open_song(take.path) as after:
        region = Frames(take.receipt.punches[0].start_frame, take.receipt.punches[0].end_frame)
        new = after.read(region)
    level = decibels(new.samples)
    trial.check("the new part is music, not silence or noise beyond full scale",
                bool(np.isfinite(new.samples).all()) and level > SILENT_DB, f"{level:.1f} dBFS")  # fmt: skip


def check_seeds(engine: AceStepEngine, path: Path, edit: Edit, first: Take, trial: Trial) -> None:
    again = made(engine, path, edit, first.path.with_stem("again"), trial, "again")
    same = again.path.read_bytes() == first.path.read_bytes()
    trial.check("the same seed gives the same bytes", same)
    other = made(
        engine, path, replace(edit, seed=SEEDS[1]), first.path.with_stem("other"), trial, "other seed"
    )
    trial.check("another seed gives another take", other.path.read_bytes() != first.path.read_bytes())
    encode = [trial.seconds[name].get("encode", 0.0) for name in ("first", "other seed")]
    trial.check("another seed does not encode the music again", encode[1] <= 0.2 * encode[0] + 0.05,
                f"encode {encode[0]:.2f} s, then {encode[1]:.2f} s")  # fmt: skip
    trial.files.append(f"{path.stem}/{other.path.name}")
    clear(again)


def check_original(engine: AceStepEngine, path: Path, edit: Edit, trial: Trial) -> None:
    song, hole = excerpt(path, edit)
    kept = engine.fill(song, hole, replace(edit, variance=0.0), no_progress).song
    trial.check("variance 0 is the original", np.array_equal(kept.samples, song.cut(hole).samples))


def check_moved(engine: AceStepEngine, path: Path, edit: Edit, trial: Trial) -> None:
    """The window that is asked for, the whole excerpt, and the excerpt behind other sound: one result."""
    song, hole = excerpt(path, edit)
    given = engine.window(hole, song.frames, RATE_HZ, edit)
    one = engine.fill(song.cut(given), hole.within(given), edit, no_progress).song.samples
    front = np.random.default_rng(1).standard_normal((2, MOVED_LATENTS * FRAMES_PER_LATENT)) * 0.1
    later = Song(np.concatenate([front.astype(np.float32), song.samples], axis=1), RATE_HZ)
    shift = MOVED_LATENTS * FRAMES_PER_LATENT
    moved = Frames(hole.start + shift, hole.end + shift)
    if given.start == 0 or given.end == song.frames:
        trial.measures["window moved"] = "not tried: the song is shorter than a window on both sides"
        return
    other = engine.fill(later, moved, edit, no_progress).song.samples
    apart = decibels(one - other) - decibels(one)
    trial.check("a window that is moved gives the same bits", np.array_equal(one, other),
                "identical" if np.array_equal(one, other) else f"difference {apart:.1f} dB")  # fmt: skip


def check_near(engine: AceStepEngine, path: Path, edit: Edit, folder: Path, trial: Trial) -> None:
    """The first and the last third of the region as two regions: one pass, and the middle stays as it was.

    Without words: those that have no times are sung in each region by itself.
    """
    with open_song(path) as source:
        whole = edit.region.frames(source.rate_hz, source.frames)
        rate_hz = source.rate_hz
    third = len(whole) // 3
    ends = ((whole.start, whole.start + third), (whole.end - third, whole.end))
    edits = [
        replace(edit, lyrics="", region=Region.parse(Fraction(start, rate_hz), Fraction(end, rate_hz)))
        for start, end in ends
    ]
    output = folder / f"near{lossless(path)}"
    take = edit_all(path, edits, engine=engine, output=output, overwrite=True)
    shared = [len(punch.shared) for punch in take.receipt.punches]
    trial.check("near regions share one pass", shared == [2, 2], f"{shared} regions a pass")
    verdict = verify(path, take.path, take.receipt_path)
    trial.check("what lies between near regions is the same", take.untouched and verdict.holds)
    trial.files.append(f"{folder.name}/{output.name}")


def excerpt(path: Path, edit: Edit) -> tuple[Song, Frames]:
    """The region with music around it, as the engine hears it: 48 kHz, stereo."""
    with open_song(path) as source:
        region = edit.region.frames(source.rate_hz, source.frames)
        around = region.widen(EXCERPT_S * source.rate_hz, EXCERPT_S * source.rate_hz, source.frames)
        heard = conform(source.read(around), RATE_HZ, 2)
        rate_hz = source.rate_hz
    inside = region.within(around)
    start, end = (round(frame * RATE_HZ / rate_hz) for frame in (inside.start, inside.end))
    samples = np.ascontiguousarray(heard.samples, dtype=np.float32)
    return Song(samples, RATE_HZ), Frames(start, min(end, heard.frames))


def measure(path: Path, take: Take, trial: Trial) -> None:
    punch = take.receipt.punches[0]
    seams = take.seams[0]
    trial.measures["seams"] = f"{seams.word}, {seams.score:.2f}"
    for name in ("device", "precision", "placement", "window_s", "made_s", "steps", "level_bias_db"):
        if name in punch.details:
            trial.measures[name.replace("_", " ")] = str(punch.details[name])
    region = Frames(punch.start_frame, punch.end_frame)
    with open_song(path) as before, open_song(take.path) as after:
        beside = region.widen(3 * before.rate_hz, 3 * before.rate_hz, before.frames)
        sides = (Frames(beside.start, region.start), Frames(region.end, beside.end))
        levels = [f"{decibels(before.read(side).samples):.1f}" for side in sides if len(side)]
        new = decibels(after.read(region).samples)
    trial.measures["level of the new part"] = f"{new:.1f} dBFS"
    trial.measures["level of 3 s beside it"] = f"{', '.join(levels)} dBFS"
    trial.measures["sung"] = " / ".join(punch.lyrics_used) or "nothing in particular"
    for number, warning in enumerate(take.receipt.warnings, 1):
        trial.measures[f"note {number}"] = warning


def keep(path: Path, take: Take, folder: Path, trial: Trial) -> None:
    """Sounds to listen to, and a picture."""
    punch = take.receipt.punches[0]
    region = Frames(punch.start_frame, punch.end_frame)
    for name, file in (("before.wav", path), ("after.wav", take.path)):
        with open_song(file) as song:
            part = region.widen(AROUND_S * song.rate_hz, AROUND_S * song.rate_hz, song.frames)
            soundfile.write(folder / name, song.read(part).samples.T, song.rate_hz, subtype="PCM_24")
    plot_take(path, take, folder / "picture.png")
    trial.files += [f"{folder.name}/{name}" for name in ("before.wav", "after.wav", take.path.name)]


def clear(take: Take) -> None:
    take.path.unlink()
    if take.receipt_path:
        take.receipt_path.unlink()


def decibels(samples: Any) -> float:
    """RMS below full scale; -200 for silence."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64)))) if np.size(samples) else 0.0
    return 20 * math.log10(rms) if rms > 1e-10 else -200.0


def forget_peak() -> None:
    torch: Any = import_module("torch")
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()


def peak_memory() -> str:
    """Of the card since `forget_peak`, and of main memory since the start."""
    torch: Any = import_module("torch")
    parts = []
    if torch.cuda.is_available():
        parts.append(f"{torch.cuda.max_memory_allocated() / 1e9:.2f} GB of the card")
    try:
        resource: Any = import_module("resource")
    except ImportError:  # Windows
        return ", ".join(parts) or "unknown"
    unit = 1 if sys.platform == "darwin" else 1024
    return ", ".join(
        [*parts, f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9:.2f} GB of RAM"]
    )


def machine() -> dict[str, str]:
    found = {"machine": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"}
    for package in ("punchin", "torch", "diffusers", "transformers"):
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    torch: Any = import_module("torch")
    if torch.cuda.is_available():
        found["card"] = str(torch.cuda.get_device_name())
    return found


def write_report(folder: Path, about: dict[str, str], trials: list[Trial]) -> None:
    draw_seconds(trials, folder / "seconds.png")
    facts = {"about": about, "trials": [asdict(trial) for trial in trials]}
    (folder / "report.json").write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
    lines = ["# A model with its real weights", ""]
    lines += [f"- {name}: {value}" for name, value in about.items()]
    for trial in trials:
        lines += ["", f"## {trial.song}, {trial.region}", "", "| promise | | |", "|---|---|---|"]
        lines += [
            f"| {c.promise} | {'held' if c.held else '**broken**'} | {c.figure} |" for c in trial.checks
        ]
        lines += ["", *(f"- {name}: {value}" for name, value in trial.measures.items())]
        lines += ["", "| seconds | " + " | ".join(trial.seconds) + " |"]
        lines += ["|---" * (1 + len(trial.seconds)) + "|"]
        for stage in dict.fromkeys(stage for spent in trial.seconds.values() for stage in spent):
            cells = (f"{spent.get(stage, 0.0):.2f}" for spent in trial.seconds.values())
            lines.append(f"| {stage} | {' | '.join(cells)} |")
        lines += ["", "Listen: " + ", ".join(f"[{name}]({name})" for name in trial.files)]
        lines += ["", f"![before and after]({trial.files[-1].rpartition('/')[0]}/picture.png)"]
    lines += ["", "![seconds](seconds.png)", "", "## By ear", "", QUESTIONS]
    (folder / "report.md").write_text("\n".join(lines), encoding="utf-8")


QUESTIONS = """What no figure says; please write a word behind each:

- Does the new part go on from what is before it, in tempo, key and sound? Does it lead into what is after?
- Is the voice the same singer? Are the words that were asked for sung, and can they be understood?
- Is anything heard at the two seams: a click, a step in level, a doubled beat?
- Is `other` (another seed) better or worse; are takes worth choosing from?
"""


def draw_seconds(trials: list[Trial], path: Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(
        figsize=(9, 1.5 + 0.5 * sum(len(trial.seconds) for trial in trials)), layout="constrained"
    )
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    rows = [(f"{trial.song}, {name}", spent) for trial in trials for name, spent in trial.seconds.items()]
    stages = [s for s in dict.fromkeys(s for _, spent in rows for s in spent) if s != "all"]
    left = np.zeros(len(rows))
    for stage in stages:
        widths = np.array([spent.get(stage, 0.0) for _, spent in rows])
        axes.barh(range(len(rows)), widths, left=left, label=stage)
        left += widths
    axes.set_yticks(range(len(rows)), [name for name, _ in rows])
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.legend()
    figure.savefig(path, format="png", dpi=110)


if __name__ == "__main__":
    sys.exit(main())

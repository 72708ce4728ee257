"""Render one song in twelve styles, with spectrograms and a page to listen to: `make gallery`.

    python scripts/gallery.py [SONG] [--start 0:11.7] [--length 10] [--seed 7] [--output gallery]

The page plays some seconds of the song before and after each new part, so that joins are heard as well.
"""

from __future__ import annotations

import argparse
import html
from pathlib import Path

import matplotlib as mpl
import numpy as np
import soundfile

import punchin
from punchin import Song
from punchin.loudness import loudness_lufs

mpl.use("Agg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]

STYLES = (
    "", "lofi, chill piano", "trap, dark", "hip hop, vinyl", "house, pumping", "drum and bass",
    "rock, electric guitar", "jazz, saxophone", "bossa nova", "reggae", "ambient, dreamy", "orchestral, epic",
    "chiptune",
)  # fmt: skip
"""Without tags, and twelve styles."""

SIDE_S = 5.0

PAGE = """<!doctype html>
<meta charset="utf-8">
<title>Punchin: one song in twelve styles</title>
<style>
body {{ font: 16px system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }}
section {{ margin: 2rem 0; }} img, audio {{ width: 100%; display: block; }}
h2 {{ margin: 0 0 .3rem; font-size: 1.1rem; }} p {{ margin: .3rem 0; color: #555; font-size: .9rem; }}
</style>
<h1>{title}</h1>
<p>The new part is between the white lines; five seconds of the song on each side stay as they are.</p>
{sections}
"""

SECTION = """<section><h2>{name}</h2>
<audio controls preload="none" src="{sound}"></audio>
<img src="{picture}" alt="spectrogram of {name}">
<p>{said}</p></section>"""


def main() -> None:
    options = _options()
    folder: Path = options.output
    folder.mkdir(parents=True, exist_ok=True)
    start_s, end_s = options.start, options.start + options.length
    sections = [_original(options.song, folder, start_s, end_s)]
    sections += [_styled(options.song, folder, start_s, end_s, tags, options.seed) for tags in STYLES]
    title = f"{options.song.name}, {start_s:g} to {end_s:g} s, in twelve styles"
    page = folder / "index.html"
    page.write_text(PAGE.format(title=html.escape(title), sections="\n".join(sections)), encoding="utf-8")
    print(f"listen: {page}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("song", nargs="?", type=Path, default=ROOT / "demo" / "song.mp3")
    parser.add_argument("--start", type=float, default=11.7, help="in seconds")
    parser.add_argument("--length", type=float, default=10.0, help="in seconds")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=ROOT / "gallery")
    return parser.parse_args()


def _original(song: Path, folder: Path, start_s: float, end_s: float) -> str:
    measured = _cut(song, folder / "original", start_s, end_s)
    return SECTION.format(
        name="the song as it is",
        sound="original.flac",
        picture="original.png",
        said=f"Nothing was changed. {measured}",
    )


def _styled(song: Path, folder: Path, start_s: float, end_s: float, tags: str, seed: int) -> str:
    """One edit: the cut with its sides as FLAC, its picture, its section of the page."""
    name = "-".join(tags.replace(",", "").split()) or "no-tags"
    whole = folder / f"{name}.whole.flac"
    take = punchin.edit(
        song, start_s, end_s, tags=tags, seed=seed, engine="embedded", output=whole, overwrite=True
    )
    filling = take.punches[0].chosen.filling
    measured = _cut(whole, folder / name, start_s, end_s)
    print(f"{tags or 'no tags'}: {measured}", flush=True)
    whole.unlink()
    if take.receipt_path:
        take.receipt_path.unlink()
    return SECTION.format(
        name=html.escape(tags or "no tags: the song's own bars"),
        sound=f"{name}.flac",
        picture=f"{name}.png",
        said=html.escape(f"{_said(filling)}; {measured}"),
    )


def _said(filling: punchin.Filling) -> str:
    """What the engine says it did, in a line."""
    details = filling.details
    parts = [f"{details['tempo_bpm']:g} bpm, {details['key']}"]
    if details.get("groove"):
        parts.append(f"{details['groove']} on the {details['kit']} kit")
    played = [details.get("bass"), *details.get("instruments", [])]
    parts += [", ".join(name for name in played if name), ", ".join(details.get("effects", []))]
    parts += [f"unused: {entry.what} ({entry.why})" for entry in filling.unused]
    return "; ".join([part for part in parts if part] + list(filling.warnings))


def _cut(source: Path, target: Path, start_s: float, end_s: float) -> str:
    """The part with its sides as `target.flac` and `target.png`; what can be measured of it, in a line."""
    rate_hz = soundfile.info(source).samplerate
    first, last = max(0.0, start_s - SIDE_S), end_s + SIDE_S
    samples, _ = soundfile.read(
        source, start=round(first * rate_hz), stop=round(last * rate_hz), always_2d=True, dtype="float32"
    )
    soundfile.write(target.with_suffix(".flac"), np.clip(samples, -1, 1), rate_hz)
    _draw(samples.mean(axis=1), rate_hz, (start_s - first, end_s - first), target.with_suffix(".png"))
    edges = [round((at_s - first) * rate_hz) for at_s in (start_s, end_s)]
    part, sides = samples[slice(*edges)], np.concatenate([samples[: edges[0]], samples[edges[1] :]])
    lufs = [loudness_lufs(Song(np.ascontiguousarray(sound.T), rate_hz)) for sound in (part, sides)]
    peak_db = 20 * np.log10(float(np.abs(part).max()) + 1e-9)
    width = np.square(part[:, 0] - part[:, -1]).sum() / (2 * np.square(part).sum() + 1e-9)
    beside = f"{lufs[0]:.1f} LUFS ({lufs[0] - lufs[1]:+.1f} beside the song)"
    return f"{beside}, peak {peak_db:.1f} dB, sides {width:.0%}"


def _draw(mono: np.ndarray, rate_hz: int, edges_s: tuple[float, float], path: Path) -> None:
    """A spectrogram on a logarithmic axis, with the edges of the new part."""
    figure, axes = plt.subplots(figsize=(12, 3), dpi=80)
    size = 2048
    windows = np.lib.stride_tricks.sliding_window_view(mono, size)[::512]
    levels = 20 * np.log10(np.abs(np.fft.rfft(windows * np.hanning(size))) + 1e-4)
    times = (np.arange(len(levels)) * 512 + size / 2) / rate_hz
    axes.pcolormesh(
        times, np.fft.rfftfreq(size, 1 / rate_hz)[1:], levels[:, 1:].T, vmin=-40, vmax=40, cmap="magma"
    )
    axes.set(yscale="log", ylim=(40, min(16_000, rate_hz / 2)), ylabel="Hz", xlabel="s")
    for edge_s in edges_s:
        axes.axvline(edge_s, color="white", linewidth=1)
    figure.tight_layout()
    figure.savefig(path)
    plt.close(figure)


if __name__ == "__main__":
    main()

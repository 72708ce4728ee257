"""One picture of an edit: waveform and spectrogram before and after, with the region marked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from punchin.errors import OutputError
from punchin.region import Frames, clock
from punchin.songfile import open_song
from punchin.splice import check_output, whole_file

if TYPE_CHECKING:
    from punchin.song import Song
    from punchin.take import Take

COLUMNS = 1600
"""How many peaks the waveform is drawn with."""
AROUND = 0.6
"""How much music is shown on each side, as a share of the region's length; at least two seconds."""
FLOOR_DB = -80.0
"""The darkest colour of the spectrogram, below its loudest point."""


def check_picture(path: Path, song: Path) -> None:
    """Refuse, before any work, a picture that could not be written in the end.

    Raises:
        OutputError: if it is not named as a PNG, would replace the song, or its folder cannot be written.
    """
    if path.suffix.lower() != ".png":
        name = path.with_suffix(".png").name
        raise OutputError(f"the picture is a PNG; name it {name!r}, not {path.name!r}")
    check_output(path, song, overwrite=True)


def plot_take(song: str | Path, take: Take, path: Path) -> None:
    """Draw the first region of a take as a PNG of about 1500 x 900 pixels.

    Raises:
        OutputError: if it cannot be written there.
    """
    check_picture(path, Path(song))
    punch = take.receipt.punches[0]
    region = Frames(punch.start_frame, punch.end_frame)
    with open_song(song) as source, open_song(take.path) as output:
        margin = max(round(AROUND * len(region)), 2 * source.rate_hz)
        window = region.widen(margin, margin, source.frames)
        before, after = source.read(window), output.read(window)
    figure = _figure(before, after, window, region, take)
    with whole_file(path, overwrite=True, protect=Path(song)) as file:
        figure.savefig(file, format="png", dpi=110)


def _figure(before: Song, after: Song, window: Frames, region: Frames, take: Take) -> Any:
    # The object-oriented way: no display, no global state, safe in threads.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 8), layout="constrained")
    FigureCanvasAgg(figure)
    rows = figure.subplots(2, 2, sharex=True, squeeze=False, height_ratios=(1, 2))
    tallest = max(float(np.abs(song.samples).max(initial=1e-9)) for song in (before, after))
    for column, (title, song) in enumerate((("before", before), ("after", after))):
        _waveform(rows[0][column], song, window, tallest)
        _spectrogram(rows[1][column], song, window)
        rows[0][column].set_title(title, fontsize=11)
        for axes in rows[:, column]:
            for edge in (region.start, region.end):
                axes.axvline(edge / song.rate_hz, color="#e4572e", linewidth=1.2)
    for axes in rows[0]:
        axes.axvspan(region.start / before.rate_hz, region.end / before.rate_hz, color="#e4572e", alpha=0.12)
    rows[0][0].set_ylabel("level")
    rows[1][0].set_ylabel("frequency (kHz)")
    figure.suptitle(_title(take, region, before.rate_hz), fontsize=12)
    return figure


def _title(take: Take, region: Frames, rate_hz: int) -> str:
    punch = take.receipt.punches[0]
    tags = ", ".join(punch.tags) or "no tags"
    place = f"{clock(region.start / rate_hz)} to {clock(region.end / rate_hz)}"
    same = "outside: identical" if take.untouched else "outside: coded anew"
    return f"{take.path.name}   {place}   {take.receipt.engine.name}: {tags}   seed {punch.seed}   {same}"


def _waveform(axes: Any, song: Song, window: Frames, tallest: float) -> None:
    mono = song.mono()
    edges = np.linspace(0, song.frames, min(COLUMNS, song.frames) + 1).astype(int)[:-1]
    times_s = (window.start + edges) / song.rate_hz
    axes.fill_between(
        times_s,
        np.minimum.reduceat(mono, edges),
        np.maximum.reduceat(mono, edges),
        color="#2f6690",
        linewidth=0,
    )
    axes.set_ylim(-tallest * 1.05, tallest * 1.05)
    axes.margins(x=0)


def _spectrogram(axes: Any, song: Song, window: Frames, size: int = 2048) -> None:
    mono = song.mono()
    if mono.size < size:
        mono = np.pad(mono, (0, size - mono.size))
    hop = max(1, (mono.size - size) // COLUMNS + 1)
    blocks = np.lib.stride_tricks.sliding_window_view(mono, size)[::hop]
    power = np.abs(np.fft.rfft(blocks * np.hanning(size).astype(mono.dtype), axis=1)) ** 2
    level_db = 10 * np.log10(power + 1e-12)
    top_db = float(level_db.max())
    start_s, end_s = window.start / song.rate_hz, window.end / song.rate_hz
    axes.imshow(
        level_db.T,
        origin="lower",
        aspect="auto",
        cmap="magma",
        extent=(start_s, end_s, 0, song.rate_hz / 2000),
        vmin=top_db + FLOOR_DB,
        vmax=top_db,
        interpolation="nearest",
    )
    axes.set_ylim(0, min(16, song.rate_hz / 2000))
    axes.set_xlabel("time (s)")

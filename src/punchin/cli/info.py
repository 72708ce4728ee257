"""`punchin info`: what a song is, at a glance."""

from __future__ import annotations

import json
import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from punchin.cli.progress import shown_progress
from punchin.region import Frames, clock

if TYPE_CHECKING:
    import numpy as np

    from punchin.engine import Progress
    from punchin.songfile import SongFile

LISTEN_S = 120.0
"""How much of the middle of the song is analysed for tempo and key."""
ROWS = "▁▂▃▄▅▆▇█"

_EXAMPLES = """
\b
Examples:
  punchin info song.mp3
  punchin info song.flac --json
"""


@click.command(epilog=_EXAMPLES)
@click.argument("song", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def info(song: Path, as_json: bool) -> None:
    """Show format, length, tempo, key and loudness of SONG, and draw its waveform."""
    from punchin.songfile import open_song

    with open_song(song) as source, shown_progress(quiet=as_json) as progress:
        columns = 1000 if as_json else max(20, min(shutil.get_terminal_size((80, 24)).columns - 10, 120))
        heard = _listen(source, columns, progress)
        facts = _facts(source) | heard.facts
    click.echo(json.dumps(facts) if as_json else _text(source, facts, heard))


@dataclass(frozen=True, slots=True, eq=False)
class _Heard:
    """What was found by listening: facts for people, and the loudest sample of each column of the picture."""

    facts: dict[str, Any]
    peaks: np.ndarray


def _facts(source: SongFile) -> dict[str, Any]:
    return {
        "path": str(source.path),
        "container": str(source.container),
        "codec": source.codec,
        "sample_format": str(source.sample_format),
        "rate_hz": source.rate_hz,
        "channels": source.channels,
        "frames": source.frames,
        "duration_s": round(source.duration_s, 6),
        "lossless": source.lossless,
        "warnings": list(source.warnings),
    }


def _listen(source: SongFile, columns: int, progress: Progress) -> _Heard:
    import numpy as np

    from punchin.engines.embedded.analysis import analyse
    from punchin.loudness import Meter

    meter = Meter(source.rate_hz, source.channels)
    peaks = np.zeros(columns)
    done = 0
    for block in source.blocks(Frames(0, source.frames)):
        sound = np.nan_to_num(source.sample_format.to_float(block))
        meter.add(sound)
        column = np.arange(done, done + sound.shape[1]) * columns // max(1, source.frames)
        np.maximum.at(peaks, column, np.abs(sound).max(axis=0))
        done += sound.shape[1]
        progress("listen", 0.8 * done / source.frames)
    middle, half = source.frames // 2, round(LISTEN_S / 2 * source.rate_hz)
    found = analyse(source.read(Frames(max(0, middle - half), min(source.frames, middle + half))))
    progress("analyse", 1.0)
    loudness = meter.integrated_lufs()
    facts = {
        "peak_dbfs": _rounded(20 * np.log10(peaks.max())) if peaks.max() > 0 else None,
        "loudness_lufs": _rounded(loudness),
        "tempo_bpm": round(found.grid.tempo_bpm, 1),
        "tempo_confidence": _rounded(found.grid.confidence, 2),
        "beats_per_bar": found.grid.beats_per_bar,
        "key": str(found.harmony.key),
        "key_confidence": _rounded(found.harmony.key_confidence, 2),
    }
    return _Heard(facts, peaks)


def _rounded(value: float, digits: int = 1) -> float | None:
    return round(float(value), digits) if math.isfinite(value) else None


def _text(source: SongFile, facts: dict[str, Any], heard: _Heard) -> str:
    channels = {1: "mono", 2: "stereo"}.get(source.channels, f"{source.channels} channels")
    loudness = "silent" if facts["loudness_lufs"] is None else f"{facts['loudness_lufs']} LUFS"
    tempo = f"{facts['tempo_bpm']} bpm in {facts['beats_per_bar']} (confidence {facts['tempo_confidence']})"
    lines = [
        f"file     {source.path.name}",
        f"format   {source.codec}, {source.rate_hz} Hz, {channels}",
        f"length   {clock(source.duration_s)} ({source.frames} frames)",
        f"tempo    {tempo}",
        f"key      {facts['key']} (confidence {facts['key_confidence']})",
        f"loudness {loudness}, peak {facts['peak_dbfs']} dBFS",
        *(f"note     {warning}" for warning in source.warnings),
        "",
        *_picture(heard.peaks),
        f"         0:00{clock(source.duration_s):>{max(1, len(heard.peaks) - 4)}}",
    ]
    return "\n".join(lines)


def _picture(peaks: np.ndarray, rows: int = 3) -> list[str]:
    """The waveform's upper half in block characters, `rows` lines high; full height is full scale."""
    import numpy as np

    level = np.clip(peaks, 0, 1) * rows * len(ROWS)
    lines: list[str] = []
    for row in reversed(range(rows)):
        inside = np.clip(np.round(level - row * len(ROWS)), 0, len(ROWS)).astype(int)
        lines.append(" " * 9 + "".join(" " if step == 0 else ROWS[step - 1] for step in inside))
    return lines

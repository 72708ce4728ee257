"""What a ten-second edit of an hour-long file costs, beside decoding and coding everything anew.

    python bench/files.py [--minutes 60] [--runs 3] [--folder DIR]

Every row is a fresh process, interpreter and imports included. "copy" is shutil.copyfile of the same file;
"splice" opens the file, reads ten seconds, and writes a copy in which they are new; "edit" is the whole
`punchin.edit` with the instant `tone` engine: joins, seam measures, proof, receipt and file hashes included.
"soundfile" and "PyAV" decode the whole file and code it again with the ten seconds replaced, as an editor
without frame splicing does.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import soundfile

from measure import Failed, cost_of, median_cost

RATE_HZ = 44_100
START_S, LENGTH_S = 1000.5, 10.0

COPY = "import sys, shutil; shutil.copyfile(sys.argv[1], sys.argv[2])"

SPLICE = """
import sys
from pathlib import Path
from punchin.region import Region
from punchin.songfile import open_song
from punchin.splice import Patch, splicer_for
source, output, start, length = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
with open_song(source) as song, open(output, "w+b") as file:
    splicer = splicer_for(song)
    hole = splicer.writable(Region.parse(start, start + length).frames(song.rate_hz, song.frames))
    sound = song.read_native(hole)[:, ::-1].copy()
    splicer.write([Patch(hole, sound)], file, lambda fraction: None)
"""

EDIT = """
import sys, punchin
start, length = float(sys.argv[3]), float(sys.argv[4])
punchin.edit(sys.argv[1], start, start + length, engine="tone", seed=1, output=sys.argv[2], overwrite=True)
"""

SOUNDFILE = """
import sys, soundfile
start, length = float(sys.argv[3]), float(sys.argv[4])
with soundfile.SoundFile(sys.argv[1]) as source, soundfile.SoundFile(
    sys.argv[2], "w", source.samplerate, source.channels, source.subtype, format=source.format
) as output:
    first, last = round(start * source.samplerate), round((start + length) * source.samplerate)
    kind = "float32" if source.format == "MP3" else "int16"
    at = 0
    while len(block := source.read(1 << 16, dtype=kind)):
        a, b = max(first, at) - at, min(last, at + len(block)) - at
        if a < b:
            block[a:b] = block[a:b][::-1]
        output.write(block)
        at += len(block)
"""

PYAV = """
import sys, av
start, length = float(sys.argv[3]), float(sys.argv[4])
codec = {"wav": "pcm_s16le", "flac": "flac", "mp3": "libmp3lame"}[sys.argv[2].rsplit(".", 1)[1]]
with av.open(sys.argv[1]) as source, av.open(sys.argv[2], "w") as output:
    sound = source.streams.audio[0]
    new = output.add_stream(codec, rate=sound.rate, layout="stereo")
    if codec == "libmp3lame":
        new.bit_rate = sound.bit_rate or 192000
    resampler = av.AudioResampler(format=new.codec_context.format, layout="stereo", rate=sound.rate)
    for frame in source.decode(sound):
        at = frame.time or 0.0
        if start <= at < start + length:
            for plane in frame.planes:
                plane.update(bytes(plane)[::-1])
        for ready in resampler.resample(frame):
            for packet in new.encode(ready):
                output.mux(packet)
    for packet in new.encode(None):
        output.mux(packet)
"""

ROWS = (("copy", COPY), ("splice", SPLICE), ("edit", EDIT), ("soundfile", SOUNDFILE), ("PyAV", PYAV))
INTERPRETER = "import numpy, soundfile"


def make_files(folder: Path, minutes: float) -> dict[str, Path]:
    """The same music as WAV, FLAC and MP3 (VBR, LAME through libsndfile); made once, then reused."""
    files = {kind: folder / f"hour.{kind}" for kind in ("wav", "flac", "mp3")}
    for kind, path in files.items():
        if path.exists():
            continue
        subtype = "MPEG_LAYER_III" if kind == "mp3" else "PCM_16"
        extra = {"bitrate_mode": "VARIABLE", "compression_level": 0.2} if kind == "mp3" else {}
        with soundfile.SoundFile(path, "w", RATE_HZ, 2, subtype, format=kind.upper(), **extra) as file:
            for minute in range(round(minutes)):
                file.write(music(minute))
    return files


def music(minute: int) -> np.ndarray:
    """One minute of chords, bass, drums and noise, `[N, 2]` int16: codecs have work to do."""
    rng = np.random.default_rng(minute)
    n = 60 * RATE_HZ
    t = np.arange(n) / RATE_HZ
    root = 55.0 * 2 ** (rng.integers(0, 12) / 12)
    tones = sum(np.sin(2 * np.pi * root * k * t + rng.random()) / k for k in (1, 2, 3, 4, 5, 6, 8, 10))
    beat = np.exp(-(t % 0.5) * 12) * np.sin(2 * np.pi * 60 * (t % 0.5))
    hats = rng.standard_normal((2, n)) * np.exp(-(t % 0.25) * 30)
    sides = np.stack([tones * 0.12 + beat * 0.4, tones * 0.10 + beat * 0.4]) + hats * 0.08
    return np.round(np.clip(sides.T, -1, 1) * 28_000).astype(np.int16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the files are kept; default: a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        files = make_files(folder, options.minutes)
        bare = cost_of(INTERPRETER).peak_mb
        print(
            f"{options.minutes:g}-minute stereo files, a {LENGTH_S:g} s edit; median of {options.runs} runs"
        )
        print(f"interpreter with numpy and soundfile: {bare:.0f} MB; 'above' is beyond that")
        print(f"{'file':<6}{'MB':>6}  {'what':<10}{'wall s':>8}{'cpu s':>8}{'above MB':>10}{'x copy':>8}")
        for kind, path in files.items():
            print_file(kind, path, folder, options.runs, bare)


def print_file(kind: str, path: Path, folder: Path, runs: int, bare_mb: float) -> None:
    copy_s = 0.0
    for what, code in ROWS:
        output = folder / f"out.{kind}"
        try:
            cost = median_cost(runs, code, path, output, START_S % 1800, LENGTH_S)
        except Failed as error:
            print(f"{kind:<6}{'':>6}  {what:<10} failed: {str(error).strip().splitlines()[-1]}")
            continue
        copy_s = copy_s or cost.wall_s
        print(
            f"{kind:<6}{path.stat().st_size / 1e6:>6.0f}  {what:<10}{cost.wall_s:>8.2f}{cost.cpu_s:>8.2f}"
            f"{max(0.0, cost.peak_mb - bare_mb):>10.0f}{cost.wall_s / copy_s:>8.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()

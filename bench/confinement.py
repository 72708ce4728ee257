"""What it costs that songs are read in a process apart.

    OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 python bench/confinement.py [--jobs 10]

Each row is one kind of song: the same edits in the worker and apart from it, in turns, on one thread. CPU is
that of all processes together; "start" is what the zygote computes once in the life of a worker. The last
rows are files that are made to hurt. Ratios and CPU hold on a busy machine, milliseconds of waiting do not.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import soundfile

from punchin.confinement import Child, Confinement, Ending, start
from punchin.engines.tone import ToneEngine
from punchin.errors import PunchinError
from punchin.job import Position, RegionWish
from punchin.worker.apart import Apart, Bounds
from punchin.worker.editing import Order, edited

if TYPE_CHECKING:
    from collections.abc import Callable

WISH = RegionWish(Position(20), Position(30), seed=1)
SONG_S = 60
RATE_HZ = 44_100


def nobody(stage: str, fraction: float) -> None:
    pass


def used_s(who: int) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def made(edit: Callable[..., Any], order: Order) -> tuple[float, float]:
    """Seconds of waiting and of this process's computing for one edit."""
    waited, computed = time.perf_counter(), used_s(resource.RUSAGE_SELF)
    with suppress(PunchinError):
        for take in edit(order, ToneEngine(), nobody).takes:
            take.path.unlink()
    return time.perf_counter() - waited, used_s(resource.RUSAGE_SELF) - computed


class Watched(Apart):
    """Writes down what its processes computed."""

    def __init__(self, bounds: Bounds) -> None:
        super().__init__(bounds)
        self.endings: list[Ending] = []
        fork, endings = self._zygote.fork, self.endings

        def watched() -> Child:
            child = fork()
            wait = child.wait

            def waited(limit_s: float = 60) -> Ending | None:
                ending = wait(limit_s)
                if ending:
                    endings.append(ending)
                return ending

            child.wait = waited
            return child

        self._zygote.fork = watched


def zygote() -> tuple[float, float]:
    """Seconds that a zygote computes to be ready, and the MB that it then keeps."""
    before = used_s(resource.RUSAGE_CHILDREN)
    apart = Apart(Bounds())
    child = apart._zygote.fork()  # answers when it is warm
    child.kill()
    child.wait(60)
    child.close()
    program = apart._zygote._program
    assert program is not None
    pages = int(Path(f"/proc/{program.pid}/statm").read_text().split()[1])
    apart.close()
    return used_s(resource.RUSAGE_CHILDREN) - before, pages * resource.getpagesize() / 1e6


def songs(folder: Path) -> dict[str, Path]:
    steps = np.arange(SONG_S * RATE_HZ)[:, None] / RATE_HZ
    noise = np.random.default_rng(0).normal(0, 0.02, (SONG_S * RATE_HZ, 2))
    sound = 0.2 * np.sin(2 * np.pi * steps * np.array([220.0, 277.0])) + noise
    paths = {}
    for ending in ("wav", "flac", "mp3", "ogg"):
        paths[f"a minute of {ending.upper()}"] = path = folder / f"song.{ending}"
        with soundfile.SoundFile(path, "w", RATE_HZ, 2) as file:
            # In parts: libsndfile's Vorbis overflows its stack where it is given a minute at once.
            for at in range(0, len(sound), 1 << 16):
                file.write(sound[at : at + (1 << 16)])
    (folder / "page.wav").write_text("<html>" * 100)
    return {"no song at all": folder / "page.wav"} | paths


def row(name: str, path: Path, jobs: int, apart: Watched) -> None:
    order = Order(song=str(path), edits=(WISH,))
    made(edited, order)
    made(apart.edit, order)
    apart.endings.clear()
    inside, outside = [], []
    for _ in range(jobs):
        inside.append(made(edited, order))
        outside.append(made(apart.edit, order))
    children_s = [ending.cpu_s for ending in apart.endings]
    inside_ms = statistics.median(cpu for _, cpu in inside) * 1000
    apart_ms = (statistics.median(children_s) + statistics.median(cpu for _, cpu in outside)) * 1000
    waits_ms = [statistics.median(wait for wait, _ in one) * 1000 for one in (inside, outside)]
    peak = max(ending.peak_bytes for ending in apart.endings) / 1e6
    print(
        f"| {name} | {inside_ms:.0f} | {apart_ms:.0f} | {apart_ms - inside_ms:+.0f} "
        f"| {waits_ms[0]:.0f} | {waits_ms[1]:.0f} | {peak:.0f} |",
        flush=True,
    )


def bombs(folder: Path) -> None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from support.bombs import flac_of_silence

    bomb = flac_of_silence(folder / "bomb.flac", hours=8, channels=8)
    apart = Apart(Bounds(cpu_s=5))
    apart.start()
    made(apart.edit, Order(song=str(folder / "page.wav"), edits=(WISH,)))
    print("\n| file made to hurt | answer | ms |\n|---|---|---|")
    for caps in ({}, {"most_minutes": 600, "most_samples": 1 << 40, "output_format": "wav"}):
        order = Order(song=str(bomb), edits=(WISH,), **caps)
        began = time.perf_counter()
        try:
            apart.edit(order, ToneEngine(), nobody)
            answer = "edited"
        except PunchinError as error:
            answer = str(error)
        print(f"| FLAC, 8 h x 8 ch, {bomb.stat().st_size / 1000:.0f} kB | {answer} "
              f"| {(time.perf_counter() - began) * 1000:.0f} |")  # fmt: skip
    apart.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--jobs", type=int, default=10)
    jobs = parser.parse_args().jobs
    print(f"load average {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors\n")
    starts = [zygote() for _ in range(3)]
    start_s = statistics.median(one[0] for one in starts)
    print(f"start of the zygote: {start_s:.2f} s of computing; it keeps {starts[0][1]:.0f} MB")
    began = time.perf_counter(), used_s(resource.RUSAGE_CHILDREN)
    for _ in range(jobs):
        start(["true"], Confinement(memory_bytes=1 << 28, cpu_s=5)).wait()
    spent = [(now - then) / jobs * 1000 for now, then in zip(
        (time.perf_counter(), used_s(resource.RUSAGE_CHILDREN)), began, strict=True)]  # fmt: skip
    print(
        f"another program, started confined: {spent[1]:.0f} ms of computing, {spent[0]:.0f} ms of waiting\n"
    )
    print(
        "| 10 s edited in | CPU ms in the worker | apart | more | wait ms in the worker | apart | peak MB |"
    )
    print("|---|---|---|---|---|---|---|")
    apart = Watched(Bounds())
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, path in songs(folder).items():
            row(kind, path, jobs, apart)
        bombs(folder)
    apart.close()


if __name__ == "__main__":
    main()

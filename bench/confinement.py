"""What it costs that songs are read in a process apart.

    python bench/confinement.py [--jobs 10]

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

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy: as in a worker of a small machine

import numpy as np
import soundfile

from punchin.confinement import Confinement, start
from punchin.engines.tone import ToneEngine
from punchin.errors import PunchinError
from punchin.job import Position, RegionWish
from punchin.worker.apart import Apart, Bounds
from punchin.worker.editing import Order, edited

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from support.bombs import flac_of_silence

WISH = RegionWish(Position(20), Position(30), seed=1)
SONG_S = 240
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


def zygote_s(jobs: int, order: Order | None) -> tuple[float, list[tuple[float, float]], float]:
    """Computing of a zygote and its children, what each job took, and the zygote's resident MB."""
    before = used_s(resource.RUSAGE_CHILDREN)
    apart = Apart(Bounds(cpu_s=60))
    apart.start()
    spent = [made(apart.edit, order) for _ in range(jobs)] if order else []
    child = apart._zygote.fork()  # answers when it is warm
    child.kill()
    child.wait(60)
    child.close()
    program = apart._zygote._program
    assert program is not None
    pages = int(Path(f"/proc/{program.pid}/statm").read_text().split()[1])
    apart.close()
    return used_s(resource.RUSAGE_CHILDREN) - before, spent, pages * resource.getpagesize() / 1e6


def songs(folder: Path) -> dict[str, Path]:
    steps = np.arange(SONG_S * RATE_HZ)[:, None] / RATE_HZ
    noise = np.random.default_rng(0).normal(0, 0.02, (SONG_S * RATE_HZ, 2))
    sound = 0.2 * np.sin(2 * np.pi * steps * np.array([220.0, 277.0])) + noise
    paths = {}
    for ending in ("wav", "flac", "mp3", "ogg"):
        paths[f"4 minutes of {ending.upper()}"] = path = folder / f"song.{ending}"
        soundfile.write(path, sound[: 60 * RATE_HZ] if ending == "ogg" else sound, RATE_HZ)
    paths["1 minute of OGG"] = paths.pop("4 minutes of OGG")
    (folder / "page.wav").write_text("<html>" * 100)
    return {"no song at all": folder / "page.wav"} | paths


def row(name: str, path: Path, jobs: int, start_s: float) -> None:
    order = Order(song=str(path), edits=(WISH,))
    made(edited, order)
    inside = [made(edited, order) for _ in range(jobs)]
    children_s, spent, _ = zygote_s(jobs, order)
    apart_cpu = (children_s - start_s) / jobs + statistics.mean(cpu for _, cpu in spent)
    inside_cpu = statistics.mean(cpu for _, cpu in inside)
    waits = [statistics.median(sorted(wait for wait, _ in one)) * 1000 for one in (inside, spent[1:])]
    print(
        f"| {name} | {inside_cpu * 1000:.0f} | {apart_cpu * 1000:.0f} | {(apart_cpu - inside_cpu) * 1000:+.0f} "
        f"| {waits[0]:.0f} | {waits[1]:.0f} |"
    )


def bombs(folder: Path) -> None:
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
    starts = [zygote_s(0, None) for _ in range(3)]
    start_s = statistics.median(one[0] for one in starts)
    print(f"start of the zygote: {start_s:.2f} s of computing; it keeps {starts[0][2]:.0f} MB")
    began = time.perf_counter(), used_s(resource.RUSAGE_CHILDREN)
    for _ in range(jobs):
        start(["true"], Confinement(memory_bytes=1 << 28, cpu_s=5)).wait()
    spent = [(now - then) / jobs * 1000 for now, then in zip(
        (time.perf_counter(), used_s(resource.RUSAGE_CHILDREN)), began, strict=True)]  # fmt: skip
    print(
        f"another program, started confined: {spent[1]:.0f} ms of computing, {spent[0]:.0f} ms of waiting\n"
    )
    print("| song, 10 s edited | CPU ms in the worker | apart | more | wait ms in the worker | apart |")
    print("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, path in songs(folder).items():
            row(kind, path, jobs, start_s)
        bombs(folder)


if __name__ == "__main__":
    main()

"""What `bench/soak.py` watches and how it judges: processes, files, answers, and what grows."""

from __future__ import annotations

import json
import os
import re
import statistics
import threading
import time
from collections import Counter, defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EVERY_S = 5.0
PAGE_BYTES = 4096
"""A sample of memory is in pages; Linux on the machines that this runs on has 4 KiB ones."""
LONG_LIVED = ("supervisor", "api", "worker 0", "worker 1", "nest of worker 0", "nest of worker 1")
ALLOWED_PER_HOUR = {
    "rss_mb": (0.05, 4.0),
    "handles": (0.0, 4.0),
    "threads": (0.0, 4.0),
    "files": (0.10, 20.0),
    "files_mb": (0.10, 5.0),
}
"""What may grow in an hour: a share of the median, and something beside it (allocators, pools of threads)."""
DATABASE_BYTES_A_JOB = 1500.0
"""The books outlive the jobs: what a job may leave in the database for good, with its part of the indexes."""
LEAST_JUDGED_MINUTES = 10.0
"""A shorter run is still warming up: what grows in it says nothing."""


class Seen:
    """What every actor heard: counts, times and surprises; any thread may tell it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.outcomes: Counter[str] = Counter()
        self.surprises: list[str] = []
        self.spent_ms: defaultdict[str, list[float]] = defaultdict(list)
        self._since: defaultdict[str, list[float]] = defaultdict(list)

    def count(self, what: str) -> None:
        """One more of these."""
        with self._lock:
            self.outcomes[what] += 1

    def answered(self, route: str, status: object, ms: float) -> None:
        """A request was answered, or was not: then `status` says why."""
        with self._lock:
            self.outcomes[f"{route}: {status}"] += 1
            self.spent_ms[route].append(ms)
            self._since[route].append(ms)

    def surprise(self, what: str) -> None:
        """Something that nothing in the plan explains."""
        with self._lock:
            self.outcomes["unexplained"] += 1
            self.surprises.append(f"{time.strftime('%H:%M:%S')} {what}"[:1000])

    def lately(self) -> dict[str, list[float]]:
        """By route: number, median and 99th percentile in milliseconds of what came since the last call."""
        with self._lock:
            since, self._since = self._since, defaultdict(list)
        return {route: [len(ms), *(round(x, 1) for x in median_and_p99(ms))] for route, ms in since.items()}


def median_and_p99(values: Sequence[float]) -> tuple[float, float]:
    """The middle and nearly the worst; both of sorted values, never in between."""
    ordered = sorted(values)
    return ordered[len(ordered) // 2], ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)]


@dataclass(frozen=True, slots=True)
class Process:
    """One process of the service, now."""

    pid: int
    parent: int
    words: list[str]
    rss_mb: float
    handles: int
    threads: int
    cpu_s: float

    @property
    def name(self) -> str:
        """What it is, apart from whose it is."""
        words = " ".join(self.words)
        for mark, name in ((" serve", "supervisor"), (" api", "api"), ("punchin.desk", "desk")):
            if mark in words:
                return name
        slot = re.search(r" worker .*--slot (\d+)", words)
        return f"worker {slot[1]}" if slot else "inside" if "worker.inside" in words else "other"


def processes_of(session: int) -> dict[int, Process]:
    """All processes of a session, by number; those that end meanwhile are left out."""
    found: dict[int, Process] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            said = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(said[3]) != session or said[0] == "Z":
                continue
            found[int(folder.name)] = Process(
                pid=int(folder.name),
                parent=int(said[1]),
                words=(folder / "cmdline").read_bytes().decode().split("\0"),
                rss_mb=round(int(said[21]) * PAGE_BYTES / 1e6, 2),
                handles=len(list((folder / "fd").iterdir())),
                threads=int(said[17]),
                cpu_s=(int(said[11]) + int(said[12])) / 100,
            )
    return found


def named(processes: Mapping[int, Process]) -> dict[str, list[Process]]:
    """Processes by what they are: the long-lived ones are one each, readers and desks come and go."""
    names: defaultdict[str, list[Process]] = defaultdict(list)
    for process in processes.values():
        name = process.name
        if name == "inside":
            parent = processes.get(process.parent)
            name = f"nest of {parent.name}" if parent and parent.name.startswith("worker") else "reader"
        names[name].append(process)
    return dict(names)


def sizes(folder: Path) -> tuple[int, int]:
    """How many files are under a folder, and their bytes."""
    count = total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += Path(place, name).stat().st_size
                count += 1
    return count, total


@dataclass
class Watch:
    """Looks at the service every five seconds and writes one line of JSON for each look.

    Attributes:
        session: the number of the service's session.
        home: its `PUNCHIN_HOME`.
        seen: what the actors heard.
        into: where the lines go.
    """

    session: int
    home: Path
    seen: Seen
    into: Path
    samples: list[dict[str, Any]] = field(default_factory=list)
    _began: float = field(default_factory=time.monotonic)
    _pids: dict[str, int] = field(default_factory=dict)

    def look(self) -> dict[str, Any]:
        """One sample, kept and written."""
        names = named(processes_of(self.session))
        for name in LONG_LIVED:
            for process in names.get(name, [])[:1]:
                if self._pids.setdefault(name, process.pid) != process.pid:
                    self.seen.surprise(f"{name} was started again")
                    self._pids[name] = process.pid
        files, files_bytes = sizes(self.home / "files")
        database = {path.name: path.stat().st_size for path in self.home.glob("punchin.db*") if path.exists()}
        sample: dict[str, Any] = {
            "t_s": round(time.monotonic() - self._began, 1),
            "load": round(float(Path("/proc/loadavg").read_text().split()[0]), 2),
            "processes": {
                name: {
                    "count": len(those),
                    "rss_mb": max(each.rss_mb for each in those),
                    "handles": max(each.handles for each in those),
                    "threads": max(each.threads for each in those),
                    "cpu_s": round(sum(each.cpu_s for each in those), 2),
                }
                for name, those in sorted(names.items())
            },
            "database_bytes": database.get("punchin.db", 0),
            "database_log_bytes": database.get("punchin.db-wal", 0),
            "files": files,
            "files_mb": round(files_bytes / 1e6, 2),
            "at_work": sizes(self.home / "work")[0],
            "ms": self.seen.lately(),
            "outcomes": dict(self.seen.outcomes),
        }
        self.samples.append(sample)
        with self.into.open("a") as lines:
            lines.write(json.dumps(sample) + "\n")
        return sample


def slope_per_hour(times_s: Sequence[float], values: Sequence[float]) -> float:
    """The median of the slopes between all pairs (Theil-Sen): single peaks do not bend it."""
    step = max(1, len(times_s) // 200)
    points = list(zip(times_s, values, strict=True))[::step]
    slopes = [
        (later - value) / (then_s - time_s) * 3600
        for number, (time_s, value) in enumerate(points)
        for then_s, later in points[number + 1 :]
        if then_s > time_s
    ]
    return statistics.median(slopes) if slopes else 0.0


def growth(samples: Sequence[dict[str, Any]], warm_s: float) -> list[dict[str, Any]]:
    """What grew after warm-up, by how much in an hour, and how much it might have.

    Args:
        samples: as `Watch` takes them.
        warm_s: how long the warm-up is.
    """
    warm = [sample for sample in samples if sample["t_s"] >= warm_s]
    rows: list[dict[str, Any]] = []
    for name in (*LONG_LIVED, "desk"):
        told = [(s["t_s"], s["processes"][name]) for s in warm if name in s["processes"]]
        if len(told) < 2:
            continue
        times_s = [t_s for t_s, _ in told]
        rows += [
            _row(f"{name} {what}", what, times_s, [process[what] for _, process in told])
            for what in ("rss_mb", "handles", "threads")
        ]
    times_s = [sample["t_s"] for sample in warm]
    rows += [
        _row(f"store {what}", what, times_s, [sample[what] for sample in warm])
        for what in ("files", "files_mb")
    ]
    bytes_per_hour = slope_per_hour(times_s, [sample["database_bytes"] for sample in warm])
    jobs_per_hour = max(1.0, slope_per_hour(times_s, [accepted(sample) for sample in warm]))
    rows.append(
        {
            "what": "database bytes a job",
            "median": statistics.median(sample["database_bytes"] for sample in warm),
            "per_hour": round(bytes_per_hour / jobs_per_hour, 1),
            "allowed": DATABASE_BYTES_A_JOB,
        }
    )
    return rows


def _row(title: str, what: str, times_s: Sequence[float], values: Sequence[float]) -> dict[str, Any]:
    share, more = ALLOWED_PER_HOUR[what]
    median = statistics.median(values)
    return {
        "what": title,
        "median": round(median, 2),
        "per_hour": round(slope_per_hour(times_s, values), 2),
        "allowed": round(share * median + more, 2),
    }


def accepted(sample: Mapping[str, Any]) -> int:
    """Jobs accepted until this sample."""
    return sample["outcomes"].get("jobs accepted", 0)


def log_of(path: Path, explained: Mapping[str, str]) -> tuple[Counter[str], list[str]]:
    """What the service said of itself: how often each event that is no plain news, and the surprises.

    Args:
        path: its log, lines of JSON.
        explained: events above "info" that the load asks for, with their reasons.
    """
    events: Counter[str] = Counter()
    surprises: list[str] = []
    foreign: list[str] = []
    for line in path.read_text(errors="replace").splitlines():
        for said in _objects(line):
            if isinstance(said, str):
                if _FOREIGN.match(said) or not foreign:
                    foreign.append(said)
                else:
                    foreign[-1] += f"\n{said}"
            elif said.get("level") not in ("info", "debug"):
                event = str(said.get("event"))
                events[f"{said.get('level')}: {event}"] += 1
                if event not in explained:
                    surprises.append(json.dumps(said)[:3000])
    for text in foreign:
        known = next((part for part in explained if part in text), None)
        events[f"no JSON: {known}"] += 1
        if known is None:
            surprises.append(text[-3000:])
    return events, surprises


_FOREIGN = re.compile(r"\d\d:\d\d:\d\d \[")
"""How a line of DBOS begins; what follows without it is its traceback."""


def _objects(line: str) -> list[dict[str, Any] | str]:
    """The objects of a line: processes that write to one file may write theirs behind another's."""
    found: list[dict[str, Any] | str] = []
    reader = json.JSONDecoder()
    while line and not line.startswith("Punchin answers at"):
        try:
            said, end = reader.raw_decode(line) if line[0] == "{" else (None, 0)
        except ValueError:
            end = 0
        if not end:
            return [*found, line]
        found.append(said)
        line = line[end:]
    return found


def plot(samples: Sequence[dict[str, Any]], warm_s: float, into: Path) -> None:
    """The run as a picture: memory, handles, disk, answers and jobs over time."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(5, 1, figsize=(8, 11), sharex=True, layout="constrained")
    minutes = [sample["t_s"] / 60 for sample in samples]
    names = sorted({name for sample in samples for name in sample["processes"]} & {*LONG_LIVED, "desk"})
    for axis, what, title in ((axes[0], "rss_mb", "memory (RSS), MB"), (axes[1], "handles", "file handles")):
        for name in names:
            told = [sample["processes"].get(name, {}).get(what, float("nan")) for sample in samples]
            axis.plot(minutes, told, label=name, linewidth=1)
        axis.set_title(title, fontsize=9, loc="left")
    axes[0].legend(fontsize=7, ncols=4)
    axes[2].plot(minutes, [s["files_mb"] for s in samples], label="files kept, MB", linewidth=1)
    axes[2].plot(minutes, [s["database_bytes"] / 1e6 for s in samples], label="database, MB", linewidth=1)
    axes[2].plot(minutes, [s["files"] / 10 for s in samples], label="files kept, tens", linewidth=1)
    axes[2].set_title("disk", fontsize=9, loc="left")
    axes[2].legend(fontsize=7)
    for route in ("submit", "job", "upload"):
        for place, style in ((1, "-"), (2, ":")):
            told = [s["ms"].get(route, [0, float("nan"), float("nan")])[place] for s in samples]
            axes[3].plot(minutes, told, style, label=f"{route} {'p50' if place == 1 else 'p99'}", linewidth=1)
    axes[3].set_yscale("log")
    axes[3].set_title("answers, ms in every 5 s", fontsize=9, loc="left")
    axes[3].legend(fontsize=7, ncols=3)
    axes[4].plot(minutes, [accepted(s) for s in samples], label="jobs accepted", linewidth=1)
    surprises = [s["outcomes"].get("unexplained", 0) for s in samples]
    axes[4].plot(minutes, surprises, label="unexplained", linewidth=1)
    axes[4].legend(fontsize=7)
    load = axes[4].twinx()
    load.plot(minutes, [s["load"] for s in samples], color="0.6", linewidth=1)
    load.set_ylabel("load average", fontsize=7)
    axes[4].set_title("jobs, and how busy the machine was", fontsize=9, loc="left")
    axes[4].set_xlabel("minutes")
    for axis in axes:
        axis.axvspan(0, warm_s / 60, color="0.93")
        axis.grid(visible=True, linewidth=0.3)
    figure.savefig(into, dpi=80)
    plt.close(figure)

"""What the service adds: to a request, to an idle worker's wait, to an edit.

    python bench/service.py [--quick] [--seconds 5] [--jobs 30]

First table: submit and result of `punchin serve` without workers, for 1, 8 and 32 clients, beside a bare
FastAPI application whose routes insert one row into SQLite (write-ahead log, synchronous=FULL) and read one;
same machine, same clients, one after the other. "cpu ms" is the processor time that the server's processes
spend on one request: it says nearly the same on a busy machine as on a quiet one. Second table: pickup is
from accepted to begun, by the ledger; overhead is from sending a synchronous request to its answer, less the
stages of the edit itself (cut, fill, join, splice, prove), which `punchin edit` would spend as well.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import soundfile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SUBMIT = "/api/v3/wavespeed-ai/ace-step/audio-inpaint"
RESULT = "/api/v3/predictions/{}/result"
KEY = "a-key-of-the-benchmark"
HEADERS = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
EDIT = {
    "audio": "https://example.org/song.wav",
    "tags": "lofi, chill",
    "start_time": 2,
    "end_time": 4,
    "seed": 7,
}
AROUND_THE_EDIT = {"fetch", "load", "store"}
CLIENTS = (1, 8, 32)
START_S = 120
RATE_HZ = 44_100

BARE = """
import json, sqlite3, sys, threading, uuid
import uvicorn
from fastapi import Body, FastAPI

path, port = sys.argv[1], int(sys.argv[2])
own = threading.local()

def connection():
    if not hasattr(own, "connection"):
        own.connection = sqlite3.connect(path, timeout=30, isolation_level="IMMEDIATE")
        own.connection.execute("PRAGMA journal_mode=WAL")
        own.connection.execute("PRAGMA synchronous=FULL")
    return own.connection

connection().execute("CREATE TABLE rows (id TEXT PRIMARY KEY, body TEXT NOT NULL)")
app = FastAPI()

@app.post("/rows")
def insert(body: dict = Body()):
    name = uuid.uuid4().hex
    with connection() as open_one:
        open_one.execute("INSERT INTO rows VALUES (?, ?)", (name, json.dumps(body)))
    return {"data": {"id": name}}

@app.get("/rows/{name}")
def row(name: str):
    return json.loads(connection().execute("SELECT body FROM rows WHERE id = ?", (name,)).fetchone()[0])

uvicorn.run(app, host="127.0.0.1", port=port, access_log=False, log_level="warning")
"""


class Server(NamedTuple):
    """Where a server listens, and its first process."""

    port: int
    pid: int

    def cpu_s(self) -> float:
        """Processor time of its processes so far; 0 where /proc does not tell."""
        spent: dict[int, tuple[int, int]] = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):
                said = stat.read_text().rpartition(")")[2].split()
                spent[int(stat.parent.name)] = int(said[1]), int(said[11]) + int(said[12])
        ours = {self.pid} | {pid for pid, (parent, _) in spent.items() if parent == self.pid}
        return sum(spent[pid][1] for pid in ours if pid in spent) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextmanager
def bare(folder: Path) -> Iterator[Server]:
    port = free_port()
    command = [sys.executable, "-c", BARE, str(folder / "bare.db"), str(port)]
    with _process(command, dict(os.environ), folder / "bare.log", port, "/openapi.json") as pid:
        yield Server(port, pid)


@contextmanager
def service(folder: Path, workers: int) -> Iterator[Server]:
    port = free_port()
    folder.mkdir()
    settings = {"HOME": folder, "ENGINE": "tone", "PORT": port, "API_KEY": KEY, "WORKERS": workers}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PUNCHIN_")}
    environment |= {f"PUNCHIN_{name}": str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "punchin", "serve"]
    with _process(command, environment, folder / "log", port, "/ready" if workers else "/health") as pid:
        yield Server(port, pid)


@contextmanager
def _process(
    command: list[str], environment: dict[str, str], log: Path, port: int, path: str
) -> Iterator[int]:
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said)
        try:
            deadline = time.monotonic() + START_S
            while not _answers(port, path):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise SystemExit(f"{command[-1]} does not start: {log.read_text()[-2000:]}")
                time.sleep(0.1)
            yield process.pid
        finally:
            process.terminate()
            process.wait(60)


def _answers(port: int, path: str) -> bool:
    try:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except OSError:
        return False


class Client:
    """One kept connection, as an SDK keeps it."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

    def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] = HEADERS) -> Any:
        """What is answered, from JSON; anything but 200 ends the benchmark."""
        raw = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        self._connection.request(method, path, raw, headers)
        answer = self._connection.getresponse()
        said = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{method} {path}: {answer.status} {said[:300]!r}")
        return json.loads(said) if said else None


def load(
    server: Server, clients: int, seconds: float, ask: Callable[[Client], object]
) -> tuple[float, list[float], float]:
    """So many clients ask again and again: requests per second, the milliseconds of each in order, and the
    milliseconds of processor time that the server spent on one.
    """
    spent_ms: list[list[float]] = [[] for _ in range(clients)]
    end = time.perf_counter() + seconds

    def work(own: list[float]) -> None:
        client = Client(server.port)
        while (began := time.perf_counter()) < end:
            ask(client)
            own.append((time.perf_counter() - began) * 1000)

    threads = [threading.Thread(target=work, args=(own,)) for own in spent_ms]
    began, cpu_s = time.perf_counter(), server.cpu_s()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    every = sorted(ms for own in spent_ms for ms in own)
    return len(every) / (time.perf_counter() - began), every, (server.cpu_s() - cpu_s) * 1000 / len(every)


def quantile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(values, share))


def requests(folder: Path, seconds: float) -> None:
    print(f"{'':16}{'clients':>8}{'per s':>9}{'p50 ms':>9}{'p99 ms':>9}{'p99 / bare':>12}{'cpu ms':>9}")
    with bare(folder) as plain, service(folder / "requests", workers=0) as punchin:
        rows = Client(plain.port).ask("POST", "/rows", EDIT)["data"]["id"]
        job = Client(punchin.port).ask("POST", SUBMIT, EDIT)["data"]["id"]
        pairs = (
            ("submit", lambda c: c.ask("POST", "/rows", EDIT), lambda c: c.ask("POST", SUBMIT, EDIT)),
            (
                "result",
                lambda c: c.ask("GET", f"/rows/{rows}"),
                lambda c: c.ask("GET", RESULT.format(job)),
            ),
        )
        for name, ask_bare, ask in pairs:
            for clients in CLIENTS:
                base_rate, base_ms, base_cpu_ms = load(plain, clients, seconds, ask_bare)
                rate, spent_ms, cpu_ms = load(punchin, clients, seconds, ask)
                for who, per_s, times, cpu in (
                    (f"bare {name}", base_rate, base_ms, base_cpu_ms),
                    (name, rate, spent_ms, cpu_ms),
                ):
                    ratio = (
                        "" if times is base_ms else f"{quantile(times, 0.99) / quantile(base_ms, 0.99):.1f}"
                    )
                    print(
                        f"{who:16}{clients:>8}{per_s:>9.0f}{quantile(times, 0.5):>9.1f}"
                        f"{quantile(times, 0.99):>9.1f}{ratio:>12}{cpu:>9.1f}",
                        flush=True,
                    )


def song(duration_s: float = 6.0) -> bytes:
    """Quiet noise: the tone engine does not mind."""
    noise = np.random.default_rng(0).normal(0, 0.1, (round(duration_s * RATE_HZ), 2))
    file = io.BytesIO()
    soundfile.write(file, noise.clip(-1, 1), RATE_HZ, "PCM_16", format="WAV")
    return file.getvalue()


def edits(folder: Path, jobs: int) -> None:
    pickup_ms: list[float] = []
    overhead_ms: list[float] = []
    edit_ms: list[float] = []
    with service(folder / "edits", workers=1) as punchin:
        client = Client(punchin.port)
        ticket = client.ask("POST", "/api/v3/media/uploads", {"filename": "song.wav"})["data"]
        place = ticket["upload"]["url"].split(str(punchin.port), 1)[1]
        client.ask("PUT", place, song(), ticket["upload"]["headers"])
        body = EDIT | {"audio": ticket["download_url"], "enable_sync_mode": True}
        for number in range(jobs + 2):
            # Anywhere between two looks of the worker, not always right after one.
            time.sleep(random.uniform(0.1, 0.4))
            began = time.perf_counter()
            task = client.ask("POST", SUBMIT, body)["data"]
            spent_ms = (time.perf_counter() - began) * 1000
            if task["status"] != "completed":
                raise SystemExit(f"the job is {task['status']}: {task['error']}")
            if number < 2:
                continue
            stages = task["punchin"]["timings_ms"]
            own_ms = sum(ms for stage, ms in stages.items() if stage not in AROUND_THE_EDIT)
            job = client.ask("GET", f"/v1/jobs/{task['id']}")
            pickup_ms.append(between_ms(job["created_at"], job["started_at"]))
            overhead_ms.append(spent_ms - own_ms)
            edit_ms.append(own_ms)
    print(f"\n{f'of {jobs} edits':24}{'p50 ms':>9}{'p90 ms':>9}{'most ms':>9}{'aim, p50':>10}")
    for name, values, aim in (
        ("pickup by idle worker", pickup_ms, "150"),
        ("overhead over the edit", overhead_ms, "300"),
        ("the edit itself", edit_ms, ""),
    ):
        print(
            f"{name:24}{quantile(values, 0.5):>9.0f}{quantile(values, 0.9):>9.0f}{max(values):>9.0f}{aim:>10}"
        )


def between_ms(start: str, end: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() * 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=5.0, help="for each row of the first table")
    parser.add_argument("--jobs", type=int, default=30, help="edits of the second table")
    parser.add_argument("--quick", action="store_true", help="1 s a row and 5 edits")
    given = parser.parse_args()
    seconds, jobs = (1.0, 5) if given.quick else (given.seconds, given.jobs)
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{os.cpu_count()} cores, load average {busy}\n")
    with tempfile.TemporaryDirectory() as folder:
        requests(Path(folder), seconds)
        edits(Path(folder), jobs)


if __name__ == "__main__":
    main()

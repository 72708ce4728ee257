"""How the service scales with workers, and what a job costs the database.

    python bench/scale.py [--cost 10] [--rounds 4] [--workers 1 2 4 8] [--databases sqlite postgresql]
                          [--poll 0.5] [--only scaling fairness writes]

The engine sleeps for a fixed time, so that eight workers find room on two cores. PostgreSQL is started in a
temporary folder on a loopback port (Debian package postgresql; as the user postgres where we are root).

scaling   `punchin serve` with N workers. N × rounds jobs are watched; more are submitted, five a second, all
          the while, so that nobody is idle and the time to the answer of a submit is that under load.
          efficiency: ideal time (rounds × cost) over the time from the first begin to the last end of those
          jobs, by the ledger. cpu s: of all processes of the service, for one job, its submits included.
fairness  ten keys submit four jobs each, one key after the other; four workers. Jain's index (Jain, Chiu,
          Hawe, 1984) of what each key has had when half of all has begun: 1 is equal, first come first
          served gives 0.5; and how many jobs the foremost key is then ahead of the last one.
writes    what one job costs PostgreSQL beyond idling, by its own statistics: transactions, rows, log bytes.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from service import KEY, SUBMIT, Client, free_port, quantile, song
from service import _process as started

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from punchin.store import JobRecord, Store

KEYS = 10
FAIR_COST_S, FAIR_WORKERS, FAIR_JOBS = 2.0, 4, 4
BALLAST_PER_S = 5.0
WRITES_JOBS = 10
REPORTS = 10
"""Progress reports of the engine in one job; each is a write."""
READY_S = 300.0

ENGINE = f"""
import time
from punchin.engine import EngineSpec
from punchin.engines.tone import ToneEngine

class SleepingEngine(ToneEngine):
    spec = EngineSpec(name="sleeping", version="1", summary="Sleeps.", honours=frozenset({{"tags"}}))

    def fill(self, window, hole, edit, progress):
        cost_s = float(edit.tags[0].removeprefix("sleep "))
        end = time.monotonic() + cost_s
        for step in range({REPORTS}):
            progress("sleep", step / {REPORTS})
            time.sleep(max(0.0, min(cost_s / {REPORTS}, end - time.monotonic())))
        return super().fill(window, hole, edit, progress)
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A running service and its ledger.

    Attributes:
        port, pid: of `punchin serve`.
        store: the ledger, opened by this process.
        secrets: of the ten keys.
        songs: the address of a song for each of them.
        database_pid: of PostgreSQL's first process; 0 with SQLite.
    """

    port: int
    pid: int
    store: Store
    secrets: tuple[str, ...]
    songs: tuple[str, ...]
    database_pid: int = 0

    def submit(self, client: Client, key: int, cost_s: float, seed: int) -> str:
        """One job of a key that sleeps for so long; gives its id."""
        body = {"audio": self.songs[key], "tags": f"sleep {cost_s:g}", "start_time": 2, "end_time": 4}
        return client.ask("POST", SUBMIT, body | {"seed": seed}, _headers(self.secrets[key]))["data"]["id"]

    def wait(self, ids: Sequence[str], limit_s: float) -> list[JobRecord]:
        """The jobs when all are over; looks twice a second, which costs next to nothing."""
        deadline = time.monotonic() + limit_s
        left = set(ids)
        while left:
            left = {job_id for job_id in left if not self.store.job(job_id).state.is_final}
            if time.monotonic() > deadline:
                raise SystemExit(f"{len(left)} of {len(ids)} jobs are not over after {limit_s:.0f} s")
            time.sleep(0.5)
        jobs = [self.store.job(job_id) for job_id in ids]
        if bad := [job.failure for job in jobs if job.state != "completed"]:
            raise SystemExit(f"{len(bad)} jobs did not complete: {bad[0]}")
        return jobs


def _headers(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, int]]:
    """A PostgreSQL of its own, with the settings it comes with; gives the address and the process."""
    initdb = shutil.which("initdb") or next(Path("/usr/lib/postgresql").glob("*/bin/initdb"), None)
    if initdb is None:
        raise SystemExit("no PostgreSQL here: apt-get install postgresql")
    binaries = Path(initdb).resolve().parent
    user: dict[str, Any] = {"user": "postgres"} if os.geteuid() == 0 else {}
    data = Path(tempfile.mkdtemp(prefix="pg-"))
    if user:
        shutil.chown(data, "postgres")
    port, log = free_port(), (folder / "postgresql.log").open("wb")
    words = [binaries / "initdb", "-D", data, "-U", "punchin", "-A", "trust", "--encoding=UTF8"]
    subprocess.run(words, check=True, stdout=log, stderr=log, cwd=data, **user)
    words = [
        binaries / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-k",
        data,
        "-c",
        "listen_addresses=127.0.0.1",
    ]
    server = subprocess.Popen(words, stdout=log, stderr=log, cwd=data, **user)
    try:
        ready = [binaries / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
        while subprocess.run(ready, check=False).returncode:
            if server.poll() is not None:
                raise SystemExit("PostgreSQL does not start")
            time.sleep(0.2)
        yield f"postgresql://punchin@127.0.0.1:{port}/postgres", server.pid
    finally:
        server.terminate()
        server.wait(60)
        log.close()
        shutil.rmtree(data, ignore_errors=True)


@contextmanager
def running(folder: Path, database: str, workers: int, poll_s: float) -> Iterator[Bench]:
    """`punchin serve` with so many workers, all of them ready, and ten keys with a song each."""
    folder.mkdir(parents=True)
    port = free_port()
    with ExitStack() as stack:
        address, database_pid = "", 0
        if database == "postgresql":
            address, database_pid = stack.enter_context(postgresql(folder))
        given = {"HOME": folder, "ENGINE": "sleeping", "PORT": port, "API_KEY": KEY, "WORKERS": workers}
        given |= {"DB": address, "GRACE_S": 0, "JOB_LIMIT_S": 3600, "POLL_S": poll_s}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PUNCHIN_")}
        environment |= {f"PUNCHIN_{name}": str(value) for name, value in given.items()}
        path = [str(_engine_in(folder / "engine")), os.environ.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        command = [sys.executable, "-m", "punchin", "serve"]
        pid = stack.enter_context(started(command, environment, folder / "log", port, "/health"))
        deadline = time.monotonic() + READY_S
        while _ready(port) < workers:
            if time.monotonic() > deadline:
                raise SystemExit(f"{workers} workers are not ready after {READY_S:g} s; see {folder / 'log'}")
            time.sleep(0.5)
        from punchin.store import Store

        store = Store.open(address or f"sqlite:///{folder / 'punchin.db'}")
        stack.callback(store.close)
        secrets = tuple(store.create_key(f"key-{number}")[1] for number in range(KEYS))
        client = Client(port)  # the server has closed the one before if all this took five seconds
        songs = tuple(_uploaded(client, port, secret) for secret in secrets)
        yield Bench(port, pid, store, secrets, songs, database_pid)


def _ready(port: int) -> int:
    found = Client(port).ask("GET", "/health")["workers"]
    return sum(worker["state"] == "ready" for worker in found)


def _engine_in(folder: Path) -> Path:
    info = folder / "punchin_sleeping-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: punchin-sleeping\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[punchin.engines]\nsleeping = sleeping:SleepingEngine\n")
    (folder / "sleeping.py").write_text(ENGINE)
    return folder


def _uploaded(client: Client, port: int, secret: str) -> str:
    ticket = client.ask("POST", "/api/v3/media/uploads", {"filename": "song.wav"}, _headers(secret))["data"]
    client.ask("PUT", ticket["upload"]["url"].split(str(port), 1)[1], song(), ticket["upload"]["headers"])
    return ticket["download_url"]


def cpu_s(root: int) -> float:
    """Processor time of a process and all below it, those included that have ended."""
    spent: dict[int, tuple[int, int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            said = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        spent[int(stat.parent.name)] = int(said[1]), sum(int(ticks) for ticks in said[11:15])
    ours = {root}
    while more := {pid for pid, (parent, _) in spent.items() if parent in ours} - ours:
        ours |= more
    return sum(spent[pid][1] for pid in ours if pid in spent) / os.sysconf("SC_CLK_TCK")


def scaling(
    folder: Path, databases: Sequence[str], workers: Sequence[int], cost_s: float, rounds: int, poll_s: float
) -> None:
    print(f"an engine of {cost_s:g} s, {rounds} jobs for each worker, a look every {poll_s:g} s")
    print(
        f"{'database':<12}{'workers':>8}{'jobs/s':>9}{'ideal':>8}{'efficiency':>12}{'submit p50 ms':>15}"
        f"{'p99 ms':>9}{'cpu s/job':>11}{'load':>7}"
    )
    for database in databases:
        for count in workers:
            with running(folder / f"{database}-{count}", database, count, poll_s) as bench:
                _scaling_row(bench, database, count, cost_s, rounds)


def _scaling_row(bench: Bench, database: str, count: int, cost_s: float, rounds: int) -> None:
    client, before_s = Client(bench.port), cpu_s(bench.pid)
    ids = [bench.submit(client, number % KEYS, cost_s, number) for number in range(count * rounds)]
    spent_ms: list[float] = []
    over = threading.Event()

    def ballast() -> None:
        own, number = Client(bench.port), 10_000
        while not over.wait(1 / BALLAST_PER_S):
            began = time.perf_counter()
            bench.submit(own, number % KEYS, cost_s, number)
            spent_ms.append((time.perf_counter() - began) * 1000)
            number += 1

    thread = threading.Thread(target=ballast)
    thread.start()
    try:
        jobs = bench.wait(ids, limit_s=60 + 6 * rounds * cost_s)
    finally:
        over.set()
        thread.join()
    first = min(job.started_at for job in jobs if job.started_at)
    last = max(job.finished_at for job in jobs if job.finished_at)
    took_s, per_job_s = (last - first).total_seconds(), (cpu_s(bench.pid) - before_s) / len(jobs)
    print(
        f"{database:<12}{count:>8}{len(jobs) / took_s:>9.3f}{count / cost_s:>8.2f}"
        f"{rounds * cost_s / took_s:>12.1%}{quantile(spent_ms, 0.5):>15.0f}{quantile(spent_ms, 0.99):>9.0f}"
        f"{per_job_s:>11.2f}{os.getloadavg()[0]:>7.1f}",
        flush=True,
    )


def fairness(folder: Path, databases: Sequence[str], poll_s: float) -> None:
    print(f"\n{KEYS} keys with {FAIR_JOBS} jobs each, one after the other; {FAIR_WORKERS} workers")
    for database in databases:
        with running(folder / f"fair-{database}", database, FAIR_WORKERS, poll_s) as bench:
            client = Client(bench.port)
            owner = {
                bench.submit(client, key, FAIR_COST_S, key * FAIR_JOBS + number): key
                for key in range(KEYS)
                for number in range(FAIR_JOBS)
            }
            jobs = bench.wait(list(owner), limit_s=300)
        begun = sorted(jobs, key=lambda job: job.started_at or job.created_at)
        shares = [0] * KEYS
        for job in begun[: len(begun) // 2]:
            shares[owner[job.id]] += 1
        jain = sum(shares) ** 2 / (KEYS * sum(share**2 for share in shares))
        ahead = max(shares) - min(shares)
        print(
            f"{database:<12} Jain's index {jain:.3f}, foremost key ahead by {ahead} of {FAIR_JOBS} jobs",
            flush=True,
        )


COUNTERS = """
SELECT (SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()),
       (SELECT xact_rollback FROM pg_stat_database WHERE datname = current_database()),
       (SELECT sum(n_tup_ins) FROM pg_stat_user_tables), (SELECT sum(n_tup_upd) FROM pg_stat_user_tables),
       (SELECT sum(n_tup_del) FROM pg_stat_user_tables), (SELECT wal_bytes FROM pg_stat_wal)
"""


def writes(folder: Path, poll_s: float) -> None:
    """PostgreSQL writes its statistics down with a delay of about a second; hence the pauses.

    What only reads is rolled back by SQLAlchemy and counted so by PostgreSQL; DBOS commits also what it read.
    """
    from sqlalchemy import text

    def counters(pause_s: float) -> list[float]:
        time.sleep(pause_s)
        with bench.store.engine.connect() as connection:
            told = map(float, connection.execute(text(COUNTERS)).one())
            return [time.monotonic(), *told, 1000 * cpu_s(bench.database_pid), 1000 * cpu_s(bench.pid)]

    with running(folder / "writes", "postgresql", 1, poll_s) as bench:
        idle = [after - before for before, after in zip(counters(3), counters(20), strict=True)]
        before, client = counters(0), Client(bench.port)
        for seed in range(WRITES_JOBS):
            bench.submit(client, 0, 2.0, seed)
        while (backlog := bench.store.backlog()).waiting + backlog.running:
            time.sleep(1)  # one look a second of ours is among the reads
        busy = [after - start for start, after in zip(before, counters(3), strict=True)]
    names = (
        "",
        "commits",
        "reads",
        "rows inserted",
        "rows updated",
        "rows deleted",
        "log bytes",
        "its cpu ms",
        "our cpu ms",
    )
    print(f"\nPostgreSQL, one worker that looks every {poll_s:g} s, {WRITES_JOBS} jobs of {REPORTS} reports")
    for number, name in enumerate(names[1:], 1):
        rate = idle[number] / idle[0]
        per_job = (busy[number] - rate * busy[0]) / WRITES_JOBS
        print(f"{name:<16} idle, a second: {rate:>8.1f}    beyond that, a job: {per_job:>9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cost", type=float, default=10.0, help="seconds that the engine sleeps in a job")
    parser.add_argument("--rounds", type=int, default=4, help="jobs for each worker")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4, 8])
    parser.add_argument("--poll", type=float, default=0.5, help="PUNCHIN_POLL_S")
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--only", nargs="+", default=["scaling", "fairness", "writes"])
    given = parser.parse_args()
    busy = ", ".join(f"{load:.1f}" for load in os.getloadavg())
    print(f"{os.cpu_count()} cores, load average {busy}\n", flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "scaling" in given.only:
            scaling(folder, given.databases, given.workers, given.cost, given.rounds, given.poll)
        if "fairness" in given.only:
            fairness(folder, given.databases, given.poll)
        if "writes" in given.only:
            writes(folder, given.poll)


if __name__ == "__main__":
    main()

"""Soak: everything that clients do, mixed, against a real `punchin serve` on loopback, for an hour.

    nice -n 5 python bench/soak.py [--minutes 60] [--into build/soak] [--pace 1.0]

Edits in four formats with two engines, uploads in three ways, cancels, bad files, deletes, polls, questions
of the page, songs and webhooks over the guarded door, wrong keys, and two keys that are always over their
limits. Every answer has to be one that the plan explains; edits of lossless songs are compared with their
sources. Every 5 s: memory, handles and threads of each process, the database, what is kept, answers' times.

Leaves in `--into`: `soak.jsonl` (a line for each look), `soak.png`, `summary.json`, and the service's log.
Exit status 1 if something is unexplained, stays behind, was billed otherwise than it was done, or grew by
more than is allowed after the warm-up (a third of the run, 20 minutes at most; in less than 10 minutes no
growth is judged).
Needs Linux, for /proc. Jobs and uploads are kept for 8 minutes here, so that the run reaches a steady state.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parent))
from soak_parts import (
    EVERY_S,
    LEAST_JUDGED_MINUTES,
    Seen,
    Watch,
    growth,
    log_of,
    median_and_p99,
    plot,
    processes_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

OWNER = "the-key-of-whoever-pays-for-this"
RATE_HZ = 44_100
START_S = 180
KEPT_S = 480.0
END_S = 300.0
"""How long what is under way may take to end when the load has stopped."""
EXPLAINED = {
    "failed": "bad files and regions outside of songs",
    "not delivered": "the receiver of webhooks answers 500 to every third first try",
    "outcome was not recorded": "DBOS: a job was cancelled at the moment at which a worker took it",
    "DBOSAwaitedWorkflowCancelledError": "the same, once more with a traceback",
}
FINAL = ("completed", "failed", "cancelled")


def made_song(container: str, subtype: str, duration_s: float = 6.0) -> bytes:
    """Noise under two tones; decodes to something to compare."""
    steps = np.arange(round(duration_s * RATE_HZ)) / RATE_HZ
    tones = np.sin(2 * np.pi * steps[:, None] * np.array([220.0, 330.0]))
    noise = np.random.default_rng(1).normal(0, 0.05, tones.shape)
    file = io.BytesIO()
    soundfile.write(file, (0.2 * tones + noise).clip(-1, 1), RATE_HZ, subtype, format=container)
    return file.getvalue()


def bad_songs(song: bytes) -> dict[str, bytes]:
    """What strangers send instead of songs; each must fail as its own job, with 1401 or 1402."""
    return {
        "empty.wav": b"",
        "page.mp3": b"<!doctype html><title>no song</title>" * 20,
        "cut.wav": song[:38],
        "noise.flac": random.Random(3).randbytes(20_000),
        "marker.flac": b"fLaC" + random.Random(4).randbytes(20_000),
        "frames.mp3": b"\xff\xfb\x90\x64" * 2000,
        "pages.ogg": b"OggS" + bytes(60) + random.Random(5).randbytes(9000),
        "list.m3u": b"#EXTM3U\nhttp://127.0.0.1:1/a.mp3\n",
        "nothing.wav": song[:44],
    }


class Client:
    """One client with one key: asks, times, and calls everything a surprise that was not foreseen."""

    def __init__(self, base: str, secret: str, seen: Seen) -> None:
        headers = {"Authorization": f"Bearer {secret}"} if secret else {}
        self._http = httpx.Client(base_url=base, headers=headers, timeout=150, trust_env=False)
        self.seen = seen

    def ask(self, route: str, method: str, path: str, *expected: int, **more: Any) -> httpx.Response:
        """Ask; `expected` are the statuses that are no surprise, 200 if none is named.

        Raises:
            httpx.TransportError: no answer; told as a surprise already.
        """
        began = time.perf_counter()
        try:
            answer = self._http.request(method, path, **more)
        except httpx.TransportError as error:
            self.seen.answered(route, type(error).__name__, (time.perf_counter() - began) * 1000)
            self.seen.surprise(f"{method} {path[:120]}: {error!r}")
            raise
        self.seen.answered(route, answer.status_code, (time.perf_counter() - began) * 1000)
        if answer.status_code not in (expected or (200,)):
            self.seen.surprise(f"{method} {path[:120]}: {answer.status_code} {answer.text[:300]}")
        return answer

    def close(self) -> None:
        """Drop what is kept open."""
        self._http.close()


class Receiver:
    """Another server on this machine: has a song, and takes webhooks, every third not at once."""

    def __init__(self, song: bytes) -> None:
        self.tries: Counter[str] = Counter()
        self.delivered: Counter[str] = Counter()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say(200, song, "audio/wav")

            def do_POST(self) -> None:
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer.tries[said["id"]] += 1
                refused = said["id"][0] in "01234" and outer.tries[said["id"]] == 1
                if not refused:
                    outer.delivered[said["id"]] += 1
                self._say(500 if refused else 204, b"", "text/plain")

            def _say(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Load:
    """What all actors share.

    Attributes:
        base: the service's address.
        keys: secrets by name: studio, guest (few jobs a minute), crowd (few that wait).
        receiver: the other server.
        seen: where outcomes go.
        pace: above 1 everything happens less often.
        over: set when the load ends.
        hooked: jobs whose webhooks must arrive.
        completed: jobs that ended well, of each key.
    """

    base: str
    keys: dict[str, str]
    receiver: Receiver
    seen: Seen
    pace: float
    over: threading.Event = field(default_factory=threading.Event)
    hooked: set[str] = field(default_factory=set)
    completed: Counter[str] = field(default_factory=Counter)
    songs: dict[str, bytes] = field(default_factory=dict)
    bad: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name, container, subtype in (
            ("song.wav", "WAV", "PCM_16"),
            ("song.flac", "FLAC", "PCM_16"),
            ("song.mp3", "MP3", "MPEG_LAYER_III"),
            ("song.ogg", "OGG", "VORBIS"),
        ):
            self.songs[name] = made_song(container, subtype)
        self.bad = bad_songs(self.songs["song.wav"])

    def submitted(
        self, client: Client, audio: str, engine: str, *expected: int, hook: bool = False, **more: Any
    ) -> dict[str, Any] | None:
        """Submit an edit: the task, or None where it was refused."""
        body = {"audio": audio, "tags": "lofi, warm", "start_time": 2, "end_time": 3.5, "seed": 7} | more
        path = f"/api/v3/punchin/{engine}/audio-inpaint"
        if hook:
            path += f"?webhook=http://{self.receiver.address}/hook"
        route = "submit and wait" if more.get("enable_sync_mode") else "submit"
        answer = client.ask(route, "POST", path, *(expected or (200,)), json=body)
        if answer.status_code != 200:
            return None
        task = answer.json()["data"]
        self.seen.count("jobs accepted")
        if hook:
            self.hooked.add(task["id"])
        return task

    def ended(self, client: Client, key: str, job_id: str) -> dict[str, Any]:
        """Poll until a job is over; it is never deleted before that here, so 404 is a surprise."""
        deadline = time.monotonic() + END_S
        while True:
            job = client.ask("job", "GET", f"/v1/jobs/{job_id}").json()
            if job.get("state") in FINAL:
                code = f" {job['failure']['code']}" if job["failure"] else ""
                self.seen.count(f"jobs {job['state']}{code}")
                self.completed[key] += job["state"] == "completed"
                return job
            if time.monotonic() > deadline:
                self.seen.surprise(f"job {job_id} is not over after {END_S:g} s: {job}")
                return job
            time.sleep(0.3)


def sent(client: Client, dice: random.Random, name: str, content: bytes) -> str:
    """Upload in one of three ways; the address for `audio`."""
    way = dice.choice(("ticket", "form", "tus") if content else ("ticket",))
    if way == "form":
        answer = client.ask("upload", "POST", "/api/v3/media/upload/binary", files={"file": (name, content)})
        return answer.json()["data"]["download_url"]
    if way == "ticket":
        ticket = client.ask("ticket", "POST", "/api/v3/media/uploads", json={"filename": name}).json()["data"]
        upload = ticket["upload"]
        client.ask("upload", "PUT", upload["url"], 200, content=content, headers=upload["headers"])
        return ticket["download_url"]
    body = {"filename": name, "bytes": len(content)}
    place = client.ask("ticket", "POST", "/v1/uploads", json=body).json()["address"]
    half = dice.randrange(1, len(content))
    for start, part in ((0, content[:half]), (half, content[half:])):
        headers = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        answer = client.ask("upload", "PATCH", place, 200, 204, content=part, headers=headers)
    return answer.json()["audio"]


def untouched(source: bytes, output: bytes) -> bool:
    """Whether an edit from 2 to 3.5 s left everything else as it was, as libsndfile decodes both."""
    before, rate_hz = soundfile.read(io.BytesIO(source), dtype="int32")
    after, _ = soundfile.read(io.BytesIO(output), dtype="int32")
    start, end = 2 * rate_hz, 7 * rate_hz // 2
    return before.shape == after.shape and bool(
        (before[:start] == after[:start]).all() and (before[end:] == after[end:]).all()
    )


def edit(load: Load, client: Client, dice: random.Random) -> None:
    """The usual: send, submit, wait, download, look; two of three are deleted afterwards."""
    name = dice.choice(list(load.songs))
    fetched = dice.random() < 0.2
    audio = (
        f"http://{load.receiver.address}/song.wav" if fetched else sent(client, dice, name, load.songs[name])
    )
    source = load.songs["song.wav" if fetched else name]
    hook = dice.random() < 0.25
    engine = dice.choices(("tone", "embedded"), (4, 1))[0]
    task = load.submitted(
        client,
        audio,
        engine,
        hook=hook,
        enable_sync_mode=dice.random() < 0.3,
        takes=dice.choice((1, 1, 1, 2)),
    )
    if task is None:
        return
    job = load.ended(client, "studio", task["id"])
    if job["state"] != "completed":
        load.seen.surprise(f"a good edit of {name} by {engine}: {job['failure']}")
        return
    output = client.ask("download", "GET", job["outputs"][0]["url"]).content
    if (fetched or name.endswith(("wav", "flac"))) and not untouched(source, output):
        load.seen.surprise(f"job {task['id']}: {name} changed outside of its region")
    if dice.random() < 0.3:
        client.ask("receipts", "GET", f"/v1/jobs/{task['id']}/receipts")
    if not hook and dice.random() < 2 / 3:
        client.ask("delete", "DELETE", f"/v1/jobs/{task['id']}")
        client.ask("job", "GET", f"/v1/jobs/{task['id']}", 404)
        client.ask("download", "GET", job["outputs"][0]["url"], 404)


def cancel(load: Load, client: Client, dice: random.Random) -> None:
    """Cancelled while waiting, at work or too late; and deleted at work, which cancels too."""
    audio = sent(client, dice, "song.wav", load.songs["song.wav"])
    task = load.submitted(client, audio, dice.choice(("tone", "embedded")), start_time=0.5, end_time=5.5)
    if task is None:
        return
    time.sleep(dice.uniform(0, 2.0))
    if dice.random() < 0.25:
        client.ask("delete", "DELETE", f"/v1/jobs/{task['id']}")
        client.ask("job", "GET", f"/v1/jobs/{task['id']}", 404)
        load.seen.count("jobs deleted at work")
        return
    client.ask("cancel", "POST", f"/v1/jobs/{task['id']}/cancel")
    job = load.ended(client, "studio", task["id"])
    if job["state"] == "failed":
        load.seen.surprise(f"a cancelled job: {job['failure']}")


def bad(load: Load, client: Client, dice: random.Random) -> None:
    """A file that is no song, or a region outside of one."""
    name = dice.choice([*load.bad, "outside", "never sent"])
    region: dict[str, Any] = {}
    if name == "outside":
        audio = sent(client, dice, "song.wav", load.songs["song.wav"])
        region = {"start_time": 50, "end_time": 60}
    elif name == "never sent":
        body = {"filename": "song.wav"}
        ticket = client.ask("ticket", "POST", "/api/v3/media/uploads", json=body)
        audio = ticket.json()["data"]["download_url"]
    else:
        audio = sent(client, dice, name, load.bad[name])
        client.ask("about", "GET", "/v1/sounds/about", 400, 503, params={"of": audio})
    task = load.submitted(client, audio, "tone", **region)
    if task is None:
        return
    job = load.ended(client, "studio", task["id"])
    if job["state"] != "failed" or job["failure"]["code"] not in (1401, 1402):
        load.seen.surprise(f"{name}: {job['state']} {job['failure']}")


def over_its_limits(key: str, engine: str, burst: int) -> Callable[[Load, Client, random.Random], None]:
    """A key that always asks for more than it may: the surplus is 429, the rest is done."""

    def flood(load: Load, client: Client, dice: random.Random) -> None:
        audio = sent(client, dice, "song.flac", load.songs["song.flac"])
        tasks = [load.submitted(client, audio, engine, 200, 429) for _ in range(burst)]
        mine = [task["id"] for task in tasks if task]
        for job_id in mine[::3]:
            client.ask("cancel", "POST", f"/v1/jobs/{job_id}/cancel")
        for job_id in mine:
            job = load.ended(client, key, job_id)
            if job["state"] == "failed":
                load.seen.surprise(f"a job of {key}: {job['failure']}")
        if mine:
            client.ask("delete", "POST", "/api/v3/predictions/delete", json={"ids": mine})

    return flood


def ask_around(load: Load, client: Client, dice: random.Random) -> None:
    """What the page and operators ask, and what strangers try."""
    stranger = Client(load.base, "no-key-of-this-server-at-all", load.seen)
    anybody = Client(load.base, "", load.seen)
    try:
        for path in ("/health", "/ready", "/metrics"):
            anybody.ask("operating", "GET", path)
        client.ask("history", "GET", "/v1/jobs?page_size=50")
        client.ask("models", "GET", "/api/v3/models")
        client.ask("me", "GET", "/v1/me")
        for wrong in (stranger, anybody):
            wrong.ask("refused", "GET", "/v1/jobs", 401)
        client.ask("refused", "GET", f"/v1/jobs/{dice.randbytes(16).hex()}", 404)
        client.ask("refused", "POST", "/api/v3/wavespeed-ai/ace-step/audio-inpaint", 400, content=b"{")
        client.ask("refused", "POST", "/api/v3/media/uploads", 400, 422, json={"filename": 7})
        anybody.ask("refused", "GET", f"/files/1.{'a' * 43}/up/{'0' * 32}/song.wav", 403, 404)
        name = dice.choice(list(load.songs))
        audio = sent(client, dice, name, load.songs[name])
        for question in ("about", "beats"):
            client.ask("sounds", "GET", f"/v1/sounds/{question}", 200, 503, params={"of": audio})
        client.ask("sounds", "GET", "/v1/sounds/peaks", 200, 503, params={"of": audio, "per_s": 50})
        ranged = anybody.ask("download", "GET", audio, 206, headers={"Range": "bytes=0-99"})
        if ranged.content != load.songs[name][:100]:
            load.seen.surprise(f"a range of {name} is other bytes")
    finally:
        stranger.close()
        anybody.close()


ACTORS: tuple[tuple[str, Callable[[Load, Client, random.Random], None], float], ...] = (
    ("studio", edit, 2.5),
    ("studio", edit, 2.5),
    ("studio", cancel, 5.0),
    ("studio", bad, 4.0),
    ("guest", over_its_limits("guest", "tone", 12), 15.0),
    ("crowd", over_its_limits("crowd", "embedded", 6), 30.0),
    ("studio", ask_around, 6.0),
)
"""Whose key, what it does, and how many seconds it waits in the mean between two times."""


def act(load: Load, number: int) -> None:
    """One actor, until the load is over."""
    key, step, pause_s = ACTORS[number]
    dice = random.Random(number)
    client = Client(load.base, load.keys[key], load.seen)
    try:
        while not load.over.wait(dice.expovariate(1 / (pause_s * load.pace))):
            try:
                step(load, client, dice)
            except httpx.TransportError:
                pass  # told where it happened
            except Exception as error:  # noqa: BLE001 - an actor that dies would make the load lighter
                load.seen.surprise(f"{step.__name__}: {error!r}")
    finally:
        client.close()


@contextmanager
def served(folder: Path, receiver: Receiver, log: Path) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """`punchin serve` in a session of its own; killed at the end if it does not end by itself."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    settings = {
        "HOME": folder / "home",
        "PORT": port,
        "API_KEY": OWNER,
        "ENGINE": "tone",
        "WORKERS": 2,
        "NSFW": "off",
        "RETENTION_DAYS": KEPT_S / 86_400,
        "TRUSTED_HOSTS": receiver.address,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PUNCHIN_")}
    environment |= {f"PUNCHIN_{name}": str(value) for name, value in settings.items()}
    environment |= {"TMPDIR": str(folder / "tmp"), "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    (folder / "home").mkdir()
    (folder / "tmp").mkdir()
    command = [sys.executable, "-m", "punchin", "serve"]
    with log.open("wb") as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=said, start_new_session=True)
    try:
        base = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + START_S
        while not _ready(base):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"punchin serve does not start: {log.read_text()[-2000:]}")
            time.sleep(0.2)
        yield process, base
    finally:
        for pid in processes_of(process.pid):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def _ready(base: str) -> bool:
    with suppress(httpx.TransportError):
        return httpx.get(f"{base}/ready", timeout=5, trust_env=False).status_code == 200
    return False


def keys_in(home: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Three keys: their secrets and their ids, by name."""
    from punchin.settings import Settings
    from punchin.store import Limits, Store

    store = Store.open(Settings(home=home).db_address)
    secrets, ids = {}, {}
    for name, limits in (
        ("studio", Limits()),
        ("guest", Limits(rate_per_minute=20, max_running=1)),
        ("crowd", Limits(max_queued=2, max_running=1)),
    ):
        key, secrets[name] = store.create_key(name, limits=limits)
        ids[name] = key.id
    store.close()
    return secrets, ids


def ended_quietly(load: Load, home: Path, ids: dict[str, str]) -> dict[str, Any]:
    """Wait until all is over, then compare the books with what the actors saw."""
    from punchin.settings import Settings
    from punchin.store import Store

    store = Store.open(Settings(home=home).db_address)
    try:
        deadline = time.monotonic() + END_S
        while store.open_jobs() or load.hooked - set(load.receiver.delivered):
            if time.monotonic() > deadline:
                open_jobs = [job.id for job in store.open_jobs()]
                missing = sorted(load.hooked - set(load.receiver.delivered))
                load.seen.surprise(f"after {END_S:g} s open jobs {open_jobs}, messages missing {missing}")
                break
            time.sleep(0.5)
        billed = {name: store.usage_stats(key_id).completed for name, key_id in ids.items()}
    finally:
        store.close()
    twice = [job for job, count in load.receiver.delivered.items() if count > 1]
    if twice:
        load.seen.surprise(f"delivered twice although the first was answered: {twice}")
    deleted = load.seen.outcomes["jobs deleted at work"]
    for name, count in billed.items():
        # A job that was deleted while its last step was written is over and billed, and nobody saw its end.
        more = deleted if name == "studio" else 0
        if not load.completed[name] <= count <= load.completed[name] + more:
            load.seen.surprise(f"{name}: {count} jobs billed, {load.completed[name]} seen completed")
    return {"billed": billed, "seen_completed": dict(load.completed)}


def left_behind(folder: Path) -> list[str]:
    """Files that only work in progress has: in the workers' folders, in the making, in the system's place."""
    home = folder / "home"
    places = (home / "work", home / "files" / "incoming", home / "heard" / "scratch", folder / "tmp")
    found = [path for place in places for path in place.rglob("*") if path.is_file()]
    found += [path for path in home.rglob("*.part") if path not in found]
    found += [path for path in (home / "files").rglob("*#*") if path not in found]
    return sorted(str(path.relative_to(folder)) for path in found)


def run(minutes: float, into: Path, pace: float) -> dict[str, Any]:
    """The whole soak; gives the summary."""
    into.mkdir(parents=True, exist_ok=True)
    for old in ("soak.jsonl", "soak.png", "summary.json"):
        (into / old).unlink(missing_ok=True)
    seen = Seen()
    receiver = Receiver(made_song("WAV", "PCM_16"))
    folder = Path(tempfile.mkdtemp(prefix="punchin-soak-"))
    began_cpu = os.times()
    try:
        with served(folder, receiver, into / "service.log") as (process, base):
            secrets, ids = keys_in(folder / "home")
            load = Load(base, secrets, receiver, seen, pace)
            watch = Watch(process.pid, folder / "home", seen, into / "soak.jsonl")
            under_load(load, watch, minutes)
            books = ended_quietly(load, folder / "home", ids)
            watch.look()
            process.terminate()
            books["exit_status"] = process.wait(60)
            books["processes_left"] = len(processes_of(process.pid))
        books["left_behind"] = left_behind(folder)
    finally:
        receiver.close()
        shutil.rmtree(folder, ignore_errors=True)
    spent_s = sum(os.times()[2:4]) - sum(began_cpu[2:4])
    summary = summed_up(watch, minutes, books, into) | {"cpu_s_of_the_service": round(spent_s, 1)}
    (into / "summary.json").write_text(json.dumps(summary, indent=1) + "\n")
    return summary


def under_load(load: Load, watch: Watch, minutes: float) -> None:
    """All actors for so long, with a look every five seconds."""
    actors = [threading.Thread(target=act, args=(load, number)) for number in range(len(ACTORS))]
    for actor in actors:
        actor.start()
    end = time.monotonic() + 60 * minutes
    try:
        while (left_s := end - time.monotonic()) > 0:
            watch.look()
            time.sleep(min(EVERY_S, left_s))
    finally:
        load.over.set()
    for actor in actors:
        actor.join(2 * END_S)
        if actor.is_alive():
            load.seen.surprise("an actor hangs")


def summed_up(watch: Watch, minutes: float, books: dict[str, Any], into: Path) -> dict[str, Any]:
    """What is told at the end, and whether it is good."""
    seen, warm_s = watch.seen, min(1200.0, 20 * minutes)
    judged = minutes >= LEAST_JUDGED_MINUTES
    rows = growth(watch.samples, warm_s) if judged else []
    grown = [row for row in rows if row["per_hour"] > row["allowed"]]
    events, said = log_of(into / "service.log", EXPLAINED)
    plot(watch.samples, warm_s, into / "soak.png")
    times = {route: [len(ms), *median_and_p99(ms)] for route, ms in sorted(seen.spent_ms.items())}
    good = not (seen.surprises or said or grown or books["left_behind"] or books["processes_left"])
    return {
        "good": good and books["exit_status"] == 0,
        "minutes": minutes,
        "cores": os.cpu_count(),
        "load_average": [sample["load"] for sample in watch.samples[:: max(1, len(watch.samples) // 12)]],
        "outcomes": dict(sorted(seen.outcomes.items())),
        "count_p50_p99_ms": {route: [n, round(a, 1), round(b, 1)] for route, (n, a, b) in times.items()},
        "growth_after_warm_up": rows if judged else "not judged: the run is too short",
        "grown_too_much": grown,
        "log": dict(events),
        "unexplained": seen.surprises[:50],
        "unexplained_in_log": said[:20],
        **books,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--minutes", type=float, default=60.0, help="of load")
    parser.add_argument("--into", type=Path, default=Path("build/soak"), help="where everything goes")
    parser.add_argument("--pace", type=float, default=1.0, help="above 1 all happens less often")
    given = parser.parse_args()
    summary = run(given.minutes, given.into, given.pace)
    print(json.dumps(summary, indent=1))
    raise SystemExit(not summary["good"])


if __name__ == "__main__":
    main()

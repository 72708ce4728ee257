"""Every hostile file through the whole service: a take or a clear sentence each, and nothing dies."""

import time
from contextlib import contextmanager

import httpx
import pytest

from support.hostile_files import EDITED, HOSTILE, bytes_of
from support.running import SECRET, end, free_port, wait_until_ready
from support.services import running_service
from support.songs import made_song, wav_of

MODEL = "punchin/tone/audio-inpaint"
SONG_CPU_S, SONG_MEMORY_MB = 10, 1000
"""For one file, as in `test_hostile_files`."""
ALL_S = 300
"""For all files together: a hang, not a busy machine."""
CANNOT, UNREADABLE = 1401, 1402
ENDS_EARLY = {"damaged.flac"}
"""Shorter than the region: the service takes the song's end for the region's, library and command refuse."""


@contextmanager
def serving(home):
    """`punchin serve` with one worker, and a client of it."""
    port = free_port()
    chosen = {"host": "127.0.0.1", "port": port, "song_cpu_s": SONG_CPU_S, "song_memory_mb": SONG_MEMORY_MB}
    with running_service(home, api_key=SECRET, **chosen) as service:
        process = service.start("serve")
        base = f"http://127.0.0.1:{port}"
        wait_until_ready(base, [process], home / "log.txt")
        headers = {"Authorization": f"Bearer {service.secret}"}
        with httpx.Client(base_url=base, headers=headers, timeout=60, trust_env=False) as api:
            yield service, api
        process.terminate()
        end(process)


def submitted(api, name, content, *, whole=False):
    """Upload a file and ask for an edit of it; gives the job's id."""
    sent = api.post("/api/v3/media/upload/binary", files={"file": (name, content)})
    assert sent.status_code == 200, (name, sent.text)
    place = {"start_time": 0, "end_time": 240} if whole else {"start_time": 0.3, "end_time": 0.6}
    asked = place | {"audio": sent.json()["data"]["download_url"], "tags": "lofi", "seed": 1}
    answer = api.post(f"/api/v3/{MODEL}", json=asked)
    assert answer.status_code == 200, (name, answer.text)
    return answer.json()["data"]["id"]


def result(api, job):
    return api.get(f"/api/v3/predictions/{job}/result").json()["data"]


def ended(api, jobs):
    """What became of these jobs: results by name."""
    found, deadline = {}, time.monotonic() + ALL_S
    while len(found) < len(jobs):
        assert time.monotonic() < deadline, f"not over: {sorted(jobs.keys() - found.keys())}"
        for name, job in jobs.items():
            if name not in found and (task := result(api, job))["status"] in {"completed", "failed"}:
                found[name] = task
            elif name not in found:
                time.sleep(0.2)  # one worker takes them in their order
                break
    return found


@pytest.mark.slow
def test_every_file_through_the_service(tmp_path):
    with serving(tmp_path) as (service, api):
        worker = service.worker_pids()
        jobs = {each.name: submitted(api, each.name, bytes_of(each), whole=each.whole) for each in HOSTILE
                if len(bytes_of(each)) > 0}  # fmt: skip
        tasks = ended(api, jobs)
        wrong = [line for each in HOSTILE if each.name in tasks for line in oddities(each, tasks[each.name])]
        assert not wrong, "\n".join(wrong)
        assert service.worker_pids() == worker, "the worker died"
        song = wav_of(made_song(1.0, 8_000), tmp_path / "good.wav").read_bytes()
        good = {"good": submitted(api, "good.wav", song)}
        task = ended(api, good)["good"]
        assert task["status"] == "completed", task
        assert api.get(task["outputs"][0]).status_code == 200


def oddities(hostile, task):
    """What is not as it should be with the result of one file, a line each."""
    told = f"{hostile.name}: {task['status']} {task.get('code')} {task.get('error')}"
    if hostile.becomes == EDITED or hostile.name in ENDS_EARLY:
        if task["status"] != "completed":
            yield told
        elif not all(take["proof"]["identical"] for take in task["punchin"]["takes"]):
            yield f"{told}: not proved"
        return
    if task["status"] != "failed" or task["code"] not in {CANNOT, UNREADABLE}:
        yield told
    elif hostile.says not in task["error"]:
        yield f"{told}: does not say {hostile.says!r}"
    elif len(task["error"]) > 400 or "Traceback" in task["error"] or "\n" in task["error"]:
        yield f"{told}: not clear"

"""The real service on loopback: the API and one worker as processes, with the tone engine."""

import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from punchin.dispatch import prepare
from punchin.settings import Settings
from punchin.store import Store, migrate

SECRET = "a-key-for-tests-only"
START_S = 240


@dataclass
class Running:
    """A running service: where it is, and its key."""

    base: str
    key: str
    home: Path

    def api(self, **more):
        headers = {"Authorization": f"Bearer {self.key}"}
        return httpx.Client(base_url=self.base, headers=headers, timeout=120, trust_env=False, **more)


@contextmanager
def running(home, **settings):
    """Start the processes, wait until a worker is ready, and end them afterwards.

    The ledger is prepared here as the supervisor does it.
    """
    port = free_port()
    chosen = Settings(home=home, engine="tone", port=port, **settings)
    migrate(chosen.db_address)
    store = Store.open(chosen.db_address)
    prepare(store.engine, chosen.poll_s)
    store.create_key("tests", secret=SECRET)
    store.close()
    given = {"home": str(home), "engine": "tone", "port": str(port)}
    given |= {name: str(value) for name, value in settings.items()}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PUNCHIN_")}
    environment |= {f"PUNCHIN_{name.upper()}": value for name, value in given.items()}
    processes = []
    with (home / "log").open("wb") as log:
        try:
            for words in (["api"], ["worker"]):
                command = [sys.executable, "-m", "punchin", *words]
                processes.append(subprocess.Popen(command, env=environment, stdout=log, stderr=log))
            base = f"http://127.0.0.1:{port}"
            wait_until_ready(base, processes, home / "log")
            yield Running(base, SECRET, home)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                end(process)


def end(process):
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(base, processes, log):
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        assert all(process.poll() is None for process in processes), log.read_text()
        try:
            if httpx.get(f"{base}/ready", timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise AssertionError(f"the service is not ready after {START_S} s: {log.read_text()}")


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]

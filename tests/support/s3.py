"""An S3 server of our own on loopback: moto's, a process that speaks the protocol and keeps files in memory.

It checks no signatures' secrets, so what is shown with it is the way of the bytes, not who may read them.
Fixtures, for test files that import both: `store_server`, `bucket`.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import httpx
import pytest

from support.running import free_port

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

START_S = 60
BUCKET = "songs"


@cache
def program() -> tuple[str, ...]:
    """The command of the server, or ()."""
    if importlib.util.find_spec("moto") and importlib.util.find_spec("flask"):
        return (sys.executable, "-m", "moto.server")
    found = shutil.which("moto_server")
    return (found,) if found else ()


def missing() -> str:
    """Why there is no S3 server for tests, or ""."""
    return "" if program() else "no S3 server here: pip install 'moto[server]'"


@dataclass(frozen=True)
class S3:
    """A server that runs, with an empty bucket.

    Attributes:
        endpoint: its address.
        process: its process.
    """

    endpoint: str
    process: subprocess.Popen[bytes]
    address: str = f"s3://{BUCKET}/punchin"

    @property
    def environment(self) -> dict[str, str]:
        """What processes that use it must have in their environment."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": "tests",
            "AWS_SECRET_ACCESS_KEY": "tests",
            "AWS_REGION": "us-east-1",
        }

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="module")
def store_server(tmp_path_factory: pytest.TempPathFactory) -> Generator[S3]:
    """A server for the tests of one file."""
    if why := missing():
        pytest.skip(why)
    found = started(tmp_path_factory.mktemp("s3") / "log")
    yield found
    found.end()


@pytest.fixture
def bucket(store_server: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of its file store, with its keys in the environment."""
    for name, value in store_server.environment.items():
        monkeypatch.setenv(name, value)
    return store_server.address


def started(log: Path, *, host: str = "127.0.0.1", before: Sequence[str] = ()) -> S3:
    """Start a server and make the bucket; whoever calls this ends it.

    Args:
        log: a file for what it says.
        host: the address that it listens at, and is asked at.
        before: words in front of its command, as those that run it in another network.
    """
    port = free_port()
    with log.open("wb") as into:
        process = subprocess.Popen(
            [*before, *program(), "-H", host, "-p", str(port)],
            stdout=into,
            stderr=into,
            env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
        )
    endpoint = f"http://{host}:{port}"
    deadline = time.monotonic() + START_S
    while True:
        try:
            made = httpx.put(f"{endpoint}/{BUCKET}", timeout=5, trust_env=False)
            assert made.status_code == 200, made.text
            return S3(endpoint, process)
        except httpx.TransportError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)

"""Clients that keep submitting, whatever happens to the service, and remember what they were told."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

SUBMIT = "/api/v3/punchin/tone/audio-inpaint"
BODY = {"start_time": 0.2, "end_time": 0.7, "tags": "x"}


@dataclass
class Submitter:
    """Submits one job after the other, each under a name of its own until it is accepted.

    Attributes:
        bases: addresses of the API; the next one is asked when one does not answer.
        secret: of its key.
        song: what `audio` says.
        pause_s: between two requests.
        answer_s: how long it waits for an answer.
        ids: of the accepted jobs.
        refusals: status and Retry-After of every other answer.
        unanswered: requests that got no answer at all.
    """

    bases: tuple[str, ...]
    secret: str
    song: str
    pause_s: float = 0.1
    answer_s: float = 30.0
    ids: list[str] = field(default_factory=list)
    refusals: list[tuple[int, str]] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)

    @contextmanager
    def submitting(self) -> Generator[None]:
        """Submit, beside the block."""
        enough = Event()
        thread = Thread(target=self._submit_until, args=(enough,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            enough.set()
            thread.join()

    def _submit_until(self, enough: Event) -> None:
        with httpx.Client(timeout=self.answer_s, trust_env=False) as http:
            while not enough.wait(self.pause_s):
                base = self.bases[len(self.unanswered) % len(self.bases)]
                headers = {
                    "Authorization": f"Bearer {self.secret}",
                    "Idempotency-Key": f"{id(self)}-{len(self.ids)}",
                }
                try:
                    answer = http.post(f"{base}{SUBMIT}", json=BODY | {"audio": self.song}, headers=headers)
                except httpx.HTTPError as error:
                    self.unanswered.append(repr(error))
                    continue
                if answer.status_code == 200:
                    self.ids.append(answer.json()["data"]["id"])
                else:
                    self.refusals.append((answer.status_code, answer.headers.get("retry-after", "")))


def uploaded(base: str, secret: str, song: Path, limit_s: float = 60.0) -> str:
    """Send a song, as soon as the API is there; gives its address."""
    deadline = time.monotonic() + limit_s
    while True:
        try:
            answer = httpx.post(
                f"{base}/api/v3/media/upload/binary",
                files={"file": ("song.wav", song.read_bytes())},
                headers={"Authorization": f"Bearer {secret}"},
                timeout=30,
                trust_env=False,
            )
        except httpx.TransportError:
            assert time.monotonic() < deadline, f"no API at {base}"
            time.sleep(0.1)
            continue
        assert answer.status_code == 200, answer.text
        return str(answer.json()["data"]["download_url"])

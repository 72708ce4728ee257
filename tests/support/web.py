"""What tests of the API need: a server in this process, and a worker that finishes jobs by a word.

A conftest.py imports the fixtures: `ledger`, `quiet`, `serve`, `served`.
"""

import shutil
import warnings
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass, field

import pytest
import structlog

from punchin.job import Failure, JobResult, Output
from punchin.settings import Settings
from punchin.store import Store, WorkerState, migrate
from punchin.web import create_app
from punchin.web.wire import HOSTED_MODEL

with warnings.catch_warnings():
    # Starlette would rather have httpx2 under its test client; it works with httpx as well.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

SECRET = "a-key-for-tests-only"
SUBMIT = f"/api/v3/{HOSTED_MODEL}"
GOOD = {"audio": "https://example.org/song.wav", "tags": "lofi, chill"}
SOUND = bytes(range(256)) * 40
ENGINES = [
    {
        "name": "tone",
        "version": "1",
        "summary": "A tone.",
        "available": True,
        "auto": True,
        "honours": ["tags"],
    },
    {"name": "far", "available": False, "why": "no weights"},
]


@dataclass
class Line:
    """A dispatcher that only remembers."""

    waiting: list = field(default_factory=list)
    cancelled: list = field(default_factory=list)

    def enqueue(self, session, job):
        self.waiting.append(job.id)

    def cancel(self, job_id):
        self.cancelled.append(job_id)


class Served:
    """A server in this process: `api` asks with a key, `bare` without."""

    def __init__(self, home, ledger, **settings):
        self.settings = Settings(home=home, **settings)
        home.mkdir(exist_ok=True)
        shutil.copy(ledger, home / "punchin.db")
        store = Store.open(self.settings.db_address)
        self.key, _ = store.create_key("tests", secret=SECRET)
        store.heartbeat("w-0", WorkerState.READY, None, "tone", ENGINES)
        store.close()
        self.line = Line()
        self.app = create_app(self.settings, dispatcher=self.line)
        self.front = self.app.state.front
        self.store, self.files = self.front.store, self.front.files
        self.bare = self.client()
        self.api = self.client(SECRET)

    def client(self, secret=None, **headers):
        if secret:
            headers["Authorization"] = f"Bearer {secret}"
        return TestClient(self.app, headers=headers, raise_server_exceptions=False)

    def other_key(self, name="other", secret="another-key-of-16", **more):
        self.store.create_key(name, secret=secret, **more)
        return self.client(secret)

    def submit(self, api=None, **fields):
        answer = (api or self.api).post(SUBMIT, json=GOOD | fields)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]["id"]

    def count(self):
        return len(self.store.history(None, page_size=100).items)

    def begin(self, job_id, attempt="a"):
        self.store.begin(job_id, attempt)

    def finish(self, job_id, content=SOUND, *, flagged=False, seconds=6.5, names=("song.punched.wav",)):
        self.begin(job_id)
        outputs = []
        for name in names:
            key = f"out/{job_id}/a/{name}"
            self.files.put(key, content)
            outputs.append(Output(key, name, len(content), "audio/wav"))
        report = {"engine": "tone", "takes": [{"receipt": {"version": 1}}], "timings_ms": {"fill": 12.0}}
        result = JobResult(tuple(outputs), (flagged,) * len(outputs), seconds, 1234, report)
        self.store.finish(job_id, "a", result, "0.0013")

    def fail(self, job_id, code=1402, message="the song cannot be read"):
        self.begin(job_id)
        self.store.fail(job_id, "a", Failure(code, message))

    def result(self, job_id, api=None):
        return (api or self.api).get(f"/api/v3/predictions/{job_id}/result").json()["data"]

    @contextmanager
    def again(self):
        """A second server with the same home: another process of the API, or this one after a restart."""
        app = create_app(self.settings, dispatcher=self.line)
        other = copy(self)
        other.app, other.front = app, app.state.front
        other.store, other.bare = other.front.store, other.client()
        other.api = other.client(SECRET)
        yield other
        other.close()

    def close(self):
        self.front.listening.close()
        self.store.close()


@pytest.fixture(scope="session")
def ledger(tmp_path_factory):
    """An empty ledger; its tables take longer to make than most tests to run, so they are made once."""
    path = tmp_path_factory.mktemp("ledger") / "punchin.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture(autouse=True)
def quiet():
    """The log goes nowhere: drawing one traceback for a terminal takes ten seconds."""
    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def serve(tmp_path, ledger):
    """Makes servers in this process."""
    made = []

    def make(**settings):
        made.append(Served(tmp_path / str(len(made)), ledger, **settings))
        return made[-1]

    yield make
    for server in made:
        server.close()


@pytest.fixture
def served(serve):
    """One with the settings that there are by default."""
    return serve()

"""Servers in this process, and one with its processes."""

import pytest
import structlog

from support.running import running
from support.web import Served, make_ledger


@pytest.fixture(scope="session")
def ledger(tmp_path_factory):
    return make_ledger(tmp_path_factory.mktemp("ledger") / "punchin.db")


@pytest.fixture
def serve(tmp_path, ledger):
    """Makes servers in this process; their log goes nowhere."""
    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    made = []

    def make(**settings):
        made.append(Served(tmp_path / str(len(made)), ledger, **settings))
        return made[-1]

    yield make
    for server in made:
        server.close()
    structlog.reset_defaults()


@pytest.fixture
def served(serve):
    return serve()


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """The API and a worker as processes."""
    with running(tmp_path_factory.mktemp("service")) as found:
        yield found

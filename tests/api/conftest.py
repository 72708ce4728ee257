import pytest
import structlog

from support.web import Served, make_ledger


@pytest.fixture(scope="session")
def ledger(tmp_path_factory):
    return make_ledger(tmp_path_factory.mktemp("ledger") / "punchin.db")


@pytest.fixture(autouse=True)
def quiet():
    """The log goes nowhere: drawing one traceback for a terminal takes ten seconds."""
    structlog.configure(processors=[lambda *_: ""], logger_factory=structlog.ReturnLoggerFactory())
    yield
    structlog.reset_defaults()


@pytest.fixture
def served(tmp_path, ledger):
    server = Served(tmp_path, ledger)
    yield server
    server.close()


@pytest.fixture
def serve(tmp_path, ledger):
    """Makes servers with other settings."""
    made = []

    def make(**settings):
        made.append(Served(tmp_path / str(len(made)), ledger, **settings))
        return made[-1]

    yield make
    for server in made:
        server.close()

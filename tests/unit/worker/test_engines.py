"""What a worker tells of its engines."""

from types import SimpleNamespace

import pytest

from punchin.engines.tone import ToneEngine
from punchin.errors import EngineUnavailable
from punchin.worker import engines
from punchin.worker.engines import WarmEngines


class CheckedTone(ToneEngine):
    def __init__(self, missing):
        self.missing, self.loaded = missing, False

    def load(self):
        self.loaded = True

    def check(self):
        if self.missing:
            raise EngineUnavailable(self.missing)


@pytest.mark.parametrize("missing", ["", "needs weights"])
def test_an_engine_that_would_not_load_is_not_offered(monkeypatch, missing):
    made = CheckedTone(missing)
    monkeypatch.setattr(engines, "installed_engines", lambda: {"tone": SimpleNamespace(make=lambda: made)})
    (told,) = WarmEngines().known()
    assert told["available"] is not bool(missing)
    assert told.get("why", "") == missing
    assert not made.loaded


def test_an_engine_whose_package_is_missing_is_not_offered(monkeypatch):
    def make():
        raise EngineUnavailable("cannot start")

    monkeypatch.setattr(engines, "installed_engines", lambda: {"x": SimpleNamespace(make=make)})
    assert WarmEngines().known() == [{"name": "x", "available": False, "why": "cannot start"}]

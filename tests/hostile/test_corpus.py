"""The corpus of `fuzz/` through every target, without a fuzzer: what was found once stays found."""

from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "fuzz"
NAMES = sorted(folder.name for folder in (FUZZ / "corpus").iterdir())


@pytest.fixture
def targets(monkeypatch):
    monkeypatch.syspath_prepend(str(FUZZ))
    import targets

    return targets.TARGETS


@pytest.mark.parametrize("name", NAMES)
def test_corpus(targets, name):
    for path in sorted((FUZZ / "corpus" / name).iterdir()):
        targets[name](path.read_bytes())


def test_every_target_has_a_corpus(targets):
    assert set(NAMES) == set(targets)
